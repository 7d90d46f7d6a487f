import { isUntrusted } from '../ledger/ledger.errors.js';

/** For so long after a failed commit the store counts as failing, in milliseconds. */
const TROUBLE_LASTS = 10_000;

/** Not the store's: a decision's own fault, too many of them, a clock that can be set any moment. */
const PASSING: ReadonlySet<string> = new Set([
  'decider',
  'ledger_busy',
  'clock_ahead',
  'clock_behind',
]);

/**
 * Remembers that commits failed, until one succeeds or it is time to try again. Times are milliseconds
 * of the process's monotonic clock: the other one may be what is wrong.
 */
export class StoreTrouble {
  private failedAt: number | undefined;
  private isLost = false;

  /** A batch was committed. One without events wrote nothing, and so proves nothing. */
  flushed({ events }: { readonly events: number }): void {
    if (events > 0) this.failedAt = undefined;
  }

  /** A batch failed. A ledger that cannot be trusted stays so. */
  failed(code: string, now: number = performance.now()): void {
    if (PASSING.has(code)) return;
    this.failedAt = now;
    this.isLost ||= isUntrusted(code);
  }

  /** Whether commits fail now, as far as is known. */
  isPresent(now: number = performance.now()): boolean {
    if (this.isLost) return true;
    return this.failedAt !== undefined && now - this.failedAt < TROUBLE_LASTS;
  }
}
