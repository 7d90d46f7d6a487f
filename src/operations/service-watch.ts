import { isUntrusted } from '../ledger/ledger.errors.js';
import { ClockWatch } from './clock-watch.js';
import { type ObservedFlush, ServiceMetrics } from './service-metrics.js';
import { StoreTrouble } from './store-trouble.js';

/** What watches a server: made before its ledger is opened, and told of every commit. */
export class ServiceWatch {
  readonly metrics = new ServiceMetrics();
  readonly trouble = new StoreTrouble();
  private readonly clock = new ClockWatch();
  /** Fulfilled with the error when the ledger was found to contradict itself, or what it was before. */
  readonly corrupted: Promise<unknown>;
  private reportCorrupted: (error: unknown) => void = () => undefined;
  private readonly followers: (() => void)[] = [];

  constructor() {
    this.corrupted = new Promise((resolve) => (this.reportCorrupted = resolve));
  }

  /** Has somebody told after each commit, who must not take long over it. */
  whenFlushed(wake: () => void): void {
    this.followers.push(wake);
  }

  /** A batch was committed. */
  flushed(flush: ObservedFlush): void {
    this.metrics.flushed(flush);
    this.trouble.flushed(flush);
    this.clock.flushed();
    for (const wake of this.followers) wake();
  }

  /** A batch failed, or a decision. */
  failed(code: string, error: unknown): void {
    this.metrics.failed(code);
    this.trouble.failed(code);
    this.clock.failed(code, error);
    if (isUntrusted(code)) this.reportCorrupted(error);
  }
}
