import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { randomToken } from '../config/random-identifiers.js';
import type { BacktestSummary } from '../domain/backtest/backtest-summary.rules.js';
import type { Instant } from '../domain/identifiers.js';
import { Ledger } from '../ledger/ledger.port.js';
import {
  type BacktestedAttempt,
  type BacktestOrder,
  type DivergingAttempt,
  isDiverging,
  runBacktest,
} from './backtest.runner.js';

/** So many backtests wait at most. */
const WAITING_MAX = 10;
/** So many jobs are remembered; a restart forgets them all. */
const JOBS_MAX = 50;
const DIVERGENCES_MAX = 100;

/** A backtest that was asked for. */
export interface BacktestJob {
  readonly id: string;
  readonly order: BacktestOrder;
  readonly queuedAt: Instant;
  readonly status: 'queued' | 'running' | 'done' | 'cancelled' | 'failed';
  readonly done: number;
  readonly total: number;
  readonly summary: BacktestSummary | undefined;
  readonly divergences: readonly DivergingAttempt[];
}

type Job = { -readonly [Member in keyof BacktestJob]: BacktestJob[Member] } & {
  divergences: DivergingAttempt[];
};

/** Runs backtests one after the other, in this process; a restart forgets them. */
@Injectable()
export class BacktestJobs implements OnModuleDestroy {
  private readonly logger = new Logger('Replay');
  private readonly jobs = new Map<string, Job>();
  private beingRecorded = 0;
  private running: Promise<void> | undefined;

  constructor(private readonly ledger: Ledger) {}

  /**
   * Queues a backtest once it has been recorded under its id; undefined, and nothing recorded, when too
   * many wait. One that is being recorded has its place already.
   */
  async queue(
    order: BacktestOrder,
    record: (id: string) => Promise<void>,
  ): Promise<BacktestJob | undefined> {
    if (this.waiting().length + this.beingRecorded >= WAITING_MAX) return undefined;
    const id = randomToken(16);
    this.beingRecorded += 1;
    try {
      await record(id);
    } finally {
      this.beingRecorded -= 1;
    }
    const job: Job = {
      id,
      order,
      queuedAt: Date.now(),
      status: 'queued',
      done: 0,
      total: order.to - order.from + 1,
      summary: undefined,
      divergences: [],
    };
    this.jobs.set(id, job);
    this.forgetOldest();
    this.running ??= this.runAll();
    return job;
  }

  /** The jobs that are remembered, newest first. */
  list(): readonly BacktestJob[] {
    return [...this.jobs.values()].reverse();
  }

  /** A job that is remembered. */
  find(id: string): BacktestJob | undefined {
    return this.jobs.get(id);
  }

  /** Ends a job that waits or runs; what has ended already stays as it is. */
  cancel(id: string): BacktestJob | undefined {
    const job = this.jobs.get(id);
    if (job?.status === 'queued' || job?.status === 'running') job.status = 'cancelled';
    return job;
  }

  /** Ends all of them: the ledger is about to be closed. */
  async onModuleDestroy(): Promise<void> {
    for (const id of this.jobs.keys()) this.cancel(id);
    await this.running;
  }

  private waiting(): readonly Job[] {
    return [...this.jobs.values()].filter(({ status }) => status === 'queued');
  }

  private async runAll(): Promise<void> {
    for (let [job] = this.waiting(); job !== undefined; [job] = this.waiting()) {
      job.status = 'running';
      await this.run(job);
    }
    this.running = undefined;
  }

  private async run(job: Job): Promise<void> {
    try {
      const summary = await runBacktest(this.ledger, job.order, {
        isStopped: () => job.status !== 'running',
        onProgress: (done) => (job.done = done),
        onAttempt: (attempt) => keep(job, attempt),
      });
      if (summary === undefined) return;
      job.summary = summary;
      job.status = 'done';
    } catch (error) {
      job.status = 'failed';
      this.logger.error({ err: error, job: job.id });
    }
  }

  private forgetOldest(): void {
    for (const { id, status } of this.jobs.values()) {
      if (this.jobs.size <= JOBS_MAX) return;
      if (status !== 'queued' && status !== 'running') this.jobs.delete(id);
    }
  }
}

function keep({ divergences }: Job, attempt: BacktestedAttempt): void {
  if (divergences.length < DIVERGENCES_MAX && isDiverging(attempt)) divergences.push(attempt);
}
