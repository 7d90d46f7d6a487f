import type { LedgerFeed } from '../ledger/ledger-feed.port.js';
import type { NewestEvent } from './view-changes.js';
import { faultOf } from './views-faults.js';
import { ViewsFeeding } from './views-feeding.js';
import { rebuildViews } from './views-rebuild.js';
import type { ViewsFault, ViewsShelf, ViewsStore } from './views-store.port.js';
import { ViewsUnreadable } from './views.errors.js';

/** How the views of a server stand. */
export interface ViewsState {
  /** The number of the views that may be read; undefined: none yet. */
  readonly serving: number | undefined;
  readonly newest: NewestEvent | null;
  /** Set while new views are being filled, counted in events. */
  readonly rebuild: { readonly done: number; readonly total: number } | null;
}

/** There are no views, and none are being filled. */
export const NO_VIEWS: ViewsState = { serving: undefined, newest: null, rebuild: null };

/** What a runner works on, and whom it tells. */
export interface ViewsRunnerOptions {
  readonly ledger: LedgerFeed;
  readonly shelf: ViewsShelf;
  readonly onState: (state: ViewsState) => void;
  /** Something failed and is tried again; the views are late meanwhile. */
  readonly onFailure: (error: unknown) => void;
  /** There are no views, as on a first start, and they are built. */
  readonly onFirst?: () => void;
  /** The views cannot be used, or are gone since they were, and are built anew. */
  readonly onFault?: (fault: ViewsFault) => void;
}

/** Batches are at least so far apart: more events share one, and the ledger has the machine. In ms. */
const PAUSE = 250;
/**
 * So many events share a transaction. Much of what one costs is a page of each index that it writes,
 * however many of its rows are on it.
 */
const BATCH_EVENTS = 1000;
/** Another process can write to the ledger without waking the runner: it looks so often. In ms. */
const POLL_INTERVAL = 1000;
/** A failure is followed by a pause that doubles up to this, in milliseconds. */
const FAILURE_PAUSE_MAX = 30_000;
/** How often views are looked for that nobody reads any more, in milliseconds. */
const CLEAN_INTERVAL = 60_000;

/**
 * Keeps the views of a server at the end of its ledger, off the path of any request. It follows when
 * another process puts new views in place, builds new ones when those that are there cannot be used,
 * and goes on after every failure.
 */
export class ViewsRunner {
  private state = NO_VIEWS;
  private store: { readonly number: number; readonly views: ViewsStore } | undefined;
  private feeding: ViewsFeeding | undefined;
  /** Whether there were views at any time. */
  private hasServed = false;
  /** What was said of views that are not there yet: while another process builds them, it is said once. */
  private told: ViewsFault | 'first' | undefined;
  /** Views that turned out to be damaged. */
  private unreadable: number | undefined;
  private failures = 0;
  private cleanedAt = -Infinity;
  private isWoken = false;
  private isStopping = false;
  private endPause: () => void = () => undefined;
  private endWait: () => void = () => undefined;
  private running: Promise<void> | undefined;

  constructor(private readonly options: ViewsRunnerOptions) {}

  /** Begins to follow the ledger. */
  start(): void {
    this.running ??= this.run();
  }

  /** Says that the ledger has grown; costs next to nothing, however often it is said. */
  wake(): void {
    if (this.isWoken) return;
    this.isWoken = true;
    this.endWait();
  }

  /** Says that whoever asks these views found them damaged: they are built anew, if they still count. */
  distrust(number: number): void {
    this.unreadable = number;
    this.wake();
  }

  /** Finishes the running batch and closes the views. */
  async stop(): Promise<void> {
    this.isStopping = true;
    this.endPause();
    this.endWait();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.isStopping) {
      this.isWoken = false;
      try {
        await this.follow();
        this.failures = 0;
      } catch (error) {
        this.failures += 1;
        this.recover(error);
      }
      await this.rest();
    }
    this.close();
  }

  /** Brings the views to the end of the ledger. */
  private async follow(): Promise<void> {
    const current = this.options.shelf.current();
    const number = this.store?.number;
    if (number === undefined || number !== current || number === this.unreadable) {
      await this.change(current);
    }
    let isCaughtUp = this.feeding === undefined;
    while (!isCaughtUp && !this.isStopping) {
      isCaughtUp = (await this.feeding?.feed()) === 'caught_up';
      this.tellNewest();
    }
    this.store?.views.settle();
    this.clean();
  }

  /** Turns to the current views, or builds new ones when those cannot be used. */
  private async change(current: number | undefined): Promise<void> {
    this.close();
    const fault = current === undefined ? 'missing' : await this.open(current);
    if (fault === undefined) return;
    this.tell(NO_VIEWS);
    this.tellFault(current === undefined && !this.hasServed ? 'first' : fault);
    await this.rebuild();
  }

  private tellFault(fault: ViewsFault | 'first'): void {
    if (fault === this.told) return;
    this.told = fault;
    if (fault === 'first') this.options.onFirst?.();
    else this.options.onFault?.(fault);
  }

  private async open(number: number): Promise<ViewsFault | undefined> {
    if (number === this.unreadable) return 'unreadable';
    const { ledger, shelf } = this.options;
    const views = shelf.open(number);
    if (typeof views === 'string') return views;
    this.store = { number, views };
    const { newest } = views.origin();
    const fault = await faultOf(views.origin(), ledger);
    if (fault !== undefined) {
      this.close();
      return fault;
    }
    this.feeding = new ViewsFeeding(ledger, views, BATCH_EVENTS);
    this.hasServed = true;
    this.told = undefined;
    this.tell({ serving: number, newest, rebuild: null });
    return undefined;
  }

  private async rebuild(): Promise<void> {
    const { ledger, shelf } = this.options;
    const outcome = await rebuildViews(
      ledger,
      shelf,
      (done, total) => this.tell({ rebuild: { done, total } }),
      () => this.isStopping,
    );
    this.tell({ rebuild: null });
    if (outcome.kind === 'rebuilt') await this.open(outcome.number);
  }

  private clean(): void {
    const now = performance.now();
    if (now - this.cleanedAt < CLEAN_INTERVAL) return;
    this.cleanedAt = now;
    this.options.shelf.clean();
  }

  /** Views are opened again after a failure: what it left in memory is worth nothing. */
  private recover(error: unknown): void {
    if (error instanceof ViewsUnreadable) this.unreadable = this.store?.number;
    this.close();
    this.options.onFailure(error);
  }

  private close(): void {
    this.store?.views.close();
    this.store = undefined;
    this.feeding = undefined;
  }

  private tellNewest(): void {
    const newest = this.store?.views.origin().newest ?? null;
    if (newest?.position !== this.state.newest?.position) this.tell({ newest });
  }

  private tell(change: Partial<ViewsState>): void {
    this.state = { ...this.state, ...change };
    this.options.onState(this.state);
  }

  private async rest(): Promise<void> {
    if (this.failures > 0) {
      const pause = Math.min(POLL_INTERVAL * 2 ** (this.failures - 1), FAILURE_PAUSE_MAX);
      await this.pause(pause, (end) => (this.endPause = end));
      return;
    }
    await this.pause(PAUSE, (end) => (this.endPause = end));
    if (!this.isWoken) await this.pause(POLL_INTERVAL, (end) => (this.endWait = end));
  }

  private async pause(milliseconds: number, onBegun: (end: () => void) => void): Promise<void> {
    if (this.isStopping) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds).unref();
      onBegun(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
