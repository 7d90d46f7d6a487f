import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { LedgerUnavailable } from '../ledger.errors.js';
import type { LedgerSource, StoredEvent, StoredStream } from '../verification/ledger.source.js';
import { appliedMigrations } from './ledger-schema.js';
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
    if (appliedMigrations(handle, file).length === 0) throw noLedger(file);
    return sourceOn(handle, file);
  } catch (error) {
    handle?.close();
    throw ledgerErrorOf(error, file);
  }
}

function noLedger(file: string): LedgerUnavailable {
  return new LedgerUnavailable('ledger_unavailable', `there is no ledger in ${file}`);
}

function sourceOn(handle: Database.Database, file: string): LedgerSource {
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
    damage: () => read(() => damageOf(handle, INTEGRITY_CHECK_BYTES_MAX)),
    close: () => handle.close(),
  };
}

function storedEvent({ salt, address, userAgent, requestId, ...event }: EventRow): StoredEvent {
  return salt === null ? event : { ...event, origin: { salt, address, userAgent, requestId } };
}

/** What no walk over events and streams can see, each as one row when it is there. */
const queriesOfDamage = [
  `SELECT 'an event or an origin has a position below 0' WHERE
     (SELECT min(position) FROM events) < 0 OR (SELECT min(position) FROM origins) < 0`,
  `SELECT 'an origin belongs to no event' WHERE
     (SELECT max(position) FROM origins) > (SELECT coalesce(max(position), -1) FROM events)`,
  `SELECT 'a unique key names ' || stream_id || ', which does not exist' FROM directory_keys
     WHERE stream_id NOT IN (SELECT stream_id FROM streams) LIMIT 1`,
  `SELECT 'the trigger ' || column1 || ' is missing'
     FROM (VALUES ('events_refuse_update'), ('events_refuse_delete'), ('events_refuse_gap'))
     WHERE column1 NOT IN (SELECT name FROM sqlite_master WHERE type = 'trigger')`,
];

/**
 * SQLite reads a file of this size in about 100 ms, and no read of a live ledger may hold its
 * write-ahead log for longer. In a larger one the walk still sees each page that holds events.
 */
const INTEGRITY_CHECK_BYTES_MAX = 128 * 1024 * 1024;

function damageOf(handle: Database.Database, bytesMax: number): string[] {
  const bytes =
    Number(handle.pragma('page_count', { simple: true })) *
    Number(handle.pragma('page_size', { simple: true }));
  const pages =
    bytes > bytesMax ? [] : handle.prepare<[], string>('PRAGMA integrity_check(10)').pluck().all();
  const rows = queriesOfDamage.flatMap((query) => handle.prepare<[], string>(query).pluck().all());
  return [...pages.filter((text) => text !== 'ok').map((text) => `the database: ${text}`), ...rows];
}
