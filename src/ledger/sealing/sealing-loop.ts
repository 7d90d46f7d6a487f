import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Sealer } from './sealer.js';

/** Seals again and again, at most once in an interval, until it is stopped. */
export class SealingLoop {
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<void> = Promise.resolve();
  private isStopped = false;

  constructor(
    private readonly sealer: Pick<Sealer, 'seal' | 'close'>,
    /** In milliseconds. */
    private readonly interval: number,
    /** Told of what is tried again in the next round. */
    private readonly onFailure: (error: unknown) => void,
  ) {}

  /** Begins, at once. */
  start(): void {
    this.round = this.sealAll().then(() => this.next());
  }

  /** Seals what is there, and lets go of the ledger. */
  async stop(): Promise<void> {
    if (this.isStopped) return;
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.round;
    await this.sealAll();
    await this.sealer.close();
  }

  private next(): void {
    if (this.isStopped) return;
    this.timer = setTimeout(() => this.start(), this.interval).unref();
  }

  private async sealAll(): Promise<void> {
    try {
      while (await this.sealer.seal()) await nextTurn();
    } catch (error) {
      this.onFailure(error);
    }
  }
}
