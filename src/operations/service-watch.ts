import { type ObservedFlush, ServiceMetrics } from './service-metrics.js';
import { StoreTrouble } from './store-trouble.js';

/** What watches a server: made before its ledger is opened, and told of every commit. */
export class ServiceWatch {
  readonly metrics = new ServiceMetrics();
  readonly trouble = new StoreTrouble();
  /** Fulfilled with the error when the ledger was found to contradict itself. */
  readonly corrupted: Promise<unknown>;
  private reportCorrupted: (error: unknown) => void = () => undefined;

  constructor() {
    this.corrupted = new Promise((resolve) => (this.reportCorrupted = resolve));
  }

  /** A batch was committed. */
  flushed(flush: ObservedFlush): void {
    this.metrics.flushed(flush);
    this.trouble.flushed(flush);
  }

  /** A batch failed, or a decision. */
  failed(code: string, error: unknown): void {
    this.metrics.failed(code);
    this.trouble.failed(code);
    if (code === 'ledger_corrupted') this.reportCorrupted(error);
  }
}
