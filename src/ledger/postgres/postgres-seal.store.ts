import { newUuid } from '../../config/random-identifiers.js';
import type { Position } from '../../domain/identifiers.js';
import type { LogIdentity } from '../ledger-feed.port.js';
import { type CheckpointRow, sealedCheckpointOf } from '../sealing/note-checkpoint.js';
import { PAGE_ROWS_MAX } from '../stored-rows.js';
import type { NewSeal, SealStore } from '../sealing/seal-store.port.js';
import type { SealedCheckpoint } from '../seals.port.js';
import type { StoredEvent, StoredStream } from '../verification/ledger.source.js';
import { type NamedStatement, PostgresConnections } from './postgres-connection.js';
import { PostgresEventReader } from './postgres-event.reader.js';
import { PostgresLease } from './postgres-lease.js';
import { STORED_STREAM, type StoredStreamColumns, storedStreamOf } from './stored-stream.js';

/** One that seals and one that answers meanwhile. */
const CONNECTIONS_MAX = 2;

const statement = (name: string, text: string): NamedStatement => ({ name: `seals.${name}`, text });

const CHECKPOINT = `SELECT epoch, size, root, note, sealed_at FROM ledger.checkpoints
  WHERE log_id = 0`;

const BODIES = statement(
  'bodies',
  `SELECT body FROM ledger.events WHERE log_id = 0 AND position >= $1 AND position < $1 + $2
   ORDER BY position`,
);
const TILE = statement(
  'tile',
  'SELECT hashes FROM ledger.tiles WHERE log_id = 0 AND level = $1 AND tile_index = $2',
);
const NEWEST = statement('newest', `${CHECKPOINT} ORDER BY epoch DESC, size DESC LIMIT 1`);
const ABOVE = statement(
  'above',
  `${CHECKPOINT} AND epoch = $1 AND size > $2 ORDER BY size LIMIT 1`,
);
const STREAMS = statement(
  'streams',
  `SELECT ${STORED_STREAM} FROM ledger.streams WHERE log_id = 0 AND stream_id = ANY ($1)`,
);
const EVENTS = statement(
  'events',
  `SELECT position, stream_id, stream_version, previous_position, type, appended_at, body
   FROM ledger.events WHERE log_id = 0 AND position >= $1 AND position < $1 + $2
   ORDER BY position`,
);
const SEAL = statement('seal', 'SELECT ledger.seal(0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10)');

type CheckpointColumns = readonly [
  epoch: number,
  size: number,
  root: Buffer,
  note: string,
  sealedAt: number,
];

type EventColumns = readonly [
  position: number,
  streamId: string,
  streamVersion: number,
  previousPosition: number | null,
  type: string,
  appendedAt: number,
  body: string,
];

/** The node that seals is another one this long after it died, in intervals of sealing. */
const LEASE_INTERVALS = 2;
/** A lease ends no sooner than this, in milliseconds. */
const LEASE_MIN = 3000;

/** Opens what was sealed to add to it, and the lease that nodes take turns by. */
export function openPostgresSealing(
  url: string,
  interval: number,
): { readonly store: PostgresSealStore; readonly lease: PostgresLease } {
  const connections = new PostgresConnections(url, CONNECTIONS_MAX);
  const duration = Math.max(LEASE_MIN, LEASE_INTERVALS * interval);
  const lease = new PostgresLease(connections, 'sealing', newUuid(), duration);
  return { store: new PostgresSealStore(connections), lease };
}

/** Opens what was sealed of a ledger on PostgreSQL; connections are made when they are needed. */
export function openPostgresSeals(url: string): PostgresSealStore {
  return new PostgresSealStore(new PostgresConnections(url, CONNECTIONS_MAX));
}

/** What was sealed, in the ledger's own database. */
export class PostgresSealStore implements SealStore {
  private readonly reader: PostgresEventReader;

  constructor(private readonly connections: PostgresConnections) {
    this.reader = new PostgresEventReader(connections);
  }

  log(): Promise<LogIdentity> {
    return this.reader.log();
  }

  eventCount(): Promise<number> {
    return this.reader.size();
  }

  async bodies(from: Position, limit: number): Promise<readonly string[]> {
    const values = [from, Math.min(limit, PAGE_ROWS_MAX)];
    const rows = await this.connections.rows<readonly [body: string]>(BODIES, values);
    return rows.map(([body]) => body);
  }

  async fullTile(level: number, index: number): Promise<Buffer | undefined> {
    return (await this.first<readonly [hashes: Buffer]>(TILE, [level, index]))?.[0];
  }

  async newestCheckpoint(): Promise<SealedCheckpoint | undefined> {
    return sealedOf(await this.first<CheckpointColumns>(NEWEST));
  }

  async checkpointAbove(epoch: number, size: number): Promise<SealedCheckpoint | undefined> {
    return sealedOf(await this.first<CheckpointColumns>(ABOVE, [epoch, size]));
  }

  async streams(streamIds: readonly string[]): Promise<ReadonlyMap<string, StoredStream>> {
    const rows = await this.connections.rows<StoredStreamColumns>(STREAMS, [streamIds]);
    return new Map(rows.map((row) => [row[0], storedStreamOf(row)]));
  }

  async events(from: Position, limit: number): Promise<readonly StoredEvent[]> {
    const values = [from, Math.min(limit, PAGE_ROWS_MAX)];
    return (await this.connections.rows<EventColumns>(EVENTS, values)).map(eventOf);
  }

  async append(
    base: SealedCheckpoint | undefined,
    { tiles, checkpoint }: NewSeal,
  ): Promise<boolean> {
    const { epoch, size, root, note, sealedAt } = checkpoint;
    const row = await this.first<readonly [isAppended: boolean]>(SEAL, [
      base?.epoch,
      base?.size,
      tiles.map(({ level }) => level),
      tiles.map(({ index }) => index),
      tiles.map(({ hashes }) => hashes),
      epoch,
      size,
      root,
      note,
      sealedAt,
    ]);
    return row?.[0] === true;
  }

  close(): Promise<void> {
    return this.connections.close();
  }

  private async first<Row extends readonly unknown[]>(
    wanted: NamedStatement,
    values: readonly unknown[] = [],
  ): Promise<Row | undefined> {
    const [row] = await this.connections.rows<Row>(wanted, values);
    return row;
  }
}

function sealedOf(row: CheckpointColumns | undefined): SealedCheckpoint | undefined {
  if (row === undefined) return undefined;
  const [epoch, size, root, note, sealedAt] = row;
  return sealedCheckpointOf({ epoch, size, root, note, sealedAt } satisfies CheckpointRow);
}

function eventOf(row: EventColumns): StoredEvent {
  const [position, streamId, streamVersion, previousPosition, type, appendedAt, body] = row;
  return { position, streamId, streamVersion, previousPosition, type, appendedAt, body };
}
