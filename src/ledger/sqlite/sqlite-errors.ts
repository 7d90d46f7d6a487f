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
  const failure = error as Error;
  const code = codeOf(error);
  if (error instanceof LedgerError || code === undefined || OWN_FAULT.test(code)) return failure;
  const cause = { cause: error };
  if (code === 'SQLITE_FULL' || code === 'ENOSPC' || code === 'EDQUOT') {
    return new LedgerUnavailable('disk_full', `the disk of ${file} is full`, cause);
  }
  if (READ_ONLY.test(code)) {
    return new LedgerUnavailable('read_only', `${file} cannot be written`, cause);
  }
  if (CORRUPT.test(code)) {
    return new LedgerCorrupted(`${file} is not an intact database: ${failure.message}`, cause);
  }
  if (LOCKED.test(code)) {
    return new LedgerUnavailable('ledger_locked', `${file} is locked by another process`, cause);
  }
  return new LedgerUnavailable(
    'ledger_unavailable',
    `${file} cannot be read or written: ${failure.message}`,
    cause,
  );
}

/** The code of an error of SQLite, or of the operating system (`ENOSPC`); undefined of any other. */
function codeOf(error: unknown): string | undefined {
  const code = (error as { readonly code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' && /^(?:SQLITE_\w+|E[A-Z0-9]+)$/.test(code) ? code : undefined;
}
