import { Logger } from '@nestjs/common';

/**
 * Logs that the clock is behind the ledger once, not with every batch that it refuses. A server that
 * cannot even start says so itself.
 */
export class ClockWatch {
  private readonly logger = new Logger('Ledger');
  private standing: 'unknown' | 'right' | 'behind' = 'unknown';

  /** A batch was committed: the clock is right. */
  flushed(): void {
    if (this.standing === 'behind') this.logger.log('the clock has caught up with the ledger');
    this.standing = 'right';
  }

  /** A batch failed. */
  failed(code: string, error: unknown): void {
    if (code !== 'clock_behind' || this.standing !== 'right') return;
    this.standing = 'behind';
    this.logger.error({ err: error });
  }
}
