import { setTimeout as wait } from 'node:timers/promises';
import { LedgerBusy, LedgerUnavailable } from './ledger.errors.js';

/** How much may wait, and how much goes into one commit. */
export interface GroupCommitLimits {
  readonly batchSizeMax: number;
  readonly waitingMax: number;
}

/** The limits of the design: at most 128 decisions in a commit, at most 4,096 waiting. */
export const GROUP_COMMIT_LIMITS: GroupCommitLimits = { batchSizeMax: 128, waitingMax: 4096 };

/** When what could not begin is tried again, in milliseconds. */
const RETRY_INTERVAL = 5;

/**
 * Gathers what arrives in one turn of the event loop, so that many decisions share one durable
 * commit. `flush` gets the oldest first, settles each item itself and answers with those that could
 * not begin yet: they stay at the head of the queue. It must not throw or reject. While it has not
 * answered, what arrives waits for the next one.
 */
export class GroupCommit<Item> {
  private waiting: Item[] = [];
  private isScheduled = false;
  private isClosed = false;
  private flushing: Promise<boolean> | undefined;

  constructor(
    private readonly flush: (batch: readonly Item[]) => readonly Item[] | Promise<readonly Item[]>,
    private readonly limits: GroupCommitLimits = GROUP_COMMIT_LIMITS,
  ) {}

  /** How many items wait for a commit. */
  get size(): number {
    return this.waiting.length;
  }

  /** Queues an item. Throws LedgerBusy when too many wait, LedgerUnavailable after `close`. */
  submit(item: Item): void {
    if (this.isClosed) throw new LedgerUnavailable('ledger_unavailable', 'the ledger is closed');
    if (this.waiting.length >= this.limits.waitingMax) throw new LedgerBusy();
    this.waiting.push(item);
    if (!this.isScheduled) this.schedule(true);
  }

  /** Takes everything that waits out of the queue: whoever takes it settles it. */
  takeWaiting(): readonly Item[] {
    const waiting = this.waiting;
    this.waiting = [];
    return waiting;
  }

  /** Refuses what comes from now on, and commits everything that waits. */
  async close(): Promise<void> {
    this.isClosed = true;
    if (this.flushing !== undefined) await this.flushing;
    while (this.waiting.length > 0) {
      const begun = this.flushOnce();
      const hasBegun = typeof begun === 'boolean' ? begun : await begun;
      if (!hasBegun) await wait(RETRY_INTERVAL);
    }
  }

  private schedule(isSoon: boolean): void {
    this.isScheduled = true;
    const take = (): void => {
      const begun = this.flushOnce();
      if (typeof begun === 'boolean') this.scheduleRest(begun);
      else void begun.then((hasBegun) => this.scheduleRest(hasBegun));
    };
    if (isSoon) setImmediate(take);
    else setTimeout(take, RETRY_INTERVAL);
  }

  private scheduleRest(hasBegun: boolean): void {
    this.isScheduled = false;
    if (this.waiting.length > 0) this.schedule(hasBegun);
  }

  /** False when what is at the head of the queue could not begin. */
  private flushOnce(): boolean | Promise<boolean> {
    if (this.flushing !== undefined) return this.flushing;
    const batch = this.waiting.slice(0, this.limits.batchSizeMax);
    this.waiting = this.waiting.slice(batch.length);
    if (batch.length === 0) return true;
    const left = this.flush(batch);
    if (!(left instanceof Promise)) return this.putBack(left);
    this.flushing = left.then((rest) => {
      this.flushing = undefined;
      return this.putBack(rest);
    });
    return this.flushing;
  }

  private putBack(left: readonly Item[]): boolean {
    if (left.length === 0) return true;
    this.waiting = [...left, ...this.waiting];
    return false;
  }
}
