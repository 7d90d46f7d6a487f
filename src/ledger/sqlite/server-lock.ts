import { join } from 'node:path';
import Database from 'better-sqlite3';
import { LedgerError } from '../ledger.errors.js';
import { ledgerErrorOf } from './sqlite-errors.js';

/**
 * Takes the data directory for this server. The lock is the kernel's, held through an open
 * transaction on a file of its own, and gone the moment the process is, SIGKILL included. Returns
 * what gives it back.
 *
 * Throws a LedgerError: `ledger_locked` when another server holds it, else what keeps the lock's file
 * from being opened.
 */
export function lockDataDirectory(dataDirectory: string): () => void {
  const file = join(dataDirectory, 'server.lock');
  let handle: Database.Database | undefined;
  try {
    handle = new Database(file, { timeout: 0 });
    handle.pragma('locking_mode = EXCLUSIVE');
    handle.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    handle?.close();
    const failure = ledgerErrorOf(error, file);
    const isHeld = failure instanceof LedgerError && failure.code === 'ledger_locked';
    throw isHeld ? heldByAnother(dataDirectory, error) : failure;
  }
  const held = handle;
  return () => {
    held.close();
  };
}

function heldByAnother(dataDirectory: string, cause: unknown): LedgerError {
  return new LedgerError(
    'ledger_locked',
    `another server is running on ${dataDirectory}; one server owns a data directory`,
    { cause },
  );
}
