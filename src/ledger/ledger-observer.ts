import type { LedgerErrorCode } from './ledger.errors.js';

/** What the ledger tells of its work: for metrics, and to wake who follows the ledger. */
export interface LedgerObserver {
  /** A batch was committed. */
  flushed?(flush: { decisions: number; events: number; durationMilliseconds: number }): void;
  /** A decision failed, or the store did; a read only tells of a ledger that contradicts itself. */
  failed?(code: LedgerErrorCode | 'decider', error: unknown): void;
}

/** An observer's own failure is the process's: it must not look like that of a commit. */
export function tellObserver(action: () => void): void {
  try {
    action();
  } catch (error) {
    setImmediate(() => {
      throw error;
    });
  }
}
