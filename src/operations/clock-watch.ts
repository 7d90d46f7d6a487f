import { Logger } from '@nestjs/common';

/**
 * Logs that the clock is behind the ledger, or ahead of its database, once and not with every batch that it refuses. A server that
 * cannot even start says so itself.
 */
export class ClockWatch {
  private readonly logger = new Logger('Ledger');
  private standing: 'unknown' | 'right' | 'clock_ahead' | 'clock_behind' = 'unknown';

  /** A batch was committed: the clock is right. */
  flushed(): void {
    if (this.standing === 'clock_behind') {
      this.logger.log('the clock has caught up with the ledger');
    } else if (this.standing === 'clock_ahead') this.logger.log('the clock is right again');
    this.standing = 'right';
  }

  /** A batch failed. */
  failed(code: string, error: unknown): void {
    if (code !== 'clock_behind' && code !== 'clock_ahead') return;
    if (this.standing !== 'right') return;
    this.standing = code;
    this.logger.error({ err: error });
  }
}
