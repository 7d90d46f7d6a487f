import type Database from 'better-sqlite3';
import type { LogIdentity } from '../ledger-feed.port.js';

type Handle = Database.Database;

/** The prepared statements of the ledger on SQLite, made once for a handle. */
export type LedgerStatements = ReturnType<typeof prepareLedgerStatements>;

/** A row of `streams` in the order of its columns here. */
export type StreamColumns = [
  streamId: string,
  kind: string,
  projectId: string,
  version: number,
  lastPosition: number,
  digest: string,
  state: string,
];

/** A row of `events` in the order of its columns here. */
export type EventColumns = [
  position: number,
  streamId: string,
  streamVersion: number,
  previousPosition: number | null,
  type: string,
  appendedAt: number,
  body: string,
];

/** An event with its origin, whose columns are null when there is none. */
export type FeedColumns = [
  position: number,
  previousPosition: number | null,
  appendedAt: number,
  body: string,
  address: string | null,
  userAgent: string,
  requestId: string,
];

/** A row of `origins` in the order of its columns here. */
export type OriginColumns = [
  position: number,
  salt: string,
  address: string,
  userAgent: string,
  requestId: string,
];

/** What was erased is blank in its place, and no origin any more. */
export const ORIGIN_IS_KEPT = "substr(salt, 1, 1) <> ' '";

/** Of an event `e`, its origin as `o`. */
export const ORIGIN_OF_EVENT = `LEFT JOIN origins o ON o.position = e.position AND ${ORIGIN_IS_KEPT}`;

/** As long as before: then SQLite overwrites the row in its place. */
const BLANK_ORIGIN = `UPDATE origins SET ${['salt', 'address', 'user_agent', 'request_id']
  .map((column) => `${column} = printf('%*s', octet_length(${column}), '')`)
  .join(', ')} WHERE position = ?`;

const streamColumns = 'stream_id, kind, project_id, version, last_position, digest, state';
const eventColumns =
  'position, stream_id, stream_version, previous_position, type, appended_at, body';

const originColumns = 'position, salt, address, user_agent, request_id';

/** Positions in a JSON array, in its order: joined to a table, one statement looks all of them up. */
const ASKED = '(SELECT key AS place, value AS asked FROM json_each(?)) CROSS JOIN';

/** Prepares every statement that reads or writes the ledger. */
export function prepareLedgerStatements(handle: Handle) {
  const rows = <Parameters extends unknown[], Row>(
    sql: string,
  ): Database.Statement<Parameters, Row> => handle.prepare<Parameters, Row>(sql).raw();
  return {
    begin: handle.prepare('BEGIN IMMEDIATE'),
    beginRead: handle.prepare('BEGIN'),
    commit: handle.prepare('COMMIT'),
    rollback: handle.prepare('ROLLBACK'),
    logIdentity: handle.prepare<[], LogIdentity>(
      'SELECT origin, epoch FROM logs WHERE log_id = 0 ORDER BY epoch DESC LIMIT 1',
    ),
    insertLog: handle.prepare<[string, number]>(
      'INSERT INTO logs (log_id, origin, epoch, open) VALUES (0, ?, ?, 1)',
    ),
    lastEvent: rows<[], [position: number, appendedAt: number]>(
      'SELECT position, appended_at FROM events ORDER BY position DESC LIMIT 1',
    ),
    insertEvent: handle.prepare<EventColumns>(
      `INSERT INTO events (${eventColumns}) VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ),
    insertOrigin: handle.prepare<OriginColumns>(
      `INSERT INTO origins (${originColumns}) VALUES (?, ?, ?, ?, ?)`,
    ),
    blankOrigin: handle.prepare<[number]>(BLANK_ORIGIN),
    stream: rows<[string], StreamColumns>(
      `SELECT ${streamColumns} FROM streams WHERE stream_id = ?`,
    ),
    insertStream: handle.prepare<
      [string, string, string, string | null, string | null, number, number, string, string]
    >(
      `INSERT INTO streams
         (stream_id, kind, project_id, subject_id, client_id, version, last_position, digest, state)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    updateStream: handle.prepare<[number, number, string, string, string, number]>(
      `UPDATE streams SET version = ?, last_position = ?, digest = ?, state = ?
       WHERE stream_id = ? AND version = ?`,
    ),
    streamsBetween: rows<[string, string, number], StreamColumns>(
      `SELECT ${streamColumns} FROM streams
       WHERE stream_id > ? AND stream_id < ? ORDER BY stream_id DESC LIMIT ?`,
    ),
    streamOwners: rows<[string, number], [streamId: string, subjectId: string | null]>(
      'SELECT stream_id, subject_id FROM streams WHERE stream_id > ? ORDER BY stream_id LIMIT ?',
    ),
    dataVersion: rows<[], [version: number]>('PRAGMA data_version'),
    directoryVersion: rows<[], [version: number]>('SELECT version FROM directory_version'),
    growDirectoryVersion: handle.prepare('UPDATE directory_version SET version = version + 1'),
    directoryKey: rows<[string, string, string], [streamId: string]>(
      'SELECT stream_id FROM directory_keys WHERE project_id = ? AND key_kind = ? AND key = ?',
    ),
    insertDirectoryKey: handle.prepare<[string, string, string, string]>(
      'INSERT INTO directory_keys (project_id, key_kind, key, stream_id) VALUES (?, ?, ?, ?)',
    ),
    eventsAfter: rows<[number, number], EventColumns>(
      `SELECT ${eventColumns} FROM events WHERE position > ? ORDER BY position LIMIT ?`,
    ),
    feed: rows<[number, number], FeedColumns>(
      `SELECT e.position, previous_position, appended_at, body, address, user_agent, request_id
       FROM events e ${ORIGIN_OF_EVENT}
       WHERE e.position > ? ORDER BY e.position LIMIT ?`,
    ),
    ...prepareLookups(rows),
  };
}

type PrepareRows = <Parameters extends unknown[], Row>(
  sql: string,
) => Database.Statement<Parameters, Row>;

/** Prepares what finds events and origins by their positions. */
function prepareLookups(rows: PrepareRows) {
  return {
    event: rows<[number], EventColumns>(`SELECT ${eventColumns} FROM events WHERE position = ?`),
    eventsAt: rows<[positions: string], EventColumns>(
      `SELECT ${eventColumns} FROM ${ASKED} events ON position = asked ORDER BY place`,
    ),
    origin: rows<[number], OriginColumns>(
      `SELECT ${originColumns} FROM origins WHERE position = ? AND ${ORIGIN_IS_KEPT}`,
    ),
    originsAt: rows<[positions: string], OriginColumns>(
      `SELECT ${originColumns} FROM ${ASKED} origins ON position = asked WHERE ${ORIGIN_IS_KEPT}`,
    ),
  };
}
