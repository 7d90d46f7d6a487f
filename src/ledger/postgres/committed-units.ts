import { setTimeout as wait } from 'node:timers/promises';
import type { StreamId } from '../../domain/identifiers.js';
import { LedgerUnavailable } from '../ledger.errors.js';
import type { SentEvent } from './append-call.js';
import type {
  Backend,
  NamedStatement,
  PostgresConnections,
  StatementFailure,
} from './postgres-connection.js';
import { isUndone, postgresErrorOf } from './postgres-errors.js';

/** It is given up to find out what became of an append after this. In milliseconds. */
const PATIENCE = 6_000;
/** How long to wait before it is tried again, in milliseconds. */
const PAUSE = 100;

/**
 * Ends the backend and waits until it is gone: what it has not committed by then, it never does. Its
 * name says that it is one of ours, should its number be another's by now. One that waits for a
 * synchronous standby is left alone: if it were ended, all would see what the standby does not have.
 */
const END_BACKEND: NamedStatement = {
  name: 'ledger.end-backend',
  text: `SELECT CASE WHEN wait_event = 'SyncRep' THEN false ELSE pg_terminate_backend(pid, 4000) END
    FROM pg_stat_activity WHERE pid = $1 AND application_name = $2`,
};

/**
 * Writes a record that means nothing to PostgreSQL's own log. Its commit waits until synchronous standbys
 * have that record, and so all that was committed before: a backend that was ended did not wait for it.
 */
const AWAIT_STANDBYS: NamedStatement = {
  name: 'ledger.await-standbys',
  text: "SELECT pg_logical_emit_message(true, 'token-ledger', '')",
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

/** Ends the backend of a lookup that nobody waits for any more: there is nothing to be lost with it. */
const END_LOOKUP: NamedStatement = {
  name: 'ledger.end-lookup',
  text: `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE pid = $1 AND application_name = $2`,
};

/**
 * The units of an append that were committed, though nobody said so: those whose first event stands
 * where it was sent to, to the byte, here and on synchronous standbys. Throws LedgerUnavailable when
 * that cannot be found out in time.
 */
export async function committedUnits(
  connections: PostgresConnections,
  backend: Backend,
  firstEvents: readonly SentEvent[],
): Promise<ReadonlySet<number>> {
  const over = new AbortController();
  const lookup = new Lookup(connections, performance.now() + PATIENCE);
  try {
    return await Promise.race([
      search(lookup, backend, firstEvents, over.signal),
      givenUp(connections, over.signal),
    ]);
  } finally {
    over.abort();
  }
}

async function search(
  lookup: Lookup,
  backend: Backend,
  firstEvents: readonly SentEvent[],
  over: AbortSignal,
): Promise<ReadonlySet<number>> {
  for (;;) {
    try {
      return await lookup.units(backend, firstEvents);
    } catch (error) {
      if (!(error instanceof LedgerUnavailable)) throw error;
      await wait(PAUSE, undefined, { signal: over });
    }
  }
}

async function givenUp({ database }: PostgresConnections, over: AbortSignal): Promise<never> {
  await wait(PATIENCE, undefined, { signal: over });
  const message = `${database} does not say what became of an append`;
  throw new LedgerUnavailable('ledger_unavailable', message);
}

/** Asks what became of an append until it is too late, and leaves no question behind. */
class Lookup {
  constructor(
    private readonly connections: PostgresConnections,
    /** No answer is waited for after this, a time of the process's monotonic clock. */
    private readonly deadline: number,
  ) {}

  /** The units that were committed. Throws a LedgerError. */
  async units(
    { processId, applicationName }: Backend,
    firstEvents: readonly SentEvent[],
  ): Promise<ReadonlySet<number>> {
    const ended = await this.ask<[boolean]>(END_BACKEND, [processId, applicationName]);
    if (ended.some(([isGone]) => !isGone)) {
      throw new LedgerUnavailable(
        'ledger_unavailable',
        `${this.connections.database} is still at an append`,
      );
    }
    if (firstEvents.length === 0) return new Set();
    const rows = await this.ask<[StreamId, string]>(EVENTS_OF_VERSIONS, [
      firstEvents.map(({ streamId }) => streamId),
      firstEvents.map(({ version }) => version),
    ]);
    const bodies = new Map(rows);
    const found = firstEvents.filter(({ streamId, body }) => bodies.get(streamId) === body);
    if (found.length > 0) await this.ask(AWAIT_STANDBYS, []);
    return new Set(found.map(({ unit }) => unit));
  }

  private async ask<Row extends readonly unknown[]>(
    statement: NamedStatement,
    values: readonly unknown[],
  ): Promise<readonly Row[]> {
    const { connections, deadline } = this;
    try {
      return await connections.send<Row>(statement, values, deadline);
    } catch (error) {
      const { reason, backend } = error as StatementFailure;
      if (backend !== undefined && !isUndone(reason)) {
        const { processId, applicationName } = backend;
        // Where PostgreSQL is out of reach, it ends a backend that lost its client itself.
        await connections.rows(END_LOOKUP, [processId, applicationName]).catch(() => undefined);
      }
      throw postgresErrorOf(reason, connections.database);
    }
  }
}
