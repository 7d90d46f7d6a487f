import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { LedgerUnavailable } from '../ledger.errors.js';
import type {
  LedgerSource,
  StoredEvent,
  StoredKey,
  StoredStream,
} from '../verification/ledger.source.js';
import { appliedMigrations, schemaFaults } from './ledger-schema.js';
import { ledgerErrorOf } from './sqlite-errors.js';
import { PAGE_ROWS_MAX } from './sqlite-event.reader.js';

type EventRow = Omit<StoredEvent, 'origin'> & {
  salt: string | null;
  address: string;
  userAgent: string;
  requestId: string;
};

/**
 * Opens a ledger file for verification: read-only, beside a server that may be running. Throws a
 * LedgerError when it is not there, no ledger, or newer than we are.
 */
export function openSqliteSource(file: string): LedgerSource {
  if (!existsSync(file)) throw noLedger(file);
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
  const events = handle.prepare<[number, number], EventRow>(
    `SELECT e.position, stream_id AS streamId, stream_version AS streamVersion,
       previous_position AS previousPosition, type, appended_at AS appendedAt, body,
       salt, address, user_agent AS userAgent, request_id AS requestId
     FROM events e LEFT JOIN origins o ON o.position = e.position
     WHERE e.position > ? ORDER BY e.position LIMIT ?`,
  );
  const streams = handle.prepare<[string], StoredStream>(
    `SELECT stream_id AS streamId, kind, project_id AS project, subject_id AS subjectId,
       client_id AS clientId, version, last_position AS lastPosition, digest, state
     FROM streams WHERE stream_id > ? ORDER BY stream_id LIMIT ${PAGE_ROWS_MAX}`,
  );
  const keys = handle.prepare<[string, string, string], StoredKey>(
    `SELECT k.project_id AS project, key_kind AS keyKind, key, k.stream_id AS streamId,
       last_position AS lastPosition
     FROM directory_keys k LEFT JOIN streams s ON s.stream_id = k.stream_id
     WHERE (k.project_id, key_kind, key) > (?, ?, ?)
     ORDER BY k.project_id, key_kind, key LIMIT ${PAGE_ROWS_MAX}`,
  );
  const rowsOfDamage = queriesOfDamage.map((query) => handle.prepare<[], string>(query).pluck());
  const counts = handle.prepare<[], { events: number; streams: number }>(
    `SELECT (SELECT coalesce(max(position) + 1, 0) FROM events) AS events,
       (SELECT count(*) FROM streams) AS streams`,
  );
  const read = <Result>(query: () => Result): Result => {
    try {
      return query();
    } catch (error) {
      throw ledgerErrorOf(error, file);
    }
  };
  return {
    counts: () => read(() => counts.get() ?? { events: 0, streams: 0 }),
    events: (after, limit = PAGE_ROWS_MAX) =>
      read(() => events.all(after, Math.min(limit, PAGE_ROWS_MAX)).map(storedEvent)),
    streams: (after) => read(() => streams.all(after)),
    keys: (after) =>
      read(() => keys.all(after?.project ?? '', after?.keyKind ?? '', after?.key ?? '')),
    damage: () =>
      read(() => [
        ...damagedPages(handle, INTEGRITY_CHECK_BYTES_MAX),
        ...schemaFaults(handle, applied),
        ...rowsOfDamage.flatMap((query) => query.all()),
      ]),
    close: () => handle.close(),
  };
}

function storedEvent({ salt, address, userAgent, requestId, ...event }: EventRow): StoredEvent {
  return salt === null ? event : { ...event, origin: { salt, address, userAgent, requestId } };
}

/** What no walk over events, streams and keys can see, each as one row when it is there. */
const queriesOfDamage = [
  `SELECT 'an event or an origin has a position below 0' WHERE
     (SELECT min(position) FROM events) < 0 OR (SELECT min(position) FROM origins) < 0`,
  `SELECT 'an origin belongs to no event' WHERE
     (SELECT max(position) FROM origins) > (SELECT coalesce(max(position), -1) FROM events)`,
  "SELECT 'a stream has no id' FROM streams WHERE stream_id = '' LIMIT 1",
  "SELECT 'a unique key has no project' FROM directory_keys WHERE project_id = '' LIMIT 1",
  `SELECT 'logs is not the one row of log 0' WHERE
     (SELECT group_concat(log_id) FROM logs) IS NOT '0'`,
  `SELECT 'the epoch of the log is ' || epoch || ', and by its events 0' FROM logs
     WHERE log_id = 0 AND epoch <> 0`,
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
