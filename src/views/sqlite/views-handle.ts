import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { ViewsUnreadable } from '../views.errors.js';
import type { ViewsFault } from '../views-store.port.js';
import { VIEWS_SCHEMA_VERSION } from './views-schema.js';

/** How long a statement waits for another connection, in milliseconds. */
const TIMEOUT = 5000;

/** SQLite's codes for a file that is damaged or none of ours; other errors may pass. */
const UNREADABLE = /^SQLITE_(?:CORRUPT|NOTADB|ERROR|CONSTRAINT)/;

/** SQLite's codes for a file that is damaged. A question may fail otherwise, and not by the file's fault. */
const DAMAGED = /^SQLITE_(?:CORRUPT|NOTADB)/;

/** Whether a question failed because the file of views is damaged. */
export function isDamage(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' && DAMAGED.test(code);
}

/** What an error of SQLite says of a file of views: ViewsUnreadable, or itself when it may pass. */
export function viewsErrorOf(error: unknown): Error {
  const failure = error as Error & { readonly code?: unknown };
  if (typeof failure.code !== 'string' || !UNREADABLE.test(failure.code)) return failure;
  return new ViewsUnreadable('the views cannot be read', { cause: error });
}

/**
 * Opens a file of views and does something with it; or says why it cannot be used, and closes it.
 * Throws what keeps the file from being opened now.
 */
export function openViews<Opened>(
  file: string,
  mode: 'read' | 'write',
  use: (handle: Database.Database) => Opened,
): Opened | ViewsFault {
  if (!existsSync(file)) return 'missing';
  let handle: Database.Database | undefined;
  try {
    handle = new Database(file, {
      readonly: mode === 'read',
      fileMustExist: true,
      timeout: TIMEOUT,
    });
    if (handle.pragma('user_version', { simple: true }) === VIEWS_SCHEMA_VERSION) {
      return use(handle);
    }
    handle.close();
    return 'other_schema';
  } catch (error) {
    handle?.close();
    const failure = viewsErrorOf(error);
    if (failure instanceof ViewsUnreadable) return 'unreadable';
    throw failure;
  }
}

/**
 * Whether nobody has a file of views open any more: only then does SQLite let it leave its
 * write-ahead log. A process that was killed has nothing open.
 */
export function isUnread(file: string): boolean {
  let handle: Database.Database | undefined;
  try {
    handle = new Database(file, { timeout: 0 });
    return handle.pragma('journal_mode = DELETE', { simple: true }) !== 'wal';
  } catch (error) {
    return viewsErrorOf(error) instanceof ViewsUnreadable;
  } finally {
    handle?.close();
  }
}
