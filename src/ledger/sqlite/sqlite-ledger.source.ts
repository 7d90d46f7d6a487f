import Database from 'better-sqlite3';
import type { StreamId, StreamKind } from '../../domain/identifiers.js';
import type { LedgerSource, StoredEvent, StoredStream } from '../verification/ledger.source.js';
import { ledgerErrorOf } from './sqlite-errors.js';
import { PAGE_ROWS_MAX } from './sqlite-event.reader.js';

type EventRow = Omit<StoredEvent, 'origin'> & {
  salt: string | null;
  address: string;
  userAgent: string;
  requestId: string;
};

/** Opens a ledger file for verification: read-only, beside a server that may be running. */
export function openSqliteSource(file: string): LedgerSource {
  try {
    return sourceOn(new Database(file, { readonly: true, fileMustExist: true, timeout: 5000 }));
  } catch (error) {
    throw ledgerErrorOf(error, file);
  }
}

function sourceOn(handle: Database.Database): LedgerSource {
  const events = handle.prepare<[number], EventRow>(
    `SELECT e.position, stream_id AS streamId, stream_version AS streamVersion,
       previous_position AS previousPosition, type, appended_at AS appendedAt, body,
       salt, address, user_agent AS userAgent, request_id AS requestId
     FROM events e LEFT JOIN origins o ON o.position = e.position
     WHERE e.position > ? ORDER BY e.position LIMIT ${PAGE_ROWS_MAX}`,
  );
  const streams = handle.prepare<[string], StoredStream>(
    `SELECT stream_id AS streamId, kind, project_id AS project, subject_id AS subjectId,
       client_id AS clientId, version, last_position AS lastPosition, state
     FROM streams WHERE stream_id > ? ORDER BY stream_id LIMIT ${PAGE_ROWS_MAX}`,
  );
  const counts = handle.prepare<[], { events: number; streams: number }>(
    `SELECT (SELECT coalesce(max(position) + 1, 0) FROM events) AS events,
       (SELECT count(*) FROM streams) AS streams`,
  );
  return {
    counts: () => counts.get() ?? { events: 0, streams: 0 },
    events: (after) => events.all(after).map(storedEvent),
    streams: (after) =>
      streams.all(after).map((row) => ({
        ...row,
        streamId: row.streamId as StreamId,
        kind: row.kind as StreamKind,
      })),
    damage: () => damageOf(handle),
    close: () => handle.close(),
  };
}

function storedEvent({ salt, address, userAgent, requestId, ...event }: EventRow): StoredEvent {
  return salt === null ? event : { ...event, origin: { salt, address, userAgent, requestId } };
}

function damageOf(handle: Database.Database): string[] {
  const rows = handle.pragma('integrity_check(10)') as { integrity_check: string }[];
  return rows.map((row) => row.integrity_check).filter((text) => text !== 'ok');
}
