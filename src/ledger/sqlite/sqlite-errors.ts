import Database from 'better-sqlite3';
import { LedgerCorrupted, LedgerError, LedgerUnavailable } from '../ledger.errors.js';

/**
 * The ledger's error for what SQLite or the file system said: one clear line that names the file.
 * An error of the ledger itself, or of a decider, passes as it is.
 */
export function ledgerErrorOf(error: unknown, file: string): Error {
  if (error instanceof LedgerError || !(error instanceof Error)) return error as Error;
  const code = codeOf(error);
  if (code === undefined) return error;
  const cause = { cause: error };
  if (code === 'SQLITE_FULL' || code === 'ENOSPC') {
    return new LedgerUnavailable('disk_full', `the disk of ${file} is full`, cause);
  }
  if (code.startsWith('SQLITE_READONLY') || ['EROFS', 'EACCES', 'EPERM'].includes(code)) {
    return new LedgerUnavailable('read_only', `${file} cannot be written`, cause);
  }
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') {
    return new LedgerCorrupted(`${file} is not an intact database: ${error.message}`, cause);
  }
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new LedgerUnavailable('ledger_locked', `${file} is locked by another process`, cause);
  }
  if (code.startsWith('SQLITE_CANTOPEN') || code === 'ENOTDIR' || code === 'EEXIST') {
    return new LedgerUnavailable('ledger_unavailable', `${file} cannot be opened`, cause);
  }
  if (code.startsWith('SQLITE_IOERR')) {
    return new LedgerUnavailable('ledger_unavailable', `${file} cannot be read or written`, cause);
  }
  return error;
}

/** Whether the store itself failed, so that trying a smaller batch cannot help. */
export function isStoreFailure(error: unknown): boolean {
  return error instanceof LedgerError;
}

function codeOf(error: Error): string | undefined {
  if (error instanceof Database.SqliteError) return error.code;
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : undefined;
}
