import { RateLimiterMemory } from 'rate-limiter-flexible';

/** So many failures within so long, then no more. */
export interface FailureAllowance {
  readonly failures: number;
  readonly seconds: number;
}

/**
 * Counts the failures of each key, and lets so many attempts run at once that even if all of them
 * failed the allowance would hold: guessing in parallel gains nothing, and attempts that succeed
 * never use anything up. In memory.
 */
export class FailureBudget {
  private readonly limiter: RateLimiterMemory;
  private readonly running = new Map<string, number>();
  private readonly waiting = new Map<string, (() => void)[]>();

  constructor(private readonly allowance: FailureAllowance) {
    this.limiter = new RateLimiterMemory({
      points: allowance.failures,
      duration: allowance.seconds,
    });
  }

  /** Counts a failure. Seconds until the key may fail again, when this was beyond its allowance. */
  async fail(key: string): Promise<number | undefined> {
    const { consumedPoints, msBeforeNext } = await this.limiter.penalty(key);
    return consumedPoints <= this.allowance.failures ? undefined : wholeSeconds(msBeforeNext);
  }

  /** Forgets the failures of a key. */
  async forgive(key: string): Promise<void> {
    await this.limiter.delete(key);
  }

  /**
   * Waits until an attempt may run. Seconds until it may be tried again when the allowance is used
   * up; otherwise undefined, and `leave` must follow.
   */
  async enter(key: string): Promise<number | undefined> {
    for (;;) {
      const { failures, waitSeconds } = await this.count(key);
      if (failures >= this.allowance.failures) return waitSeconds;
      const running = this.running.get(key) ?? 0;
      if (failures + running < this.allowance.failures) {
        this.running.set(key, running + 1);
        return undefined;
      }
      await new Promise<void>((resolve) => {
        this.waiting.set(key, [...(this.waiting.get(key) ?? []), resolve]);
      });
    }
  }

  /** Ends an attempt that `enter` let run. Its failure was counted before. */
  leave(key: string): void {
    const running = (this.running.get(key) ?? 1) - 1;
    if (running === 0) this.running.delete(key);
    else this.running.set(key, running);
    const waiting = this.waiting.get(key) ?? [];
    this.waiting.delete(key);
    for (const resume of waiting) resume();
  }

  private async count(key: string): Promise<{ failures: number; waitSeconds: number }> {
    const counted = await this.limiter.get(key);
    if (counted === null || counted.msBeforeNext <= 0) return { failures: 0, waitSeconds: 0 };
    return {
      failures: counted.consumedPoints,
      waitSeconds: wholeSeconds(counted.msBeforeNext),
    };
  }
}

function wholeSeconds(milliseconds: number): number {
  return Math.max(1, Math.ceil(milliseconds / 1000));
}
