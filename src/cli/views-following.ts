import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { SqliteViewsReader } from '../views/sqlite/sqlite-views.reader.js';
import type { ViewsFault } from '../views/views-store.port.js';
import {
  failureOf,
  followLedger,
  type ViewsFollower,
  type ViewsOrder,
  type ViewsPlace,
  type ViewsReport,
} from './views-thread.js';

/** Commits of so long a time are told to the thread together, in milliseconds. */
const WAKE_INTERVAL = 100;
/** What a batch leaves behind is little: the server's memory is not for that. In megabytes. */
const YOUNG_GENERATION_MAX = 4;
/** What could not be started, or died, is started again after this, in milliseconds. */
const RESTART_PAUSE = 10_000;

const workerFile = new URL('views.worker.js', import.meta.url);

/** Whom a server's views tell what goes wrong. Neither stops the server. */
export interface ViewsListener {
  /** Tried again; the views are late meanwhile. */
  readonly onFailure: (error: unknown, code: string | undefined) => void;
  /** New views are built. */
  readonly onFault: (fault: ViewsFault) => void;
}

/**
 * Keeps the views of a server at the end of its ledger, on a thread of its own: requests never wait
 * for it. Where there is no build to start a thread from, it works on this thread, in small parts.
 */
export class ViewsFollowing {
  private follower: ViewsFollower | undefined;
  private isStopping = false;
  private waking: NodeJS.Timeout | undefined;
  private restarting: NodeJS.Timeout | undefined;

  constructor(
    private readonly place: ViewsPlace,
    private readonly reader: SqliteViewsReader,
    private readonly listener: ViewsListener,
  ) {}

  /** Begins; returns at once, also where views have to be built first. */
  start(): void {
    this.reader.whenDamaged((number) => this.follower?.distrust(number));
    try {
      this.follower = existsSync(workerFile) ? this.startThread() : this.startHere();
    } catch (error) {
      this.restartLater(error);
    }
  }

  /** Says that the ledger has grown; to be called after each commit. */
  wake(): void {
    if (this.waking !== undefined) return;
    this.waking = setTimeout(() => {
      this.waking = undefined;
      this.follower?.wake();
    }, WAKE_INTERVAL).unref();
  }

  /** Finishes the batch that is being applied, and lets go of everything. */
  async stop(): Promise<void> {
    this.isStopping = true;
    clearTimeout(this.waking);
    clearTimeout(this.restarting);
    // Only who writes can leave the write-ahead log empty, and only as the last one.
    this.reader.close();
    await this.follower?.stop();
  }

  private startThread(): ViewsFollower {
    const worker = new Worker(workerFile, {
      workerData: this.place,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MAX },
    });
    worker.unref();
    worker.on('message', (report: ViewsReport) => this.receive(report));
    worker.on('error', (error) => this.restartLater(error));
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    return {
      wake: () => ask(worker, 'wake'),
      distrust: (damaged) => ask(worker, { damaged }),
      stop: () => {
        worker.ref();
        ask(worker, 'stop');
        return exited;
      },
    };
  }

  private startHere(): ViewsFollower {
    const started = followLedger(this.place, (report) => this.receive(report));
    const tell = (order: (follower: ViewsFollower) => void): void => {
      started.then(order, () => undefined);
    };
    started.catch((error: unknown) => this.restartLater(error));
    return {
      wake: () => tell((follower) => follower.wake()),
      distrust: (damaged) => tell((follower) => follower.distrust(damaged)),
      stop: async () => {
        const follower = await started.catch(() => undefined);
        await follower?.stop();
      },
    };
  }

  private receive(report: ViewsReport): void {
    if (report.kind === 'state') this.reader.follow(report.state);
    else if (report.kind === 'fault') this.listener.onFault(report.fault);
    else this.listener.onFailure(report.error, report.code);
  }

  /** The views that serve go on to, as old as they are. */
  private restartLater(error: unknown): void {
    this.follower = undefined;
    this.receive(failureOf(error));
    if (this.isStopping) return;
    this.restarting = setTimeout(() => this.start(), RESTART_PAUSE).unref();
  }
}

function ask(worker: Worker, order: ViewsOrder): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  worker.postMessage(order);
}
