import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import type { Position } from '../../domain/identifiers.js';
import type { LogIdentity } from '../ledger-feed.port.js';
import { LedgerCorrupted, LedgerUnavailable } from '../ledger.errors.js';
import type { SealedCheckpoint } from '../seals.port.js';
import type { StoredEvent, StoredStream } from '../verification/ledger.source.js';
import { openLedgerHandle } from '../sqlite/ledger-handle.js';
import { ledgerErrorOf } from '../sqlite/sqlite-errors.js';
import { PAGE_ROWS_MAX } from '../stored-rows.js';
import { type CheckpointRow, sealedCheckpointOf } from './note-checkpoint.js';
import type { NewSeal, SealStore } from './seal-store.port.js';

/** How long a seal or a read waits for another writer, in milliseconds; nobody waits for a seal. */
const TIMEOUT = 2000;

const CHECKPOINT = `SELECT epoch, size, root, note, sealed_at AS sealedAt FROM checkpoints
  WHERE log_id = 0`;

/** Opens what was sealed of a ledger to add to it, on a handle of its own. Throws a LedgerError. */
export function openSealStore(file: string): SqliteSealStore {
  try {
    const handle = openLedgerHandle(file);
    handle.pragma(`busy_timeout = ${TIMEOUT}`);
    return new SqliteSealStore(handle, file);
  } catch (error) {
    throw ledgerErrorOf(error, file);
  }
}

/** Opens what was sealed of a ledger, for reading only. Throws a LedgerError. */
export function openSealReads(file: string): SqliteSealStore {
  if (!existsSync(file)) {
    throw new LedgerUnavailable('ledger_unavailable', `there is no ledger in ${file}`);
  }
  try {
    const handle = new Database(file, { readonly: true, fileMustExist: true, timeout: TIMEOUT });
    return new SqliteSealStore(handle, file);
  } catch (error) {
    throw ledgerErrorOf(error, file);
  }
}

/** What was sealed, in the ledger's own file. */
export class SqliteSealStore implements SealStore {
  private readonly statements: ReturnType<typeof prepareStatements>;

  constructor(
    private readonly handle: Database.Database,
    private readonly file: string,
  ) {
    this.statements = prepareStatements(handle);
  }

  async log(): Promise<LogIdentity> {
    return this.reading(() => {
      const log = this.statements.log.get();
      if (log === undefined) throw new LedgerCorrupted('the log has no row');
      return log;
    });
  }

  async eventCount(): Promise<number> {
    return this.reading(() => this.statements.eventCount.get() ?? 0);
  }

  async bodies(from: Position, limit: number): Promise<readonly string[]> {
    const rowsMax = Math.min(limit, PAGE_ROWS_MAX);
    return this.reading(() => this.statements.bodies.all(from, rowsMax));
  }

  async fullTile(level: number, index: number): Promise<Buffer | undefined> {
    return this.reading(() => this.statements.tile.get(level, index));
  }

  async newestCheckpoint(): Promise<SealedCheckpoint | undefined> {
    return this.reading(() => sealedOf(this.statements.newest.get()));
  }

  async checkpointAbove(epoch: number, size: number): Promise<SealedCheckpoint | undefined> {
    return this.reading(() => sealedOf(this.statements.above.get(epoch, size)));
  }

  async streams(streamIds: readonly string[]): Promise<ReadonlyMap<string, StoredStream>> {
    return this.reading(() => {
      const rows = streamIds.map((streamId) => this.statements.stream.get(streamId));
      return new Map(rows.flatMap((row) => (row === undefined ? [] : [[row.streamId, row]])));
    });
  }

  async events(from: Position, limit: number): Promise<readonly StoredEvent[]> {
    const rowsMax = Math.min(limit, PAGE_ROWS_MAX);
    return this.reading(() => this.statements.events.all(from, rowsMax));
  }

  async append(
    base: SealedCheckpoint | undefined,
    { tiles, checkpoint }: NewSeal,
  ): Promise<boolean> {
    return this.reading(() => {
      this.handle.exec('BEGIN IMMEDIATE');
      try {
        const newest = this.statements.newest.get();
        const isSame = newest?.epoch === base?.epoch && newest?.size === base?.size;
        if (!isSame || this.statements.log.get()?.epoch !== checkpoint.epoch) return false;
        for (const { level, index, hashes } of tiles) {
          this.statements.insertTile.run(level, index, hashes);
        }
        const { epoch, size, root, note, sealedAt } = checkpoint;
        this.statements.insertCheckpoint.run(epoch, size, root, note, sealedAt);
        this.handle.exec('COMMIT');
        return true;
      } finally {
        if (this.handle.inTransaction) this.handle.exec('ROLLBACK');
      }
    });
  }

  async close(): Promise<void> {
    this.handle.close();
  }

  private reading<Result>(read: () => Result): Result {
    try {
      return read();
    } catch (error) {
      throw ledgerErrorOf(error, this.file);
    }
  }
}

function prepareStatements(handle: Database.Database) {
  return {
    log: handle.prepare<[], LogIdentity>(
      'SELECT origin, epoch FROM logs WHERE log_id = 0 ORDER BY epoch DESC LIMIT 1',
    ),
    eventCount: handle
      .prepare<[], number>('SELECT coalesce(max(position), -1) + 1 FROM events')
      .pluck(),
    bodies: handle
      .prepare<[number, number], string>(
        'SELECT body FROM events WHERE position >= ? ORDER BY position LIMIT ?',
      )
      .pluck(),
    tile: handle
      .prepare<[number, number], Buffer>(
        'SELECT hashes FROM tiles WHERE log_id = 0 AND level = ? AND tile_index = ?',
      )
      .pluck(),
    newest: handle.prepare<[], CheckpointRow>(
      `${CHECKPOINT} ORDER BY epoch DESC, size DESC LIMIT 1`,
    ),
    above: handle.prepare<[number, number], CheckpointRow>(
      `${CHECKPOINT} AND epoch = ? AND size > ? ORDER BY size LIMIT 1`,
    ),
    stream: handle.prepare<[string], StoredStream>(
      `SELECT stream_id AS streamId, kind, project_id AS project, subject_id AS subjectId,
         client_id AS clientId, version, last_position AS lastPosition, digest, state
       FROM streams WHERE stream_id = ?`,
    ),
    events: handle.prepare<[number, number], StoredEvent>(
      `SELECT position, stream_id AS streamId, stream_version AS streamVersion,
         previous_position AS previousPosition, type, appended_at AS appendedAt, body
       FROM events WHERE position >= ? ORDER BY position LIMIT ?`,
    ),
    insertTile: handle.prepare<[number, number, Buffer]>(
      'INSERT INTO tiles (level, tile_index, hashes) VALUES (?, ?, ?)',
    ),
    insertCheckpoint: handle.prepare<[number, number, Buffer, string, number]>(
      'INSERT INTO checkpoints (epoch, size, root, note, sealed_at) VALUES (?, ?, ?, ?, ?)',
    ),
  };
}

function sealedOf(row: CheckpointRow | undefined): SealedCheckpoint | undefined {
  return row && sealedCheckpointOf(row);
}
