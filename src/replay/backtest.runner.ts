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
  listener: BacktestListener = {},
): Promise<BacktestSummary | undefined> {
  const { onProgress, isStopped } = listener;
  const total = order.to - order.from + 1;
  let summary = EMPTY_SUMMARY;
  let done = 0;
  let eventsInTurn = 0;
  for await (const row of familiesIn(ledger, order, isStopped)) {
    eventsInTurn += row.version;
    if (eventsInTurn > EVENTS_AT_ONCE) {
      await setImmediate();
      eventsInTurn = row.version;
    }
    const family = await backtested(ledger, row, order, listener);
    if (isStopped?.() === true) return undefined;
    if (family === undefined) continue;
    summary = summarise(summary, family);
    done = Math.max(done, order.to - family.grantedPosition);
    onProgress?.(done, total);
  }
  if (isStopped?.() === true) return undefined;
  onProgress?.(total, total);
  return summary;
}

async function* familiesIn(
  ledger: Ledger,
  { from, clientId }: BacktestOrder,
  isStopped: BacktestListener['isStopped'],
): AsyncGenerator<StreamRow<'family'>> {
  const { appendedAt } = await eventAt(ledger, from);
  let rows: readonly StreamRow<'family'>[] = [];
  do {
    rows = await ledger.streamsOfKind('family', rows.at(-1)?.streamId ?? null, FAMILIES_AT_ONCE);
    for (const row of rows) {
      const isLate = row.state.grantedAt >= appendedAt - APPENDED_WITHIN;
      const isTheirs = clientId === undefined || row.state.clientId === clientId;
      if (isLate && isTheirs) yield row;
    }
    await setImmediate();
    if (isStopped?.() === true) return;
  } while (rows.length === FAMILIES_AT_ONCE);
}

interface FollowedFamily extends BacktestedFamily {
  readonly grantedPosition: Position;
}

/** Undefined for a family that was granted outside of the range, and when it was stopped. */
async function backtested(
  ledger: Ledger,
  { streamId }: StreamRow<'family'>,
  { from, to, policy }: BacktestOrder,
  { onAttempt, isStopped }: BacktestListener,
): Promise<FollowedFamily | undefined> {
  const familyId = streamId.slice('family:'.length);
  const incidents = new FamilyIncidents();
  let followed: { readonly course: BacktestCourse; readonly grantedPosition: Position } | undefined;
  const history = await StreamHistory.of(ledger, streamId, to);
  for await (const page of history.pages()) {
    if (isStopped?.() === true) return undefined;
    for (const event of page) {
      incidents.see(event);
      if (followed === undefined) {
        if (event.position < from) return undefined;
        const course = beginBacktest(familyEvent(event), policy);
        followed = { course, grantedPosition: event.position };
        continue;
      }
      const course = followBacktest(followed.course, familyEvent(event), policy);
      const attempt = attemptIn(event, followed.course, course);
      if (attempt !== undefined) onAttempt?.({ familyId, ...attempt });
      followed = { ...followed, course };
    }
  }
  if (followed === undefined) return undefined;
  const { course, grantedPosition } = followed;
  const incident = await incidents.knowledge(ledger, history);
  return { result: resultOf(course), incident, grantedPosition };
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
