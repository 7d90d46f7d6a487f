import { type NamedStatement, PostgresConnections } from './postgres-connection.js';

/** The two numbers of the advisory lock under which a node starts. */
const START_LOCK = [0x746c6f67, -2];
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
