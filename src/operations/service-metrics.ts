import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { TokenOutcome } from '../grants/token-answer.js';
import { TokenObserver } from '../grants/token-observer.port.js';

/** What is asked when metrics are read, and costs nothing in between. */
export interface MetricSources {
  /** How many decisions wait for a commit. */
  readonly waiting: () => number;
  /** How many decisions were taken again because another node was faster. */
  readonly conflicts: () => number;
  /** How many events the ledger holds. */
  readonly sizeEvents: () => Promise<number>;
  /** How many bytes the ledger takes on the disk. */
  readonly sizeBytes: () => Promise<number>;
  /** How far the ledger was sealed, and for how long that has been so; NaN before the first time. */
  readonly sealed: () => Promise<Sealed>;
  /** How many events the views have; 0 when no views answer. */
  readonly viewsEvents: () => Promise<number>;
  /** How many events the views lack. */
  readonly viewsLagEvents: () => Promise<number>;
  /** For how long the oldest of those has been in the ledger. */
  readonly viewsLagSeconds: () => Promise<number>;
}

/** How far the ledger was sealed. */
export interface Sealed {
  readonly sizeEvents: number;
  readonly lagEvents: number;
  readonly ageSeconds: number;
}

/** Streams that were folded again from their events, as the sealer tells it. */
export interface ObservedRefold {
  readonly differing: readonly unknown[];
  readonly uncheckedCount: number;
}

/** A commit of the ledger, as it is told to observers. */
export interface ObservedFlush {
  readonly decisions: number;
  readonly events: number;
  readonly durationMilliseconds: number;
}

const GRANTS = ['authorization_code', 'refresh_token', 'client_credentials', 'other'] as const;
const BATCH_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128];
const SECONDS_BUCKETS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
];

type Tally = Map<string, number>;

/**
 * What the service counts, as Prometheus reads it. Observing is an addition in memory: the labels are
 * made when metrics are read, and come from closed sets, never from a caller.
 */
export class ServiceMetrics extends TokenObserver {
  private readonly registry = new Registry();
  private readonly granted = talliesByGrant();
  private readonly denied = talliesByGrant();
  private readonly failures: Tally = new Map();
  private readonly sealFailures: Tally = new Map();
  private readonly batch: Histogram;
  private readonly flushDuration: Histogram;
  private events = 0;
  private refoldFailures = 0;
  private refoldUnchecked = 0;
  private sources: MetricSources | undefined;

  constructor() {
    super();
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    this.batch = new Histogram({
      name: 'token_ledger_batch_decisions',
      help: 'Decisions in one commit of the ledger.',
      buckets: BATCH_BUCKETS,
      registers,
    });
    this.flushDuration = new Histogram({
      name: 'token_ledger_flush_duration_seconds',
      help: 'From the beginning of a batch to its durable commit.',
      buckets: SECONDS_BUCKETS,
      registers,
    });
    this.describeTokens();
    this.describeLedger();
    this.describeSeals();
    this.describeRefold();
    this.describeViews();
  }

  /** Counts what became of a request for tokens. */
  observed(grant: string, outcome: TokenOutcome): void {
    if (outcome.kind === 'granted') add(tallyOf(this.granted, grant), outcome.how);
    else add(tallyOf(this.denied, grant), outcome.reason);
  }

  /** Counts a commit. */
  flushed({ decisions, events, durationMilliseconds }: ObservedFlush): void {
    this.events += events;
    this.batch.observe(decisions);
    this.flushDuration.observe(durationMilliseconds / 1000);
  }

  /** Counts a batch that could not be committed, or a decision that broke an invariant. */
  failed(code: string): void {
    add(this.failures, code);
  }

  /** Counts a seal that failed and is tried again. */
  sealFailed(code: string): void {
    add(this.sealFailures, code);
  }

  /** Counts streams that were folded again: those that differed, and those that were not. */
  refolded({ differing, uncheckedCount }: ObservedRefold): void {
    this.refoldFailures += differing.length;
    this.refoldUnchecked += uncheckedCount;
  }

  /** Says whom to ask when metrics are read. */
  watch(sources: MetricSources): void {
    this.sources = sources;
  }

  /** Everything as text (Prometheus exposition format). */
  async text(): Promise<{ readonly mediaType: string; readonly body: string }> {
    return { mediaType: this.registry.contentType, body: await this.registry.metrics() };
  }

  private describeTokens(): void {
    const sum = (name: string, help: string, total: () => number): void => {
      this.count(name, help, [], (put) => put({}, total()));
    };
    const sumOf = (tallies: ReadonlyMap<string, Tally>, key: string): number =>
      [...tallies.values()].reduce((total, tally) => total + (tally.get(key) ?? 0), 0);
    sum('token_ledger_rotations_total', 'Refresh tokens that got a successor.', () =>
      sumOf(this.granted, 'rotated'),
    );
    sum('token_ledger_retries_total', 'Refresh tokens that got the same successor again.', () =>
      sumOf(this.granted, 'retried'),
    );
    sum('token_ledger_reuses_total', 'Consumed tokens that were presented again.', () =>
      sumOf(this.denied, 'reuse_detected'),
    );
    this.count(
      'token_ledger_grants_total',
      'Requests for tokens that were granted.',
      ['grant', 'how'],
      (put) => eachCount(this.granted, (grant, how, count) => put({ grant, how }, count)),
    );
    this.count(
      'token_ledger_denials_total',
      'Requests for tokens that were denied; malformed_token is what we never minted.',
      ['grant', 'reason'],
      (put) => eachCount(this.denied, (grant, reason, count) => put({ grant, reason }, count)),
    );
  }

  private describeLedger(): void {
    this.count('token_ledger_appended_events_total', 'Events that were committed.', [], (put) =>
      put({}, this.events),
    );
    this.count(
      'token_ledger_flush_failures_total',
      'Batches that could not be committed; decider is a single decision that threw.',
      ['code'],
      (put) => this.failures.forEach((count, code) => put({ code }, count)),
    );
    this.count(
      'token_ledger_conflicts_total',
      'Decisions that were taken again because another node was faster.',
      [],
      (put) => put({}, this.sources?.conflicts() ?? 0),
    );
    this.gauge('token_ledger_queue_decisions', 'Decisions that wait for a commit.', (sources) =>
      sources.waiting(),
    );
    this.gauge('token_ledger_size_events', 'Events in the ledger.', ({ sizeEvents }) =>
      sizeEvents(),
    );
    this.gauge('token_ledger_size_bytes', 'What the ledger takes on the disk.', ({ sizeBytes }) =>
      sizeBytes(),
    );
  }

  private describeSeals(): void {
    const gauge = (name: string, help: string, member: keyof Sealed): void => {
      this.gauge(name, help, async ({ sealed }) => (await sealed())[member]);
    };
    gauge('token_ledger_sealed_size_events', 'Events under the newest checkpoint.', 'sizeEvents');
    gauge('token_ledger_seal_lag_events', 'Events under no checkpoint yet.', 'lagEvents');
    gauge(
      'token_ledger_seal_age_seconds',
      'Since the newest checkpoint; nothing is sealed while nothing happens.',
      'ageSeconds',
    );
    this.count(
      'token_ledger_seal_failures_total',
      'Seals that failed and were tried again; file is the checkpoint file.',
      ['code'],
      (put) => this.sealFailures.forEach((count, code) => put({ code }, count)),
    );
  }

  private describeRefold(): void {
    this.count(
      'token_ledger_refold_failures_total',
      'Streams whose stored state is not the fold of their events.',
      [],
      (put) => put({}, this.refoldFailures),
    );
    this.count(
      'token_ledger_refold_unchecked_total',
      'Streams with too long a history to be folded again when they went on.',
      [],
      (put) => put({}, this.refoldUnchecked),
    );
  }

  private describeViews(): void {
    this.gauge(
      'token_ledger_views_events',
      'Events of the ledger that are in the views that answer: their position, from 1.',
      ({ viewsEvents }) => viewsEvents(),
    );
    this.gauge(
      'token_ledger_views_lag_events',
      'Events of the ledger that are not in the views yet.',
      ({ viewsLagEvents }) => viewsLagEvents(),
    );
    this.gauge(
      'token_ledger_views_lag_seconds',
      'How long the oldest of those events has been in the ledger.',
      ({ viewsLagSeconds }) => viewsLagSeconds(),
    );
  }

  private count(
    name: string,
    help: string,
    labelNames: readonly string[],
    counts: (put: (labels: Record<string, string>, count: number) => void) => void,
  ): void {
    const counter = new Counter({
      name,
      help,
      labelNames,
      registers: [this.registry],
      collect: () => {
        counter.reset();
        counts((labels, count) => counter.inc(labels, count));
      },
    });
  }

  private gauge(
    name: string,
    help: string,
    measure: (sources: MetricSources) => number | Promise<number>,
  ): void {
    const gauge = new Gauge({
      name,
      help,
      registers: [this.registry],
      collect: async () => {
        if (this.sources === undefined) return;
        try {
          gauge.set(await measure(this.sources));
        } catch {
          // A store in trouble must not hide the metrics that say so.
          gauge.set(Number.NaN);
        }
      },
    });
  }
}

function talliesByGrant(): ReadonlyMap<string, Tally> {
  return new Map(GRANTS.map((grant) => [grant, new Map<string, number>()]));
}

function tallyOf(tallies: ReadonlyMap<string, Tally>, grant: string): Tally {
  return (tallies.get(grant) ?? tallies.get('other')) as Tally;
}

function add(tally: Tally, key: string): void {
  tally.set(key, (tally.get(key) ?? 0) + 1);
}

function eachCount(
  tallies: ReadonlyMap<string, Tally>,
  use: (grant: string, key: string, count: number) => void,
): void {
  for (const [grant, tally] of tallies) {
    for (const [key, count] of tally) use(grant, key, count);
  }
}
