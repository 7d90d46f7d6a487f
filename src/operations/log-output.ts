import type { Writable } from 'node:stream';
import type { DestinationStream } from 'pino';

/** So much of the log waits for a slow reader; what comes then is left out, and counted. */
const WAITING_BYTES_MAX = 1024 * 1024;

/**
 * Where the log goes: a stream that is never waited for. Without a reader, or with one that stands
 * still, lines are lost and nothing else is.
 */
export class LogOutput implements DestinationStream {
  private linesLeftOut = 0;

  constructor(private readonly stream: Writable) {
    // The reader is gone, or the disk is full: the next line is tried all the same.
    stream.on('error', () => undefined);
  }

  write(line: string): void {
    if (this.stream.writableLength > WAITING_BYTES_MAX) {
      this.linesLeftOut += 1;
      return;
    }
    this.stream.write(`${this.gap()}${line}`);
  }

  /** Tells when everything before was written or is lost; with a reader that stands still, never. */
  flush(tell: () => void): void {
    this.stream.write('', () => tell());
  }

  /** A line for those that were left out since the last one that was not. */
  private gap(): string {
    if (this.linesLeftOut === 0) return '';
    const linesLeftOut = this.linesLeftOut;
    this.linesLeftOut = 0;
    const msg = 'lines are missing here: the reader of the log was too slow';
    return `${JSON.stringify({ level: 'warn', time: new Date().toISOString(), linesLeftOut, msg })}\n`;
  }
}
