import type Database from 'better-sqlite3';

/** Moves what is committed from the write-ahead log into the database file; never blocks a writer. */
export function checkpointWal(handle: Database.Database): void {
  handle.pragma('wal_checkpoint(PASSIVE)');
}
