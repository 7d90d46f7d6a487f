import type { EventOf } from '../events/event-catalogue.js';
import type { Instant, Position } from '../identifiers.js';
import { evolveFamily, type RecordedFamilyEvent } from '../token-family/family.evolve.js';
import type { FamilyState } from '../token-family/family.state.js';
import { decideAttempt } from './attempt.decider.js';
import { type BacktestPolicy, grantUnder } from './backtest-policy.rules.js';
import { type AttemptOutcome, attemptOf, type RecordedAttempt } from './recorded-attempt.rules.js';

/** An event of a family in its place in the ledger. */
export type BacktestEvent = RecordedFamilyEvent & { readonly position: Position };

/** The end of a family by detected reuse. Spans in milliseconds. */
export interface Kill {
  readonly position: Position;
  readonly at: Instant;
  /** How long the presented token had been consumed when it came again. */
  readonly dwell: number;
  /** How long access tokens of the family stay good for whoever only checks their signature. */
  readonly remainingAccess: number;
}

/** How a family fared: under the recorded policy to its end, under another until it diverged. */
export interface Fate {
  readonly kill?: Kill;
  /** Whether it was presented a token after it had expired, idle or altogether. */
  readonly hasExpired: boolean;
}

/** The first attempt that comes out otherwise under another policy. */
export interface Divergence {
  readonly position: Position;
  readonly at: Instant;
  readonly recorded: AttemptOutcome;
  readonly simulated: AttemptOutcome;
  /** Whether it was a retry from where the rotation before it came from: the owner's own. */
  readonly isOwnRetry: boolean;
}

/** How often each outcome was the same under both policies. */
export type Agreements = Readonly<Partial<Record<AttemptOutcome, number>>>;

/** One family under another policy. */
export interface FamilyBacktest {
  /** Attempts decided again: all up to and with the first that diverges. */
  readonly compared: number;
  readonly agreeing: number;
  readonly agreements: Agreements;
  readonly divergence?: Divergence;
  /** Attempts after the divergence: whoever made them would have held other tokens by then. */
  readonly notComparable: number;
  /** Presentations that were counted and not recorded one by one: they cannot be decided again. */
  readonly countedPresentations: number;
  readonly recorded: Fate;
  readonly simulated: Fate;
}

/** A family as it fares, event by event. */
interface Life extends Fate {
  readonly state: FamilyState;
  /** When the last of its access tokens expires. */
  readonly accessUntil: Instant;
}

/** A family on its way: what `resultOf` will say of it, as far as it was followed. */
export interface BacktestCourse extends Omit<FamilyBacktest, 'compared' | 'agreeing'> {
  readonly recorded: Life;
  readonly simulated: Life;
}

/**
 * Decides the recorded attempts on one family again, oldest first, as if it had been granted under the
 * policy. The attempts are held as they came, so that nothing is said of those after the first that
 * comes out otherwise.
 *
 * Throws an Error when the events are not the history of a family: a broken invariant.
 */
export function backtestFamily(
  history: readonly BacktestEvent[],
  policy: BacktestPolicy,
): FamilyBacktest {
  const [grant, ...later] = history;
  let course = beginBacktest(grant, policy);
  for (const event of later) course = followBacktest(course, event, policy);
  return resultOf(course);
}

/** Begins with the grant of a family. Throws an Error for anything else: a broken invariant. */
export function beginBacktest(
  grant: BacktestEvent | undefined,
  policy: BacktestPolicy,
): BacktestCourse {
  if (grant?.type !== 'GrantIssued')
    throw new Error('the history of a family begins with its grant');
  return {
    agreements: {},
    notComparable: 0,
    countedPresentations: 0,
    recorded: born(grant),
    simulated: born(grantUnder(policy, grant)),
  };
}

/** What is to be said of a family that was followed so far. */
export function resultOf(course: BacktestCourse): FamilyBacktest {
  const agreeing = Object.values(course.agreements).reduce((sum, count) => sum + count, 0);
  return {
    ...course,
    compared: agreeing + (course.divergence === undefined ? 0 : 1),
    agreeing,
    recorded: fateOf(course.recorded),
    simulated: fateOf(course.simulated),
  };
}

function born(grant: RecordedFamilyEvent): Life {
  return { state: evolveFamily(undefined, grant), hasExpired: false, accessUntil: 0 };
}

function fateOf({ kill, hasExpired }: Life): Fate {
  return { hasExpired, ...(kill === undefined ? {} : { kill }) };
}

/** Follows a family by one more of its events, in their order. */
export function followBacktest(
  before: BacktestCourse,
  event: BacktestEvent,
  policy: BacktestPolicy,
): BacktestCourse {
  const attempt = attemptOf(event);
  const recorded = lived(before.recorded, [event], event, attempt?.outcome);
  const counted = event.type === 'PresentationsCounted' ? event.data.count : 0;
  const countedPresentations = before.countedPresentations + counted;
  const course: BacktestCourse = { ...before, recorded, countedPresentations };
  if (before.divergence !== undefined) {
    return attempt === undefined ? course : { ...course, notComparable: before.notComparable + 1 };
  }
  if (attempt === undefined) {
    return followsFromAttempt(event)
      ? course
      : { ...course, simulated: lived(before.simulated, [event], event) };
  }
  return compared(before, course, event, attempt, policy);
}

/** Whether the deciders write this event themselves where they write the one before it. */
function followsFromAttempt(event: EventOf<'family'>): boolean {
  if (event.type !== 'FamilyRevoked') return false;
  return event.data.reason === 'refresh_token_reuse' || event.data.reason === 'code_reuse';
}

function compared(
  before: BacktestCourse,
  course: BacktestCourse,
  event: BacktestEvent,
  attempt: RecordedAttempt,
  policy: BacktestPolicy,
): BacktestCourse {
  const { position, recordedAt: at } = event;
  const { outcome, events } = attempt.isHeld
    ? { outcome: attempt.outcome, events: [event] }
    : decideAttempt(before.simulated.state, before.recorded.state, attempt, policy, at);
  const simulated = lived(before.simulated, events, event, outcome);
  if (outcome !== attempt.outcome) {
    const isOwnRetry = event.type === 'RefreshRetried' && event.data.otherParty !== true;
    const recordedOutcome = attempt.outcome;
    const divergence = { position, at, recorded: recordedOutcome, simulated: outcome, isOwnRetry };
    return { ...course, simulated, divergence };
  }
  const count = (course.agreements[outcome] ?? 0) + 1;
  return { ...course, simulated, agreements: { ...course.agreements, [outcome]: count } };
}

/** A life continued by events of one place. */
function lived(
  life: Life,
  events: readonly EventOf<'family'>[],
  { position, recordedAt: at }: BacktestEvent,
  outcome?: AttemptOutcome,
): Life {
  let { state, kill, accessUntil } = life;
  for (const event of events) {
    state = evolveFamily(state, { ...event, recordedAt: at });
    if ('token' in event.data && event.data.token !== undefined) {
      accessUntil = Math.max(accessUntil, event.data.token.expiresAt);
    }
    if (event.type === 'RefreshTokenReuseDetected') {
      const remainingAccess = Math.max(0, accessUntil - at);
      kill = { position, at, dwell: event.data.age, remainingAccess };
    }
  }
  const isExpiry = outcome === 'refused:expired_idle' || outcome === 'refused:expired_absolute';
  return {
    state,
    accessUntil,
    hasExpired: life.hasExpired || isExpiry,
    ...(kill === undefined ? {} : { kill }),
  };
}
