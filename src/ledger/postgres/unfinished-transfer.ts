import { LedgerUnavailable } from '../ledger.errors.js';
import type { NamedStatement, PostgresConnections } from './postgres-connection.js';

const TRANSFER: NamedStatement = {
  name: 'transfer',
  text: 'SELECT begun_at FROM ledger.transfer WHERE log_id = 0',
};

/** Throws a LedgerUnavailable when a ledger is being copied here, or was and not to its end. */
export async function refuseUnfinishedTransfer(connections: PostgresConnections): Promise<void> {
  const begun = await connections.rows(TRANSFER, []);
  if (begun.length === 0) return;
  throw new LedgerUnavailable(
    'ledger_unavailable',
    `${connections.database} holds a ledger that was not copied to its end: ` +
      'run token-ledger migrate-store again',
  );
}
