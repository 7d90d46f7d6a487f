import Database from 'better-sqlite3';
import { LedgerUnavailable } from '../ledger.errors.js';

/** How long opening waits for another process, in milliseconds. */
const OPEN_TIMEOUT = 2000;
/** How long one try of a commit holds up the thread when another process commits, in milliseconds. */
const BUSY_TIMEOUT = 5;

/**
 * Opens a migrated ledger file as its writers do: every commit durable, checkpoints left to a
 * WalCheckpointer. Throws when the file cannot be written now, and then leaves nothing open.
 */
export function openLedgerHandle(
  file: string,
  options: Pick<Database.Options, 'verbose'> = {},
): Database.Database {
  const handle = new Database(file, { ...options, timeout: OPEN_TIMEOUT, fileMustExist: true });
  try {
    const mode: unknown = handle.pragma('journal_mode = WAL', { simple: true });
    if (mode !== 'wal') {
      throw new LedgerUnavailable('ledger_unavailable', `${file} cannot have a write-ahead log`);
    }
    handle.pragma('synchronous = FULL');
    handle.pragma('wal_autocheckpoint = 0');
    handle.pragma('secure_delete = ON');
    handle.pragma('foreign_keys = ON');
    handle.pragma('cache_size = -8000');
    handle.pragma(`busy_timeout = ${BUSY_TIMEOUT}`);
    if (!isWritable(handle)) {
      throw new LedgerUnavailable('read_only', `${file} cannot be written`);
    }
    return handle;
  } catch (error) {
    handle.close();
    throw error;
  }
}

/** SQLite opens what it cannot write for reading, and says so only when a transaction writes. */
function isWritable(handle: Database.Database): boolean {
  try {
    handle.exec('BEGIN IMMEDIATE; PRAGMA user_version = 0; ROLLBACK');
    return true;
  } catch (error) {
    const { code } = error as { code?: string };
    if (code?.startsWith('SQLITE_READONLY')) return false;
    // Another process is writing: then the file can be written.
    if (code?.startsWith('SQLITE_BUSY')) return true;
    throw error;
  }
}
