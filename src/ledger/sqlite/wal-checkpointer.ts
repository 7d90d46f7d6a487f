import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type Database from 'better-sqlite3';
import { checkpointWal, type CheckpointAnswer, type CheckpointRequest } from './wal-checkpoint.js';

/** So many events are let into the write-ahead log between two checkpoints: 5 to 20 MB. */
const EVENTS_BETWEEN_CHECKPOINTS = 1000;

const workerFile = new URL('wal-checkpoint.worker.js', import.meta.url);

/**
 * Keeps the write-ahead log short without holding up commits: a second thread copies the bulk, and
 * the writer's own thread the little that came meanwhile, after which the log begins anew. Its file
 * keeps its size, so what went into it is counted. Where there is no build to start a thread from,
 * or the thread fails, the writer's thread does all of it.
 */
export class WalCheckpointer {
  private worker: Worker | undefined;
  private events = 0;
  private running = false;

  constructor(
    private readonly handle: Database.Database,
    file: string,
    private readonly onFailure: (error: unknown) => void = () => undefined,
  ) {
    if (!existsSync(workerFile)) return;
    this.worker = new Worker(workerFile, { workerData: { file } });
    this.worker.unref();
    this.worker.on('message', (answer: CheckpointAnswer) => this.finish(answer));
    this.worker.on('error', (error) => {
      this.worker = undefined;
      this.finish(error);
    });
  }

  /** To be called after each commit, with the number of events in it. Never throws. */
  afterCommit(events: number): void {
    this.events += events;
    if (this.running || this.events < EVENTS_BETWEEN_CHECKPOINTS) return;
    this.events = 0;
    if (this.worker === undefined) {
      this.finish();
      return;
    }
    this.running = true;
    this.ask(this.worker, 'checkpoint');
  }

  /** Stops the second thread when it has finished what it does. */
  async close(): Promise<void> {
    this.running = true;
    const { worker } = this;
    this.worker = undefined;
    if (worker === undefined) return;
    worker.ref();
    await new Promise<void>((resolve) => {
      worker.once('exit', () => resolve());
      this.ask(worker, 'close');
    });
  }

  private ask(worker: Worker, request: CheckpointRequest): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    worker.postMessage(request);
  }

  private finish(failure?: unknown): void {
    try {
      if (failure !== undefined) this.onFailure(failure);
      else if (this.handle.open) checkpointWal(this.handle);
    } catch (error) {
      this.onFailure(error);
    } finally {
      this.running = false;
    }
  }
}
