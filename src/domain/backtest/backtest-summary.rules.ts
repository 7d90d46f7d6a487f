import { type DurationHistogram, NO_DURATIONS, withDuration } from './duration-histogram.rules.js';
import type { FamilyBacktest, Fate } from './family-backtest.rules.js';
import {
  type Basis,
  type IncidentKnowledge,
  type IncidentNature,
  natureOf,
} from './incident-nature.rules.js';
import type { AttemptOutcome } from './recorded-attempt.rules.js';

/** The same thing under the recorded policy and under the other one. */
export interface BothPolicies<Measure> {
  readonly recorded: Measure;
  readonly simulated: Measure;
}

/** Families, by who says what their incident was. */
export type FamiliesByBasis<By extends Basis = Exclude<Basis, 'none'>> = Readonly<
  Record<By, number>
>;

/** How many families ended so: by detected reuse, or else found expired when a token came. */
export interface SessionsEnded {
  readonly byReuse: number;
  readonly byExpiry: number;
}

/** Many families under another policy. It does not grow with their number. */
export interface BacktestSummary {
  /** `diverged`: some attempt comes out otherwise; `notComparable`: and there are more after it. */
  readonly families: {
    readonly read: number;
    readonly diverged: number;
    readonly notComparable: number;
  };
  readonly attempts: {
    readonly compared: number;
    readonly agreeing: number;
    readonly notComparable: number;
    /** Presentations that were counted, not recorded one by one. */
    readonly counted: number;
  };
  /** How many attempts came out as the first and would have come out as the second. */
  readonly matrix: Readonly<
    Partial<Record<AttemptOutcome, Readonly<Partial<Record<AttemptOutcome, number>>>>>
  >;
  /** Families that were killed for nothing, and would not have been at that attempt. */
  readonly falseAlarmsAvoided: FamiliesByBasis;
  /**
   * Families that would have been killed, were not, and are not known for a theft; and those of a
   * theft that their owner's own retry would have killed.
   */
  readonly newFalseAlarms: FamiliesByBasis<Basis>;
  /** Families that were killed for a theft, and would have given the thief tokens instead. */
  readonly theftsMissed: FamiliesByBasis;
  /** Families that were killed for a theft, and would have refused the thief without detecting it. */
  readonly theftsStoppedOtherwise: FamiliesByBasis;
  /** Families of a theft that would have been killed before they were, if they were at all. */
  readonly theftsCaughtEarlier: FamiliesByBasis;
  /** Families that are known for a theft, however they ended: the measures below are of these. */
  readonly thefts: FamiliesByBasis;
  /** Families that would not have been killed at the attempt that killed them: nobody knows for what. */
  readonly unclearKillsAvoided: number;
  /** Families that were killed after they had diverged: whether they would have been is not known. */
  readonly killsNotComparable: number;
  /** Under the other policy only as far as families are comparable. */
  readonly sessionsEnded: BothPolicies<SessionsEnded>;
  /**
   * Of thefts: how long the presented token had been consumed when it came again. Measured where a
   * detection is known: a theft without one, or with one only after the divergence, adds nothing.
   */
  readonly dwell: BothPolicies<DurationHistogram>;
  /**
   * Of the same detections: how long access tokens stayed good, after the end, for who only checks
   * signatures.
   */
  readonly remainingAccess: BothPolicies<DurationHistogram>;
}

/** One family under another policy, and what is known of its incident. */
export interface BacktestedFamily {
  readonly result: FamilyBacktest;
  readonly incident?: IncidentKnowledge | undefined;
}

const NO_FAMILIES: FamiliesByBasis = { verdict: 0, cause: 0 };
const NO_SESSIONS: SessionsEnded = { byReuse: 0, byExpiry: 0 };

/** The summary of no family. */
export const EMPTY_SUMMARY: BacktestSummary = {
  families: { read: 0, diverged: 0, notComparable: 0 },
  attempts: { compared: 0, agreeing: 0, notComparable: 0, counted: 0 },
  matrix: {},
  falseAlarmsAvoided: NO_FAMILIES,
  newFalseAlarms: { ...NO_FAMILIES, none: 0 },
  theftsMissed: NO_FAMILIES,
  theftsStoppedOtherwise: NO_FAMILIES,
  theftsCaughtEarlier: NO_FAMILIES,
  thefts: NO_FAMILIES,
  unclearKillsAvoided: 0,
  killsNotComparable: 0,
  sessionsEnded: { recorded: NO_SESSIONS, simulated: NO_SESSIONS },
  dwell: { recorded: NO_DURATIONS, simulated: NO_DURATIONS },
  remainingAccess: { recorded: NO_DURATIONS, simulated: NO_DURATIONS },
};

/** Adds one family to the summary of those before it. */
export function summarise(
  summary: BacktestSummary,
  { result, incident = {} }: BacktestedFamily,
): BacktestSummary {
  const { families, attempts, sessionsEnded } = summary;
  const { divergence, recorded, simulated, notComparable } = result;
  const nature = natureOf(incident);
  return {
    ...summary,
    families: {
      read: families.read + 1,
      diverged: families.diverged + (divergence === undefined ? 0 : 1),
      notComparable: families.notComparable + (notComparable > 0 ? 1 : 0),
    },
    attempts: {
      compared: attempts.compared + result.compared,
      agreeing: attempts.agreeing + result.agreeing,
      notComparable: attempts.notComparable + notComparable,
      counted: attempts.counted + result.countedPresentations,
    },
    matrix: withOutcomes(summary.matrix, result),
    sessionsEnded: {
      recorded: withEnd(sessionsEnded.recorded, recorded),
      simulated: withEnd(sessionsEnded.simulated, simulated),
    },
    ...withKillChange(summary, result, nature),
    ...(nature.nature === 'theft' ? withTheft(summary, result, nature.basis) : {}),
  };
}

type Matrix = BacktestSummary['matrix'];

function withOutcomes(matrix: Matrix, { agreements, divergence }: FamilyBacktest): Matrix {
  let next = matrix;
  for (const [outcome, count] of Object.entries(agreements)) {
    next = withCell(next, outcome as AttemptOutcome, outcome as AttemptOutcome, count);
  }
  if (divergence === undefined) return next;
  return withCell(next, divergence.recorded, divergence.simulated, 1);
}

function withCell(
  matrix: Matrix,
  recorded: AttemptOutcome,
  simulated: AttemptOutcome,
  count: number,
): Matrix {
  const row = matrix[recorded] ?? {};
  return { ...matrix, [recorded]: { ...row, [simulated]: (row[simulated] ?? 0) + count } };
}

function withEnd(ended: SessionsEnded, { kill, hasExpired }: Fate): SessionsEnded {
  if (kill !== undefined) return { ...ended, byReuse: ended.byReuse + 1 };
  return hasExpired ? { ...ended, byExpiry: ended.byExpiry + 1 } : ended;
}

type KillChange = 'none' | 'avoided' | 'added' | 'earlier' | 'not_comparable';

/** What the other policy changes about the end of a family by detected reuse. */
function killChangeOf({ divergence, recorded, simulated }: FamilyBacktest): KillChange {
  const before = recorded.kill?.position;
  const after = simulated.kill?.position;
  if (before === after) return 'none';
  if (after !== undefined) return before === undefined ? 'added' : 'earlier';
  return before === divergence?.position ? 'avoided' : 'not_comparable';
}

/** Whether the other policy kills a family at a retry of its owner, a theft or not in its later life. */
function isKilledByOwner({ divergence, simulated }: FamilyBacktest): boolean {
  return divergence?.isOwnRetry === true && simulated.kill?.position === divergence.position;
}

function withKillChange(
  summary: BacktestSummary,
  result: FamilyBacktest,
  known: IncidentNature,
): Partial<BacktestSummary> {
  const { falseAlarmsAvoided, newFalseAlarms, unclearKillsAvoided, killsNotComparable } = summary;
  switch (killChangeOf(result)) {
    case 'none':
      return {};
    case 'not_comparable':
      return { killsNotComparable: killsNotComparable + 1 };
    case 'avoided':
      if (known.nature === 'unclear') return { unclearKillsAvoided: unclearKillsAvoided + 1 };
      return known.nature === 'theft'
        ? withTheftUndetected(summary, result, known.basis)
        : { falseAlarmsAvoided: oneMore(falseAlarmsAvoided, known.basis) };
    case 'earlier':
      return known.nature === 'theft' ? withTheftKill(summary, result, known.basis) : {};
    case 'added':
      return known.nature === 'theft'
        ? withTheftKill(summary, result, known.basis)
        : { newFalseAlarms: oneMore<Basis>(newFalseAlarms, known.basis) };
  }
}

/** A family of a theft is not killed where it was: the thief gets tokens, or is refused all the same. */
function withTheftUndetected(
  { theftsMissed, theftsStoppedOtherwise }: BacktestSummary,
  { divergence }: FamilyBacktest,
  basis: Exclude<Basis, 'none'>,
): Partial<BacktestSummary> {
  return divergence?.simulated.startsWith('refused:') === true
    ? { theftsStoppedOtherwise: oneMore(theftsStoppedOtherwise, basis) }
    : { theftsMissed: oneMore(theftsMissed, basis) };
}

/** A family of a theft is killed at another attempt: the thief's, or its owner's own. */
function withTheftKill(
  { newFalseAlarms, theftsCaughtEarlier }: BacktestSummary,
  result: FamilyBacktest,
  basis: Exclude<Basis, 'none'>,
): Partial<BacktestSummary> {
  return isKilledByOwner(result)
    ? { newFalseAlarms: oneMore<Basis>(newFalseAlarms, 'cause') }
    : { theftsCaughtEarlier: oneMore(theftsCaughtEarlier, basis) };
}

function oneMore<By extends Basis>(families: FamiliesByBasis<By>, basis: By): FamiliesByBasis<By> {
  return { ...families, [basis]: families[basis] + 1 };
}

/** A theft adds to how long thieves stay unnoticed, wherever it ends with its detection. */
function withTheft(
  { thefts, dwell, remainingAccess }: BacktestSummary,
  result: FamilyBacktest,
  basis: Exclude<Basis, 'none'>,
): Pick<BacktestSummary, 'thefts' | 'dwell' | 'remainingAccess'> {
  const { recorded } = result;
  const simulated = isKilledByOwner(result) ? undefined : result.simulated;
  return {
    thefts: oneMore(thefts, basis),
    dwell: {
      recorded: withSpan(dwell.recorded, recorded.kill?.dwell),
      simulated: withSpan(dwell.simulated, simulated?.kill?.dwell),
    },
    remainingAccess: {
      recorded: withSpan(remainingAccess.recorded, recorded.kill?.remainingAccess),
      simulated: withSpan(remainingAccess.simulated, simulated?.kill?.remainingAccess),
    },
  };
}

function withSpan(histogram: DurationHistogram, duration: number | undefined): DurationHistogram {
  return duration === undefined ? histogram : withDuration(histogram, duration);
}
