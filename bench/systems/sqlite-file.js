// @ts-check
import Database from 'better-sqlite3';

/**
 * Opens an SQLite file each commit to which is durable.
 * @param {string} file
 */
export function openDurableSqlite(file) {
  const sqlite = new Database(file);
  sqlite.pragma('journal_mode = WAL');
  sqlite.pragma('synchronous = FULL');
  return sqlite;
}
