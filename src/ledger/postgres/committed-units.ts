import { setTimeout as wait } from 'node:timers/promises';
import type { StreamId } from '../../domain/identifiers.js';
import { LedgerUnavailable } from '../ledger.errors.js';
import type { SentEvent } from './append-call.js';
import type { Backend, NamedStatement, PostgresConnections } from './postgres-connection.js';

/** How long it is tried to find out what became of an append, and how often. In milliseconds. */
const PATIENCE = 10_000;
const PAUSE = 100;

/**
 * Ends the backend and waits until it is gone: what it has not committed by then, it never does. Its
 * name says that it is one of ours, should its number be another's by now.
 */
const END_BACKEND: NamedStatement = {
  name: 'ledger.end-backend',
  text: `SELECT pg_terminate_backend(pid, 4000) FROM pg_stat_activity
    WHERE pid = $1 AND application_name = $2`,
};

/** The events at these versions of these streams, found along their chains. */
const EVENTS_OF_VERSIONS: NamedStatement = {
  name: 'ledger.events-of-versions',
  text: `WITH RECURSIVE chain AS (
      SELECT w.version, e.stream_id, e.stream_version, e.previous_position, e.body
      FROM unnest($1::text[], $2::integer[]) AS w (stream_id, version)
      JOIN ledger.streams s ON s.log_id = 0 AND s.stream_id = w.stream_id
      JOIN ledger.events e ON e.log_id = 0 AND e.position = s.last_position
      UNION ALL
      SELECT c.version, e.stream_id, e.stream_version, e.previous_position, e.body
      FROM chain c JOIN ledger.events e ON e.log_id = 0 AND e.position = c.previous_position
      WHERE c.stream_version > c.version)
    SELECT stream_id, body FROM chain WHERE stream_version = version`,
};

/**
 * The units of an append that were committed, though nobody said so: those whose first event stands
 * where it was sent to, to the byte. Throws LedgerUnavailable when that cannot be found out in time.
 */
export async function committedUnits(
  connections: PostgresConnections,
  backend: Backend,
  firstEvents: readonly SentEvent[],
): Promise<ReadonlySet<number>> {
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    try {
      return await findUnits(connections, backend, firstEvents);
    } catch (error) {
      if (!(error instanceof LedgerUnavailable) || performance.now() + PAUSE > deadline)
        throw error;
      await wait(PAUSE);
    }
  }
}

async function findUnits(
  connections: PostgresConnections,
  { processId, applicationName }: Backend,
  firstEvents: readonly SentEvent[],
): Promise<ReadonlySet<number>> {
  const ended = await connections.rows<[boolean]>(END_BACKEND, [processId, applicationName]);
  if (ended.some(([isGone]) => !isGone)) {
    throw new LedgerUnavailable(
      'ledger_unavailable',
      `${connections.database} is still at an append`,
    );
  }
  if (firstEvents.length === 0) return new Set();
  const rows = await connections.rows<[StreamId, string]>(EVENTS_OF_VERSIONS, [
    firstEvents.map(({ streamId }) => streamId),
    firstEvents.map(({ version }) => version),
  ]);
  const bodies = new Map(rows);
  return new Set(
    firstEvents.flatMap((event) => (bodies.get(event.streamId) === event.body ? [event.unit] : [])),
  );
}
