import { setImmediate } from 'node:timers/promises';
import { EVENTS_AT_ONCE } from '../access/event-pages.js';
import { eventAt } from '../access/moment.js';
import { StreamHistory } from '../access/stream-history.js';
import type { BacktestPolicy } from '../domain/backtest/backtest-policy.rules.js';
import {
  type BacktestedFamily,
  type BacktestSummary,
  EMPTY_SUMMARY,
  summarise,
} from '../domain/backtest/backtest-summary.rules.js';
import {
  type BacktestCourse,
  type BacktestEvent,
  beginBacktest,
  followBacktest,
  resultOf,
} from '../domain/backtest/family-backtest.rules.js';
import { type AttemptOutcome, attemptOf } from '../domain/backtest/recorded-attempt.rules.js';
import type { RecordedEvent } from '../domain/envelope.js';
import type { Instant, Position } from '../domain/identifiers.js';
import type { Ledger, StreamRow } from '../ledger/ledger.port.js';
import type { BacktestRange } from './backtest-range.reader.js';
import { FamilyIncidents } from './family-incident.reader.js';

/** Which families are decided again, and by which rules. */
export interface BacktestOrder extends BacktestRange {
  readonly policy: BacktestPolicy;
  /** Only families that were granted to this client. */
  readonly clientId?: string | undefined;
}

/** One attempt under both policies. */
export interface BacktestedAttempt {
  readonly position: Position;
  readonly at: Instant;
  readonly familyId: string;
  readonly recorded: AttemptOutcome;
  /** null: it comes after one of its family that came out otherwise. */
  readonly simulated: AttemptOutcome | null;
}

/** An attempt that comes out otherwise. */
export type DivergingAttempt = BacktestedAttempt & { readonly simulated: AttemptOutcome };

/** Whether an attempt is known to come out otherwise. */
export function isDiverging(attempt: BacktestedAttempt): attempt is DivergingAttempt {
  return attempt.simulated !== null && attempt.simulated !== attempt.recorded;
}

/** Whom a backtest tells how far it is, and asks whether to go on. */
export interface BacktestListener {
  /** In positions of the ledger; families are taken from the newest to the oldest. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly onAttempt?: (attempt: BacktestedAttempt) => void;
  readonly isStopped?: () => boolean;
}

/** So many families are read at one go. */
const FAMILIES_AT_ONCE = 250;
/** An event is appended at most so long after it was decided, in milliseconds. */
const APPENDED_WITHIN = 60_000;

/**
 * Decides what families went through again under another policy, family by family: in memory are a page
 * of families, one of events, and of the family at hand what tells its incident. Between two pages other
 * work has its turn. Undefined when it was stopped. Nothing is written.
 */
export async function runBacktest(
  ledger: Ledger,
  order: BacktestOrder,
  { onProgress, onAttempt, isStopped }: BacktestListener = {},
): Promise<BacktestSummary | undefined> {
  const total = order.to - order.from + 1;
  let summary = EMPTY_SUMMARY;
  let done = 0;
  for await (const row of familiesIn(ledger, order)) {
    if (isStopped?.() === true) return undefined;
    if (row === undefined) continue;
    const family = new FollowedFamily(ledger, row, order);
    for await (const attempts of family.attempts()) {
      if (isStopped?.() === true) return undefined;
      for (const attempt of attempts) onAttempt?.(attempt);
    }
    const followed = await family.result();
    if (isStopped?.() === true) return undefined;
    if (followed === undefined) continue;
    summary = summarise(summary, followed);
    done = Math.max(done, order.to - followed.grantedPosition);
    onProgress?.(done, total);
  }
  if (isStopped?.() === true) return undefined;
  onProgress?.(total, total);
  return summary;
}

/**
 * Every attempt that a backtest decides again and that is wanted, family by family from the newest to the oldest, and of
 * each family from the oldest to the newest; for as long as they are asked for. Nothing is kept. A page without
 * any lets the caller end it where there are many families and none is in the range.
 */
export async function* backtestedAttempts(
  ledger: Ledger,
  order: BacktestOrder,
  isWanted: (attempt: BacktestedAttempt) => boolean = () => true,
): AsyncGenerator<readonly BacktestedAttempt[]> {
  for await (const row of familiesIn(ledger, order)) {
    if (row === undefined) {
      yield [];
      continue;
    }
    for await (const attempts of new FollowedFamily(ledger, row, order).attempts()) {
      yield attempts.filter(isWanted);
    }
  }
}

/**
 * The families that may be in the range, and undefined after each page of them, whether any was or not; after so
 * many of their events other work has its turn.
 */
async function* familiesIn(
  ledger: Ledger,
  { from, clientId }: BacktestOrder,
): AsyncGenerator<StreamRow<'family'> | undefined> {
  const { appendedAt } = await eventAt(ledger, from);
  let rows: readonly StreamRow<'family'>[] = [];
  let eventsInTurn = 0;
  do {
    rows = await ledger.streamsOfKind('family', rows.at(-1)?.streamId ?? null, FAMILIES_AT_ONCE);
    for (const row of rows) {
      const isLate = row.state.grantedAt >= appendedAt - APPENDED_WITHIN;
      const isTheirs = clientId === undefined || row.state.clientId === clientId;
      if (!isLate || !isTheirs) continue;
      eventsInTurn += row.version;
      if (eventsInTurn > EVENTS_AT_ONCE) {
        await setImmediate();
        eventsInTurn = row.version;
      }
      yield row;
    }
    await setImmediate();
    yield undefined;
  } while (rows.length === FAMILIES_AT_ONCE);
}

type FollowedResult = BacktestedFamily & { readonly grantedPosition: Position };

/** One family that is decided again, a page of its events at a time. */
class FollowedFamily {
  private readonly incidents = new FamilyIncidents();
  private history: StreamHistory | undefined;
  private course: BacktestCourse | undefined;
  private grantedPosition = 0;

  constructor(
    private readonly ledger: Ledger,
    private readonly row: Pick<StreamRow<'family'>, 'streamId'>,
    private readonly order: BacktestOrder,
  ) {}

  /** Its attempts, oldest first; none for a family that was granted outside of the range. */
  async *attempts(): AsyncGenerator<readonly BacktestedAttempt[]> {
    const { from, to } = this.order;
    this.history = await StreamHistory.of(this.ledger, this.row.streamId, to);
    for await (const page of this.history.pages()) {
      if (this.course === undefined && (page[0]?.position ?? 0) < from) return;
      yield page.flatMap((event) => this.follow(event) ?? []);
    }
  }

  /** What became of it, once all of its attempts were read; undefined when it is not in the range. */
  async result(): Promise<FollowedResult | undefined> {
    const { ledger, incidents, history, course, grantedPosition } = this;
    if (history === undefined || course === undefined) return undefined;
    const incident = await incidents.knowledge(ledger, history);
    return { result: resultOf(course), incident, grantedPosition };
  }

  private follow(event: RecordedEvent): BacktestedAttempt | undefined {
    const { policy } = this.order;
    this.incidents.see(event);
    const before = this.course;
    if (before === undefined) {
      this.course = beginBacktest(familyEvent(event), policy);
      this.grantedPosition = event.position;
      return undefined;
    }
    this.course = followBacktest(before, familyEvent(event), policy);
    const attempt = attemptIn(event, before, this.course);
    const familyId = this.row.streamId.slice('family:'.length);
    return attempt === undefined ? undefined : { familyId, ...attempt };
  }
}

function familyEvent(event: RecordedEvent): BacktestEvent {
  // The ledger checked its data against the catalogue when it was written.
  return event as unknown as BacktestEvent;
}

function attemptIn(
  event: RecordedEvent,
  before: BacktestCourse,
  after: BacktestCourse,
): Omit<BacktestedAttempt, 'familyId'> | undefined {
  const attempt = attemptOf(familyEvent(event));
  if (attempt === undefined) return undefined;
  const { position, recordedAt: at } = event;
  const { outcome: recorded } = attempt;
  const compared = after.divergence?.simulated ?? recorded;
  const simulated = before.divergence === undefined ? compared : null;
  return { position, at, recorded, simulated };
}
