import { describe, expect, it } from '@jest/globals';
import type { BacktestPolicy } from '../../../src/domain/backtest/backtest-policy.rules.js';
import {
  type BacktestSummary,
  EMPTY_SUMMARY,
  summarise,
} from '../../../src/domain/backtest/backtest-summary.rules.js';
import { spreadOf } from '../../../src/domain/backtest/duration-histogram.rules.js';
import type { IncidentKnowledge } from '../../../src/domain/backtest/incident-nature.rules.js';
import type { RecordedFamilyEvent } from '../../../src/domain/token-family/family.evolve.js';
import { refresh } from '../../support/domain-family-commands.js';
import { familyAt, rejected } from '../../support/domain-family-events.js';
import { DAY, MINUTE, rotatedAt, SECOND } from '../../support/domain-world.js';
import { given, recorded } from '../../support/given-when-then.js';
import { backtest } from './backtest-history.js';

type Presented = readonly [generation: number, after: number, by?: 'other_party'];

/** A family at generation 2 that is presented these tokens, so long after the last rotation. */
function family(...presented: readonly Presented[]): RecordedFamilyEvent[] {
  const history = familyAt(2);
  for (const [generation, after, by] of presented) {
    const receivedAt = rotatedAt(2) + after;
    const circumstances = { receivedAt, isOtherParty: () => by === 'other_party' };
    const { decision } = given(...history).when(refresh({ generation }), circumstances);
    history.push(...recorded(decision, receivedAt));
  }
  return history;
}

type Case = readonly [history: readonly RecordedFamilyEvent[], incident?: IncidentKnowledge];

function summaryOf(policy: BacktestPolicy, ...families: readonly Case[]): BacktestSummary {
  let summary = EMPTY_SUMMARY;
  for (const [history, incident] of families) {
    summary = summarise(summary, { result: backtest(history, policy), incident });
  }
  return summary;
}

/** Reuse a quarter of a minute after the window. */
const reusedSoon = family([1, 45 * SECOND]);
/** Reuse long after any window. */
const reusedLate = family([1, 5 * MINUTE]);
/** A retry inside the window. */
const retried = family([1, 20 * SECOND]);
/** A retry inside the window, reuse after it. */
const retriedAndReused = family([1, 20 * SECOND], [0, 3 * MINUTE]);

/** The same, but the retry is not the owner's. */
const stolenInside = family([1, 20 * SECOND, 'other_party'], [0, 3 * MINUTE]);

const theft: IncidentKnowledge = { verdict: 'theft' };
const suspicious: IncidentKnowledge = { cause: 'likely_theft' };
const benign: IncidentKnowledge = { cause: 'lost_response' };

const wider: BacktestPolicy = { retryWindow: 60 * SECOND };
const none: BacktestPolicy = { retryWindow: 0 };

describe('the summary of a backtest', () => {
  it('of no family is all zeros', () => {
    expect(spreadOf(EMPTY_SUMMARY.dwell.recorded).count).toBe(0);
    expect(EMPTY_SUMMARY.families).toEqual({ read: 0, diverged: 0, notComparable: 0 });
    expect(EMPTY_SUMMARY.matrix).toEqual({});
  });

  it('counts families and attempts, those that diverge and those that are not comparable', () => {
    const counted: RecordedFamilyEvent = {
      type: 'PresentationsCounted',
      recordedAt: rotatedAt(3),
      data: { outcome: 'retried', count: 6, firstAt: rotatedAt(3), lastAt: rotatedAt(3) },
    };
    const summary = summaryOf(
      none,
      [familyAt(2)],
      [[...retried, counted]],
      [retriedAndReused],
      [reusedLate],
    );
    expect(summary.families).toEqual({ read: 4, diverged: 2, notComparable: 1 });
    expect(summary.attempts).toEqual({ compared: 15, agreeing: 13, notComparable: 1, counted: 6 });
  });

  it('sets the recorded outcomes of attempts against the simulated ones', () => {
    const refused = rejected(1, 'family_revoked', rotatedAt(4));
    expect(summaryOf(none, [[...reusedLate, refused]], [retried], [retried]).matrix).toEqual({
      issued: { issued: 9 },
      retried: { killed: 2 },
      killed: { killed: 1 },
      'refused:family_revoked': { 'refused:family_revoked': 1 },
    });
    expect(summaryOf(wider, [reusedSoon], [reusedLate]).matrix).toMatchObject({
      killed: { killed: 1, retried: 1 },
    });
  });

  it('counts false alarms avoided, by who says that they were some', () => {
    const summary = summaryOf(
      wider,
      [reusedSoon, { verdict: 'false_alarm' }],
      [reusedSoon, { verdict: 'broken_client', cause: 'likely_theft' }],
      [reusedSoon, benign],
      [reusedLate, { verdict: 'false_alarm' }],
    );
    expect(summary.falseAlarmsAvoided).toEqual({ verdict: 2, cause: 1 });
    expect(summary.theftsMissed).toEqual({ verdict: 0, cause: 0 });
    expect(summary.unclearKillsAvoided).toBe(0);
  });

  it('counts thefts missed, by who says that they were some', () => {
    const summary = summaryOf(
      wider,
      [reusedSoon, theft],
      [reusedSoon, suspicious],
      [reusedSoon, suspicious],
      [reusedLate, theft],
    );
    expect(summary.theftsMissed).toEqual({ verdict: 1, cause: 2 });
    expect(summary.falseAlarmsAvoided).toEqual({ verdict: 0, cause: 0 });
  });

  it('counts thefts apart that would have got nothing, although nobody would have detected them', () => {
    const reused = family([1, 25 * MINUTE]);
    const expired = summaryOf({ idle: 20 * MINUTE }, [reused, theft], [reused, suspicious]);
    expect(expired.matrix.killed).toEqual({ 'refused:expired_idle': 2 });
    expect(expired.theftsStoppedOtherwise).toEqual({ verdict: 1, cause: 1 });
    expect(expired.theftsMissed).toEqual({ verdict: 0, cause: 0 });
    expect(summaryOf(wider, [reusedSoon, theft]).theftsStoppedOtherwise).toEqual({
      verdict: 0,
      cause: 0,
    });
  });

  it('counts kills avoided of which nobody knows what they were', () => {
    const summary = summaryOf(wider, [reusedSoon], [reusedSoon, { verdict: 'unclear' }]);
    expect(summary.unclearKillsAvoided).toBe(2);
    expect(summary.falseAlarmsAvoided).toEqual({ verdict: 0, cause: 0 });
    expect(summary.theftsMissed).toEqual({ verdict: 0, cause: 0 });
  });

  it('counts new false alarms: kills of families that lived, unless they are known for a theft', () => {
    const summary = summaryOf(
      none,
      [retried],
      [retried, benign],
      [retried, { verdict: 'false_alarm' }],
      [retried, { verdict: 'unclear' }],
      [retriedAndReused, benign],
    );
    expect(summary.newFalseAlarms).toEqual({ verdict: 1, cause: 1, none: 2 });
    expect(summary.theftsCaughtEarlier).toEqual({ verdict: 0, cause: 0 });
  });

  it('counts thefts caught earlier than they were, or than never', () => {
    const summary = summaryOf(
      none,
      [stolenInside, theft],
      [stolenInside, suspicious],
      [family([1, 20 * SECOND, 'other_party']), suspicious],
      [reusedLate, theft],
    );
    expect(summary.theftsCaughtEarlier).toEqual({ verdict: 1, cause: 2 });
    expect(summary.newFalseAlarms).toEqual({ verdict: 0, cause: 0, none: 0 });
  });

  it("does not take the owner's own retry for the thief, whatever became of the family", () => {
    const summary = summaryOf(none, [retriedAndReused, theft], [retried, suspicious]);
    expect(summary.theftsCaughtEarlier).toEqual({ verdict: 0, cause: 0 });
    expect(summary.newFalseAlarms).toEqual({ verdict: 0, cause: 2, none: 0 });
    expect(spreadOf(summary.dwell.recorded).count).toBe(1);
    expect(spreadOf(summary.dwell.simulated).count).toBe(0);
    expect(spreadOf(summary.remainingAccess.simulated).count).toBe(0);
  });

  it('says nothing of a kill after the family diverged', () => {
    const summary = summaryOf({ idle: 9 * MINUTE }, [reusedLate, theft]);
    expect(summary.killsNotComparable).toBe(1);
    expect(summary.theftsMissed).toEqual({ verdict: 0, cause: 0 });
  });

  it('counts the sessions that ended by reuse, or else by being found expired', () => {
    const expired = family([2, 31 * DAY]);
    expect(
      summaryOf(none, [retried], [reusedLate], [expired], [familyAt(2)]).sessionsEnded,
    ).toEqual({
      recorded: { byReuse: 1, byExpiry: 1 },
      simulated: { byReuse: 2, byExpiry: 1 },
    });
    expect(summaryOf({ idle: 40 * DAY }, [expired]).sessionsEnded).toEqual({
      recorded: { byReuse: 0, byExpiry: 1 },
      simulated: { byReuse: 0, byExpiry: 0 },
    });
  });

  it('counts the thefts that it measures, also those that are not detected in a world', () => {
    const summary = summaryOf(
      wider,
      [reusedSoon, theft],
      [reusedLate, suspicious],
      [retried, suspicious],
      [reusedSoon, benign],
      [reusedSoon],
    );
    expect(summary.thefts).toEqual({ verdict: 1, cause: 2 });
    expect(spreadOf(summary.dwell.recorded).count).toBe(2);
    expect(spreadOf(summary.dwell.simulated).count).toBe(1);
  });

  it('tells how long thieves went unnoticed, and what they still had, in each world', () => {
    const { dwell, remainingAccess } = summaryOf(
      none,
      [stolenInside, theft],
      [reusedLate, suspicious],
      [retried, benign],
      [reusedSoon, benign],
    );
    expect(spreadOf(dwell.recorded)).toMatchObject({ count: 2, maximum: 13 * MINUTE });
    expect(spreadOf(dwell.simulated)).toMatchObject({ count: 2, maximum: 5 * MINUTE });
    expect(spreadOf(remainingAccess.recorded).maximum).toBe(7 * MINUTE);
    expect(spreadOf(remainingAccess.simulated).maximum).toBe(10 * MINUTE - 20 * SECOND);
  });

  it('does not grow with the number of families', () => {
    let summary = summaryOf(wider, [reusedSoon, theft], [reusedLate, benign]);
    const size = JSON.stringify(summary).length;
    const result = backtest(reusedSoon, wider);
    for (let read = 0; read < 1_000; read += 1) {
      summary = summarise(summary, { result, incident: theft });
    }
    expect(summary.families.read).toBe(1_002);
    expect(JSON.stringify(summary).length).toBeLessThan(size + 40);
  });
});
