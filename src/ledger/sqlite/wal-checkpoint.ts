import type Database from 'better-sqlite3';

/** Moves what is committed from the write-ahead log into the database file; never blocks a writer. */
export function checkpointWal(handle: Database.Database): void {
  handle.pragma('wal_checkpoint(PASSIVE)');
}

/** What the writer's thread asks of the second thread. */
export type CheckpointRequest = 'checkpoint' | 'close';

/** What the second thread answers to `checkpoint`: why it failed, or undefined. */
export type CheckpointAnswer = Error | undefined;
