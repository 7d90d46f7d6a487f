import { Logger } from '@nestjs/common';

/** Logs that the clock is behind the ledger once, not with every batch that it refuses. */
export class ClockWatch {
  private readonly logger = new Logger('Ledger');
  private isBehind = false;

  /** A batch was committed: the clock is right. */
  flushed(): void {
    if (!this.isBehind) return;
    this.isBehind = false;
    this.logger.log('the clock has caught up with the ledger');
  }

  /** A batch failed. */
  failed(code: string, error: unknown): void {
    if (code !== 'clock_behind' || this.isBehind) return;
    this.isBehind = true;
    this.logger.error({ err: error });
  }
}
