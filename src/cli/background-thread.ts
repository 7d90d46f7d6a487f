import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import {
  type BackgroundWork,
  beginPart,
  type PartName,
  type RunningPart,
} from './background-work.js';

/** What the thread is asked: to begin a part, to tell it something, or to stop it. */
export type PartMessage =
  | { readonly part: PartName; readonly work: unknown }
  | { readonly part: PartName; readonly order: unknown }
  | { readonly part: PartName; readonly isToStop: true };

/** What the thread says of a part. */
export type PartReport =
  | { readonly part: PartName; readonly report: unknown }
  | { readonly part: PartName; readonly isStopped: true }
  /** It could not be begun. */
  | { readonly part: PartName; readonly failure: unknown };

/** A part that could not be started, or died, is started again after this, in milliseconds. */
const RESTART_PAUSE = 10_000;

const workerFile = new URL('background.worker.js', import.meta.url);

/** Whom a part on the thread tells. */
interface Listener {
  onReport(report: unknown): void;
  onStopped(): void;
  /** It could not be begun, or the thread died. */
  onDeath(error: unknown): void;
  /** The thread has ended: in order when the part was told to stop, else by itself. */
  onExit(code: number): void;
}

/**
 * The thread that everything shares which runs beside the requests. It is there as long as a part of it
 * is, and never keeps the process alive by itself.
 */
export class BackgroundThread {
  private worker: Worker | undefined;
  private readonly listeners = new Map<PartName, Listener>();

  /** Begins a part: on the thread, or on this one where there is no build to start a thread from. */
  async begin<Name extends PartName>(
    part: Name,
    work: BackgroundWork[Name]['work'],
    onReport: (report: BackgroundWork[Name]['report']) => void,
    onDeath: (error: unknown) => void,
  ): Promise<RunningPart<Name>> {
    if (!existsSync(workerFile)) return beginPart[part](work, onReport);
    const worker = (this.worker ??= this.start());
    let isToStop = false;
    const stopped = new Promise<void>((resolve) => {
      const die = (error: unknown): void => {
        resolve();
        onDeath(error);
      };
      this.listeners.set(part, {
        onReport: (report) => onReport(report as BackgroundWork[Name]['report']),
        onStopped: resolve,
        onDeath: die,
        onExit: (code) => {
          if (isToStop) resolve();
          else die(new Error(`the background thread ended by itself, with exit code ${code}`));
        },
      });
    });
    send(worker, { part, work });
    return {
      tell: (order) => send(worker, { part, order }),
      stop: () => {
        isToStop = true;
        worker.ref();
        send(worker, { part, isToStop: true });
        return stopped;
      },
    };
  }

  private start(): Worker {
    const worker = new Worker(workerFile);
    worker.unref();
    worker.on('message', (report: PartReport) => this.receive(report));
    worker.on('error', (error) => this.end(worker, (listener) => listener.onDeath(error)));
    worker.on('exit', (code) => this.end(worker, (listener) => listener.onExit(code)));
    return worker;
  }

  private receive(report: PartReport): void {
    const listener = this.listeners.get(report.part);
    if ('report' in report) listener?.onReport(report.report);
    else if ('failure' in report) {
      this.listeners.delete(report.part);
      listener?.onDeath(report.failure);
    } else if (this.listeners.size > 1) this.forget(report.part);
    // The last one has stopped when the thread has ended: it has let go of every file then.
  }

  private forget(part: PartName): void {
    const listener = this.listeners.get(part);
    this.listeners.delete(part);
    listener?.onStopped();
  }

  /** One that died also exits, when another one may be there already. */
  private end(worker: Worker, tell: (listener: Listener) => void): void {
    if (this.worker !== worker) return;
    this.worker = undefined;
    const listeners = [...this.listeners.values()];
    this.listeners.clear();
    for (const listener of listeners) tell(listener);
  }
}

function send(worker: Worker, message: PartMessage): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  worker.postMessage(message);
}

/** A part that is started again whenever it could not be started, or died. */
export class BackgroundPart<Name extends PartName> {
  private running: Promise<RunningPart<Name> | undefined> | undefined;
  private isStopping = false;
  private restarting: NodeJS.Timeout | undefined;

  constructor(
    private readonly thread: BackgroundThread,
    private readonly name: Name,
    private readonly work: BackgroundWork[Name]['work'],
    private readonly onReport: (report: BackgroundWork[Name]['report']) => void,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  /** Begins; returns at once. */
  start(): void {
    const died = (error: unknown): undefined => {
      this.restartLater(error);
    };
    this.running = this.thread
      .begin(this.name, this.work, (report) => this.onReport(report), died)
      .catch(died);
  }

  /** Tells it something, unless it is not running now. */
  tell(order: BackgroundWork[Name]['order']): void {
    void this.running?.then((running) => running?.tell(order));
  }

  /** Finishes what it is at, and lets go of everything. */
  async stop(): Promise<void> {
    this.isStopping = true;
    clearTimeout(this.restarting);
    const running = await this.running;
    await running?.stop();
  }

  private restartLater(error: unknown): void {
    this.running = undefined;
    this.onFailure(error);
    if (this.isStopping) return;
    this.restarting = setTimeout(() => this.start(), RESTART_PAUSE).unref();
  }
}
