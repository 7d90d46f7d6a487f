import { LedgerUnavailable } from '../ledger.errors.js';
import { prepareSchema } from './ledger-schema.js';
import { type NamedStatement, PostgresConnections } from './postgres-connection.js';

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

/** The same of the ledger at a URL. Throws a LedgerError as well when there is none, or a newer one. */
export async function refuseUnfinishedTransferAt(url: string): Promise<void> {
  await prepareSchema({ ownerUrl: url, runtimeRole: undefined, mayMigrate: false });
  const connections = new PostgresConnections(url, 1);
  try {
    await refuseUnfinishedTransfer(connections);
  } finally {
    await connections.close();
  }
}
