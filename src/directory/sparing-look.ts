import { setTimeout as pause } from 'node:timers/promises';

/** How a look is spared; in milliseconds. */
export interface Sparing {
  /** Between the beginnings of two looks. */
  readonly interval: number;
  /** How long those who ask wait for a look; undefined: until it has ended. */
  readonly patience?: number;
}

/**
 * Looks for something in the store when asked to, but neither beside itself nor again before an interval
 * has passed: whoever asks may be anybody, as often as they like.
 */
export class SparingLook {
  private begunAt = 0;
  private isRunning = false;
  private awaited: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly look: () => Promise<void>,
    private readonly sparing: Sparing,
  ) {}

  /** Fulfilled when what runs or is begun now has ended, or patience with it has. */
  async again(): Promise<void> {
    const now = Date.now();
    const { interval, patience } = this.sparing;
    if (!this.isRunning && Math.abs(now - this.begunAt) >= interval) {
      this.begunAt = now;
      const look = this.run();
      this.awaited =
        patience === undefined
          ? look
          : Promise.race([look, pause(patience, undefined, { ref: false })]);
    }
    await this.awaited;
  }

  private async run(): Promise<void> {
    this.isRunning = true;
    try {
      await this.look();
    } finally {
      this.isRunning = false;
    }
  }
}
