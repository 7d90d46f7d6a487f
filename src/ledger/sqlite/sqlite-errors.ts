import Database from 'better-sqlite3';
import { LedgerCorrupted, LedgerError, LedgerUnavailable } from '../ledger.errors.js';

/** What a statement can be refused for without the store being at fault. */
const OWN_FAULT = /^SQLITE_(?:CONSTRAINT|TOOBIG|MISMATCH)/;
const READ_ONLY = /^(?:SQLITE_READONLY.*|SQLITE_PERM|EROFS|EACCES|EPERM)$/;
const CORRUPT = /^SQLITE_(?:CORRUPT|NOTADB)/;
const LOCKED = /^SQLITE_(?:BUSY|LOCKED|PROTOCOL)/;

/**
 * The ledger's error for what SQLite or the file system said: one clear line that names the file.
 * What is not the store's fault passes as it is: the ledger's own errors, a decider's, and what
 * SQLite refuses a single statement for.
 */
export function ledgerErrorOf(error: unknown, file: string): Error {
  if (error instanceof LedgerError || !(error instanceof Error)) return error as Error;
  const code = codeOf(error);
  if (code === undefined || OWN_FAULT.test(code)) return error;
  const cause = { cause: error };
  if (code === 'SQLITE_FULL' || code === 'ENOSPC' || code === 'EDQUOT') {
    return new LedgerUnavailable('disk_full', `the disk of ${file} is full`, cause);
  }
  if (READ_ONLY.test(code)) {
    return new LedgerUnavailable('read_only', `${file} cannot be written`, cause);
  }
  if (CORRUPT.test(code)) {
    return new LedgerCorrupted(`${file} is not an intact database: ${error.message}`, cause);
  }
  if (LOCKED.test(code)) {
    return new LedgerUnavailable('ledger_locked', `${file} is locked by another process`, cause);
  }
  return new LedgerUnavailable(
    'ledger_unavailable',
    `${file} cannot be read or written: ${error.message}`,
    cause,
  );
}

function codeOf(error: Error): string | undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof Database.SqliteError) return code;
  return typeof code === 'string' && /^(?:SQLITE_|E[A-Z0-9]+$)/.test(code) ? code : undefined;
}
