import type { Instant } from '../domain/identifiers.js';

/** For so long after a failed commit the store counts as failing, in milliseconds. */
const TROUBLE_LASTS = 10_000;

/** Remembers that commits failed, until one succeeds or it is time to try again. */
export class StoreTrouble {
  private failedAt: Instant | undefined;
  private isCorrupted = false;

  /** A batch was committed. One without events wrote nothing, and so proves nothing. */
  flushed({ events }: { readonly events: number }): void {
    if (events > 0) this.failedAt = undefined;
  }

  /** A batch failed; `decider` is a decision's own fault. A corrupted ledger stays so. */
  failed(code: string, now: Instant = Date.now()): void {
    if (code === 'decider' || code === 'ledger_busy') return;
    this.failedAt = now;
    this.isCorrupted ||= code === 'ledger_corrupted';
  }

  /** Whether commits fail now, as far as is known. */
  isPresent(now: Instant = Date.now()): boolean {
    if (this.isCorrupted) return true;
    return this.failedAt !== undefined && now - this.failedAt < TROUBLE_LASTS;
  }
}
