import pg from 'pg';
import { LedgerError } from '../ledger.errors.js';
import { LOG_LOCK_CLASS } from '../migrations/postgres-append-function.js';
import {
  CONNECT_TIMEOUT,
  describeDatabase,
  type NamedStatement,
  PostgresConnections,
} from './postgres-connection.js';
import { postgresErrorOf } from './postgres-errors.js';

/** The two numbers of the advisory lock under which a node starts. */
const START_LOCK = [LOG_LOCK_CLASS, -2];
/** The two numbers of the advisory lock under which an old copy of the ledger is accepted. */
const RECOVERY_LOCK = [LOG_LOCK_CLASS, -3];
/** How long another node may take before the one that waits gives up, in milliseconds. */
const TURN_TIMEOUT = 60_000;

const TAKE: NamedStatement = { name: 'turn.take', text: 'SELECT pg_advisory_lock($1, $2)' };
const GIVE_BACK: NamedStatement = {
  name: 'turn.give_back',
  text: 'SELECT pg_advisory_unlock($1, $2)',
};

/**
 * Does what one node of a ledger may do at a time, when it is this node's turn; the turn of a node that
 * dies is over. Throws a LedgerError when the turn does not come within a minute.
 */
export async function inStartTurn<Result>(
  url: string,
  work: () => Promise<Result>,
): Promise<Result> {
  // The one connection has the lock, and nothing else is asked of it meanwhile.
  const connections = new PostgresConnections(url, 1, TURN_TIMEOUT);
  try {
    await connections.rows(TAKE, START_LOCK);
    const result = await work();
    await connections.rows(GIVE_BACK, START_LOCK);
    return result;
  } finally {
    await connections.close();
  }
}

/**
 * Accepts an old copy of the ledger, which one process may do at a time; the turn of one that dies is over.
 * Throws a LedgerError, `ledger_locked` at once where another one does.
 */
export async function inRecoveryTurn<Result>(
  url: string,
  work: () => Promise<Result>,
): Promise<Result> {
  // None of a pool, which closes what is idle: a person may be asked meanwhile.
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    query_timeout: TURN_TIMEOUT,
    keepAlive: true,
  });
  // What breaks the connection fails the statement that uses it.
  client.on('error', () => undefined);
  try {
    await takeRecoveryLock(client, describeDatabase(url));
    return await work();
  } finally {
    await client.end();
  }
}

async function takeRecoveryLock(client: pg.Client, database: string): Promise<void> {
  try {
    await client.connect();
    const { rows } = await client.query<{ isTaken: boolean }>(
      'SELECT pg_try_advisory_lock($1, $2) AS "isTaken"',
      RECOVERY_LOCK,
    );
    if (rows[0]?.isTaken === true) return;
  } catch (error) {
    throw postgresErrorOf(error, database);
  }
  throw new LedgerError('ledger_locked', `another token-ledger recover works on ${database}`);
}
