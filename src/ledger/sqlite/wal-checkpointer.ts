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
  private canHaveWorker = existsSync(workerFile);
  private events = 0;
  private running = false;

  constructor(
    private readonly handle: Database.Database,
    private readonly file: string,
    private readonly onFailure: (error: unknown) => void = () => undefined,
  ) {}

  /** To be called after each commit, with the number of events in it. Never throws. */
  afterCommit(events: number): void {
    this.events += events;
    if (this.running || this.events < EVENTS_BETWEEN_CHECKPOINTS) return;
    this.events = 0;
    this.running = true;
    if (this.canHaveWorker) ask((this.worker ??= this.startWorker()), 'checkpoint');
    else this.finish();
  }

  /** Stops the second thread when it has finished what it does. */
  async close(): Promise<void> {
    this.running = true;
    const { worker } = this;
    if (worker === undefined) return;
    this.worker = undefined;
    worker.ref();
    await new Promise<void>((resolve) => {
      worker.once('exit', () => resolve());
      ask(worker, 'close');
    });
  }

  private startWorker(): Worker {
    const worker = new Worker(workerFile, { workerData: { file: this.file } });
    worker.unref();
    worker.on('message', (answer: CheckpointAnswer) => this.finish(answer));
    worker.on('error', (error) => {
      this.worker = undefined;
      this.canHaveWorker = false;
      this.finish(error);
    });
    return worker;
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

function ask(worker: Worker, request: CheckpointRequest): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  worker.postMessage(request);
}
