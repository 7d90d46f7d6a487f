import { LedgerBusy, LedgerUnavailable } from './ledger.errors.js';

/** How much may wait, and how much goes into one commit. */
export interface GroupCommitLimits {
  readonly batchSizeMax: number;
  readonly waitingMax: number;
}

/** The limits of the design: at most 128 decisions in a commit, at most 4,096 waiting. */
export const GROUP_COMMIT_LIMITS: GroupCommitLimits = { batchSizeMax: 128, waitingMax: 4096 };

/**
 * Gathers what arrives in one turn of the event loop, so that many decisions share one durable
 * commit. `flush` gets the oldest first and settles each item itself; it must not throw.
 */
export class GroupCommit<Item> {
  private waiting: Item[] = [];
  private scheduled = false;
  private closed = false;

  constructor(
    private readonly flush: (batch: readonly Item[]) => void,
    private readonly limits: GroupCommitLimits = GROUP_COMMIT_LIMITS,
  ) {}

  /** How many items wait for a commit. */
  get size(): number {
    return this.waiting.length;
  }

  /** Queues an item. Throws LedgerBusy when too many wait, LedgerUnavailable after `close`. */
  submit(item: Item): void {
    if (this.closed) throw new LedgerUnavailable('ledger_unavailable', 'the ledger is closed');
    if (this.waiting.length >= this.limits.waitingMax) throw new LedgerBusy();
    this.waiting.push(item);
    this.schedule();
  }

  /** Commits everything that waits and refuses what comes later. */
  close(): void {
    this.closed = true;
    while (this.waiting.length > 0) this.flushOnce();
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.flushOnce();
      if (this.waiting.length > 0) this.schedule();
    });
  }

  private flushOnce(): void {
    const batch = this.waiting.slice(0, this.limits.batchSizeMax);
    this.waiting = this.waiting.slice(batch.length);
    if (batch.length > 0) this.flush(batch);
  }
}
