import { existsSync, statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type Database from 'better-sqlite3';
import { checkpointWal } from './wal-checkpoint.js';

/** The write-ahead log is moved into the database when it has grown past this. */
const WAL_BYTES_MAX = 8 * 1024 * 1024;
/** The log's size is looked at once in so many commits. */
const COMMITS_BETWEEN_LOOKS = 32;

const workerFile = new URL('wal-checkpoint.worker.js', import.meta.url);

/**
 * Keeps the write-ahead log short without holding up commits: a second thread copies the bulk, and
 * the writer's own thread the little that came meanwhile, after which the log begins anew. Where
 * there is no build to start a thread from, the writer's thread does all of it.
 */
export class WalCheckpointer {
  private readonly worker: Worker | undefined;
  private commits = 0;
  private running = false;

  constructor(
    private readonly handle: Database.Database,
    private readonly file: string,
  ) {
    if (!existsSync(workerFile)) return;
    this.worker = new Worker(workerFile, { workerData: { file } });
    this.worker.unref();
    this.worker.on('message', () => this.finish());
    this.worker.on('error', () => this.finish());
  }

  /** To be called after each commit. */
  afterCommit(): void {
    this.commits += 1;
    if (this.running || this.commits % COMMITS_BETWEEN_LOOKS !== 0) return;
    const bytes = statSync(`${this.file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
    if (bytes < WAL_BYTES_MAX) return;
    if (this.worker === undefined) {
      checkpointWal(this.handle);
      return;
    }
    this.running = true;
    this.worker.postMessage('checkpoint');
  }

  /** Stops the second thread. */
  async close(): Promise<void> {
    this.running = true;
    await this.worker?.terminate();
  }

  private finish(): void {
    if (this.handle.open) checkpointWal(this.handle);
    this.running = false;
  }
}
