import { existsSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import type { Instant, Position } from '../../domain/identifiers.js';
import { LedgerUnavailable } from '../ledger.errors.js';
import type {
  LedgerSource,
  SequenceRow,
  StoredCheckpoint,
  StoredEvent,
  StoredKey,
  StoredLog,
  StoredLogRow,
  StoredStream,
  StreamPartition,
} from '../verification/ledger.source.js';
import { appliedMigrations, schemaFaults } from './ledger-schema.js';
import { ORIGIN_OF_EVENT } from './ledger-statements.js';
import { ledgerErrorOf } from './sqlite-errors.js';
import { PAGE_ROWS_MAX } from '../stored-rows.js';

type EventRow = readonly [
  position: Position,
  streamId: string,
  streamVersion: number,
  previousPosition: Position | null,
  type: string,
  appendedAt: Instant,
  body: string,
  salt: string | null,
  address: string,
  userAgent: string,
  requestId: string,
];

const EVENTS = `SELECT e.position, stream_id, stream_version, previous_position, type, appended_at, body,
    salt, address, user_agent, request_id
  FROM events e ${ORIGIN_OF_EVENT}`;

/**
 * Whether a stream is of part :index of :count. SQLite answers it, so that rows of other parts are
 * never made in JavaScript; it is asked of every row in every part, so no more characters are looked at
 * than it takes to make parts alike. The last one is not: in base64url it may have four values only.
 */
const isOfPart = (streamId: string): string =>
  `(:count = 1 OR (${character(streamId, 2)} + 31 * ${character(streamId, 3)} +
    CASE WHEN :count > 8 THEN 961 * ${character(streamId, 4)} ELSE 0 END) % :count = :index)`;

const character = (text: string, fromEnd: number): string =>
  `coalesce(unicode(substr(${text}, -${fromEnd})), 0)`;

/**
 * Opens a ledger file for verification: read-only, beside a server that may be running. Throws a
 * LedgerError when it is not there, no ledger, or newer than we are.
 */
export function openSqliteSource(file: string): LedgerSource {
  if (!existsSync(file)) throw noLedger(file);
  if (statSync(file).isDirectory()) {
    throw new LedgerUnavailable('ledger_unavailable', `${file} is a directory`);
  }
  let handle: Database.Database | undefined;
  try {
    handle = new Database(file, { readonly: true, fileMustExist: true, timeout: 5000 });
    const applied = appliedMigrations(handle, file);
    if (applied.length === 0) throw noLedger(file);
    return sourceOn(handle, file, applied);
  } catch (error) {
    handle?.close();
    throw ledgerErrorOf(error, file);
  }
}

function noLedger(file: string): LedgerUnavailable {
  return new LedgerUnavailable('ledger_unavailable', `there is no ledger in ${file}`);
}

function sourceOn(
  handle: Database.Database,
  file: string,
  applied: readonly string[],
): LedgerSource {
  const reads = { ...prepareReads(handle), ...prepareSealReads(handle) };
  const rowsOfDamage = queriesOfDamage.map((query) => handle.prepare<[], string>(query).pluck());
  const read = async <Result>(query: () => Result): Promise<Result> => {
    try {
      return query();
    } catch (error) {
      throw ledgerErrorOf(error, file);
    }
  };
  const log = handle.transaction(() => ({
    rows: reads.logRows.all(),
    events: reads.logEvents.all(),
  }));
  return {
    counts: () => read(() => reads.counts.get() ?? { events: 0, streams: 0 }),
    positionFrom: (position) => read(() => reads.positionFrom.get(position)),
    sequenceBefore: (position) => read(() => reads.sequenceBefore.get(position)),
    event: (position) =>
      read(() => {
        const row = reads.event.get(position);
        return row && storedEvent(row);
      }),
    sequence: (after, upTo) => read(() => reads.sequence.all(after, upTo)),
    events: (after, upTo, part) =>
      read(() => reads.events.all({ after, upTo, ...part }).map(storedEvent)),
    streams: (after, part) => read(() => reads.streams.all({ after, ...part })),
    keys: (after, part) =>
      read(() => {
        const { project = '', keyKind = '', key = '' } = after ?? {};
        return reads.keys.all({ project, keyKind, key, ...part });
      }),
    bodies: (from, limit) => read(() => reads.bodies.all(from, Math.min(limit, PAGE_ROWS_MAX))),
    fullTile: (level, index) => read(() => reads.fullTile.get(level, index)),
    log: () => read(() => log()),
    sealedEpochs: () => read(() => reads.sealedEpochs.all()),
    tileLevels: () => read(() => reads.tileLevels.all()),
    newestSize: (epoch, sizeMax) => read(() => reads.newestSize.get(epoch, sizeMax) ?? 0),
    checkpoint: (epoch, size) => read(() => reads.checkpoint.get(epoch, size)),
    checkpoints: (epoch, after, upTo) => read(() => reads.checkpoints.all(epoch, after, upTo)),
    damage: () =>
      read(() => [
        ...damagedPages(handle, INTEGRITY_CHECK_BYTES_MAX),
        ...schemaFaults(handle, applied),
        ...rowsOfDamage.flatMap((query) => query.all()),
      ]),
    close: async () => void handle.close(),
  };
}

function prepareReads(handle: Database.Database) {
  const one = <Result>(query: string) => handle.prepare<[number], Result>(query).pluck();
  return {
    counts: handle.prepare<[], { events: number; streams: number }>(
      `SELECT (SELECT coalesce(max(position) + 1, 0) FROM events) AS events,
         (SELECT count(*) FROM streams) AS streams`,
    ),
    positionFrom: one<Position>(
      'SELECT position FROM events WHERE position >= ? ORDER BY position LIMIT 1',
    ),
    sequenceBefore: handle
      .prepare<[number], SequenceRow>(
        `SELECT position, appended_at FROM events WHERE position < ? AND log_id = 0
         ORDER BY position DESC LIMIT 1`,
      )
      .raw(),
    event: handle.prepare<[number], EventRow>(`${EVENTS} WHERE e.position = ?`).raw(),
    sequence: handle
      .prepare<[number, number], SequenceRow>(
        `SELECT position, appended_at FROM events
         WHERE position > ? AND position <= ? AND log_id = 0 ORDER BY position`,
      )
      .raw(),
    events: handle
      .prepare<[{ after: number; upTo: number } & StreamPartition], EventRow>(
        `${EVENTS} WHERE e.position > :after AND e.position <= :upTo AND ${isOfPart('stream_id')}
         ORDER BY e.position`,
      )
      .raw(),
    streams: handle.prepare<[{ after: string } & StreamPartition], StoredStream>(
      `SELECT stream_id AS streamId, kind, project_id AS project, subject_id AS subjectId,
         client_id AS clientId, version, last_position AS lastPosition, digest, state, log_id AS logId
       FROM streams WHERE stream_id > :after AND ${isOfPart('stream_id')}
       ORDER BY stream_id LIMIT ${PAGE_ROWS_MAX}`,
    ),
    keys: handle.prepare<
      [{ project: string; keyKind: string; key: string } & StreamPartition],
      StoredKey
    >(
      `SELECT k.project_id AS project, key_kind AS keyKind, key, k.stream_id AS streamId,
         last_position AS lastPosition, ${isOfPart('k.stream_id')} AS isOfPart
       FROM directory_keys k LEFT JOIN streams s ON s.stream_id = k.stream_id
       WHERE (k.project_id, key_kind, key) > (:project, :keyKind, :key)
       ORDER BY k.project_id, key_kind, key LIMIT ${PAGE_ROWS_MAX}`,
    ),
  };
}

const CHECKPOINTS = 'SELECT size, root, note, sealed_at AS sealedAt FROM checkpoints';

/** The different values of a column that follows log_id in the key, found without reading each row. */
const distinct = (column: string, table: string): string =>
  `found(${column}) AS (
     SELECT min(${column}) FROM ${table} WHERE log_id = 0
     UNION ALL
     SELECT (SELECT min(${column}) FROM ${table} WHERE log_id = 0 AND ${column} > found.${column})
     FROM found WHERE ${column} IS NOT NULL)`;

/** What was sealed. */
function prepareSealReads(handle: Database.Database) {
  return {
    bodies: handle
      .prepare<[number, number], string>(
        'SELECT body FROM events WHERE position >= ? ORDER BY position LIMIT ?',
      )
      .pluck(),
    fullTile: handle
      .prepare<[number, number], Buffer>(
        'SELECT hashes FROM tiles WHERE log_id = 0 AND level = ? AND tile_index = ?',
      )
      .pluck(),
    logRows: handle.prepare<[], StoredLogRow>(
      'SELECT epoch, origin, open FROM logs WHERE log_id = 0 ORDER BY epoch',
    ),
    logEvents: handle.prepare<[], StoredLog['events'][number]>(
      `WITH RECURSIVE chain AS (
         SELECT position, previous_position, body FROM events WHERE position =
           (SELECT last_position FROM streams WHERE stream_id = 'log:0') AND stream_id = 'log:0'
         UNION ALL
         SELECT e.position, e.previous_position, e.body FROM chain c JOIN events e
           ON e.position = c.previous_position AND e.position < c.position
         WHERE e.stream_id = 'log:0')
       SELECT position, body FROM chain ORDER BY position`,
    ),
    sealedEpochs: handle.prepare<[], Awaited<ReturnType<LedgerSource['sealedEpochs']>>[number]>(
      `WITH RECURSIVE ${distinct('epoch', 'checkpoints')}
       SELECT epoch, (SELECT min(size) FROM checkpoints WHERE log_id = 0 AND epoch = found.epoch)
         AS sizeMin, (SELECT max(size) FROM checkpoints WHERE log_id = 0 AND epoch = found.epoch)
         AS sizeMax FROM found WHERE epoch IS NOT NULL`,
    ),
    tileLevels: handle.prepare<[], Awaited<ReturnType<LedgerSource['tileLevels']>>[number]>(
      `WITH RECURSIVE ${distinct('level', 'tiles')}
       SELECT level, (SELECT min(tile_index) FROM tiles WHERE log_id = 0 AND level = found.level)
         AS indexMin, (SELECT max(tile_index) FROM tiles WHERE log_id = 0 AND level = found.level)
         AS indexMax FROM found WHERE level IS NOT NULL`,
    ),
    newestSize: handle
      .prepare<[number, number], number>(
        'SELECT max(size) FROM checkpoints WHERE log_id = 0 AND epoch = ? AND size <= ?',
      )
      .pluck(),
    checkpoint: handle.prepare<[number, number], StoredCheckpoint>(
      `${CHECKPOINTS} WHERE log_id = 0 AND epoch = ? AND size = ?`,
    ),
    checkpoints: handle.prepare<[number, number, number], StoredCheckpoint>(
      `${CHECKPOINTS} WHERE log_id = 0 AND epoch = ? AND size > ? AND size <= ?
       ORDER BY size LIMIT ${PAGE_ROWS_MAX}`,
    ),
  };
}

/** By places: to take a row apart costs as much as to read it. */
function storedEvent(row: EventRow): StoredEvent {
  const salt = row[7];
  return {
    position: row[0],
    streamId: row[1],
    streamVersion: row[2],
    previousPosition: row[3],
    type: row[4],
    appendedAt: row[5],
    body: row[6],
    origin:
      salt === null ? undefined : { salt, address: row[8], userAgent: row[9], requestId: row[10] },
  };
}

/** What no walk over events, streams and keys can see, each as one row when it is there. */
const queriesOfDamage = [
  `SELECT 'an event or an origin has a position below 0' WHERE
     (SELECT min(position) FROM events) < 0 OR (SELECT min(position) FROM origins) < 0`,
  `SELECT 'an origin belongs to no event' WHERE
     (SELECT max(position) FROM origins) > (SELECT coalesce(max(position), -1) FROM events)`,
  "SELECT 'a stream has no id' FROM streams WHERE stream_id = '' LIMIT 1",
  "SELECT 'a unique key has no project' FROM directory_keys WHERE project_id = '' LIMIT 1",
  `SELECT 'logs is not of log 0 alone' WHERE
     (SELECT group_concat(DISTINCT log_id) FROM logs) IS NOT '0'`,
  `SELECT 'a checkpoint or a tile is of another log' WHERE
     (SELECT min(log_id) FROM checkpoints) <> 0 OR (SELECT max(log_id) FROM checkpoints) <> 0 OR
     (SELECT min(log_id) FROM tiles) <> 0 OR (SELECT max(log_id) FROM tiles) <> 0`,
  `SELECT 'directory_version is not one row' WHERE
     (SELECT count(*) FROM directory_version) <> 1`,
];

/**
 * SQLite reads a file of this size in about 100 ms, and no read of a live ledger may hold its
 * write-ahead log for longer. In a larger one the walk still sees each page that holds events.
 */
const INTEGRITY_CHECK_BYTES_MAX = 128 * 1024 * 1024;

function damagedPages(handle: Database.Database, bytesMax: number): string[] {
  const bytes =
    Number(handle.pragma('page_count', { simple: true })) *
    Number(handle.pragma('page_size', { simple: true }));
  if (bytes > bytesMax) return [];
  const pages = handle.prepare<[], string>('PRAGMA integrity_check(10)').pluck().all();
  return pages.filter((text) => text !== 'ok').map((text) => `the database: ${text}`);
}
