import { join } from 'node:path';
import Database from 'better-sqlite3';
import { LedgerError } from '../ledger.errors.js';

/**
 * Takes the data directory for this server. The lock is the kernel's, held through an open
 * transaction on a file of its own, and gone the moment the process is, SIGKILL included.
 *
 * Throws a LedgerError `ledger_locked` when another server holds it.
 */
export function lockDataDirectory(dataDirectory: string): { release(): void } {
  const handle = new Database(join(dataDirectory, 'server.lock'), { timeout: 0 });
  try {
    handle.pragma('locking_mode = EXCLUSIVE');
    handle.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    handle.close();
    throw new LedgerError(
      'ledger_locked',
      `another server is running on ${dataDirectory}; one server owns a data directory`,
      { cause: error },
    );
  }
  return { release: () => handle.close() };
}
