import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decideAttempt } from '../../../src/domain/backtest/attempt.decider.js';
import {
  attemptOf,
  type AttemptOutcome,
  attemptOutcomeOf,
} from '../../../src/domain/backtest/recorded-attempt.rules.js';
import type { Instant } from '../../../src/domain/identifiers.js';
import {
  evolveFamily,
  type RecordedFamilyEvent,
} from '../../../src/domain/token-family/family.evolve.js';
import { isTooLateFor } from '../../../src/domain/token-family/access-token.rules.js';
import type { FamilyState } from '../../../src/domain/token-family/family.state.js';
import { anyInterleaving, anyPolicy, live, type Step } from '../../support/domain-interleavings.js';
import { DAY, GRANTED_AT, MINUTE, SECOND } from '../../support/domain-world.js';
import { backtest, positionOf } from './backtest-history.js';

const RUNS = { numRuns: 200 };

/** Rules under which families expire, or do not. */
const anyRules = fc
  .tuple(anyPolicy, fc.constantFrom(20 * MINUTE, 30 * DAY))
  .map(([policy, idle]) => Object.assign({ idle }, policy));

/** Rules under which each refresh token has a successor. */
const anyRotating = anyRules.map((rules) => ({ ...rules, rotation: 'rotate' as const }));

/** What each type of event says the caller got. */
const gotBy: Partial<Record<RecordedFamilyEvent['type'], AttemptOutcome>> = {
  GrantRedeemed: 'issued',
  RefreshTokenRotated: 'issued',
  AccessTokenRefreshed: 'issued',
  RefreshRetried: 'retried',
  RefreshTokenReuseDetected: 'killed',
  LedgerRollbackSuspected: 'refused:rollback_suspected',
};

function outcomesIn(history: readonly RecordedFamilyEvent[]): Record<string, number> {
  const outcomes: Record<string, number> = {};
  for (const event of history) {
    const isRejection = event.type === 'RefreshRejected';
    const outcome = isRejection ? `refused:${event.data.reason}` : gotBy[event.type];
    if (outcome !== undefined) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  return outcomes;
}

describe('the recorded policy', () => {
  it('agrees with everything that ever happened under it, named or left as it was', () => {
    fc.assert(
      fc.property(anyRules, anyInterleaving, (rules, happenings) => {
        const { history } = live(rules, happenings);
        const named = { ...rules, absolute: 180 * DAY, accessTokenLifetime: 10 * MINUTE };
        for (const policy of [named, {}]) {
          const result = backtest(history, policy);
          expect(result.divergence).toBeUndefined();
          expect(result.agreements).toEqual(outcomesIn(history));
          expect(result.notComparable).toBe(0);
          expect(result.simulated).toEqual(result.recorded);
        }
      }),
      RUNS,
    );
  });

  it('makes the same of a family with every attempt', () => {
    fc.assert(
      fc.property(anyRules, anyInterleaving, (rules, happenings) => {
        const { history } = live(rules, happenings);
        let before = evolveFamily(undefined, history[0]!);
        for (const [index, event] of history.entries()) {
          if (index === 0) continue;
          const attempt = attemptOf(event);
          const after = evolveFamily(before, event);
          if (attempt !== undefined && !attempt.isHeld) {
            const { recordedAt } = event;
            const { events } = decideAttempt(before, before, attempt, {}, recordedAt);
            const [again] = events;
            expect(tellable(evolveFamily(before, { ...again!, recordedAt }))).toEqual(
              tellable(after),
            );
          }
          before = after;
        }
      }),
      RUNS,
    );
  });
});

/** A state without what no event tells of a request: the keys in use, and a scope that was served. */
function tellable(family: FamilyState): unknown {
  const { keyId: _, answers, ...state } = family;
  const expiries = answers.map(({ requestHash, token }) => [
    requestHash,
    token.sequence,
    token.expiresAt,
  ]);
  return { ...state, expiries };
}

/** When the refresh token of this generation was used, as the history says it. */
function consumptionOf(history: readonly RecordedFamilyEvent[], generation: number): Instant {
  const rotation = history.find(
    ({ type, data }) => type === 'RefreshTokenRotated' && data.presentedGeneration === generation,
  );
  return rotation?.recordedAt ?? Number.POSITIVE_INFINITY;
}

describe('a wider retry window', () => {
  it('kills no family at an attempt at which it lived', () => {
    fc.assert(
      fc.property(
        anyRotating,
        anyInterleaving,
        fc.integer({ min: 1, max: 60 * SECOND }),
        (rules, happenings, wider) => {
          const retryWindow = rules.retryWindow + wider;
          const { divergence } = backtest(live(rules, happenings).history, { retryWindow });
          expect(divergence?.simulated).not.toBe('killed');
        },
      ),
      RUNS,
    );
  });
});

describe('no retry window', () => {
  it('kills a family at the first token that comes after it was used', () => {
    fc.assert(
      fc.property(anyRotating, anyInterleaving, (rules, happenings) => {
        const { history } = live({ ...rules, retryUntilUsed: false }, happenings);
        const isLate = (event: RecordedFamilyEvent): boolean => {
          const isRetry = event.type === 'RefreshRetried';
          const isRefused =
            event.type === 'RefreshRejected' &&
            ['stale_inside_window', 'scope_exceeded'].includes(event.data.reason);
          if (!isRetry && !isRefused) return false;
          const { presentedGeneration, receivedAt } = event.data;
          return receivedAt > consumptionOf(history, presentedGeneration!);
        };
        const late = history.findIndex(isLate);
        const { divergence, simulated } = backtest(history, { retryWindow: 0 });
        if (late < 0) return expect(divergence).toBeUndefined();
        expect(divergence).toMatchObject({ position: positionOf(late), simulated: 'killed' });
        expect(simulated.kill?.position).toBe(positionOf(late));
      }),
      RUNS,
    );
  });
});

describe('a shorter absolute lifetime', () => {
  it('refuses the first token that comes when it has no second left', () => {
    const kept = new Set(['client_authentication_failed', 'foreign_client', 'family_revoked']);
    fc.assert(
      fc.property(
        anyRotating,
        anyInterleaving,
        fc.integer({ min: 1, max: 60 * MINUTE }),
        (rules, happenings, absolute) => {
          const { history } = live({ ...rules, idle: 30 * DAY }, happenings);
          const late = history.findIndex((event) => {
            if (event.type === 'RefreshRejected' && kept.has(event.data.reason)) return false;
            const isRedemption = event.type === 'GrantRedeemed';
            if (!isRedemption && !('presentedGeneration' in event.data)) return false;
            if ('kind' in event.data && event.data.kind === 'code') return false;
            if (event.type === 'LedgerRollbackSuspected') return false;
            return isTooLateFor(GRANTED_AT + absolute, event.recordedAt);
          });
          const { divergence } = backtest(history, { absolute });
          if (late < 0) return expect(divergence).toBeUndefined();
          expect(divergence).toMatchObject({
            position: positionOf(late),
            simulated: 'refused:expired_absolute',
          });
        },
      ),
      RUNS,
    );
  });
});

describe('any other policy', () => {
  const outcomeOf = ({ decision: { outcome } }: Step): AttemptOutcome | undefined =>
    typeof outcome === 'object' ? attemptOutcomeOf(outcome) : undefined;

  it('diverges where the same requests first come out otherwise when they are made under it', () => {
    fc.assert(
      fc.property(anyRotating, anyRotating, anyInterleaving, (rules, others, happenings) => {
        const { history, steps } = live(rules, happenings);
        const lived = live(others, happenings).steps;
        let index = 2;
        const first = steps.findIndex((step, place) => {
          const isOther = outcomeOf(step) !== outcomeOf(lived[place]!);
          if (!isOther) index += step.decision.events.length;
          return isOther;
        });
        const { divergence } = backtest(history, others);
        if (first < 0) return expect(divergence).toBeUndefined();
        // What was only counted cannot be decided again, and what follows on it is another story.
        if (steps[first]!.decision.events.length === 0) return;
        // What no policy changes is not decided again, although another one may be asked before it.
        if (outcomeOf(steps[first]!) === 'refused:rollback_suspected') return;
        expect(divergence).toMatchObject({
          position: positionOf(index),
          recorded: outcomeOf(steps[first]!),
        });
        // What was asked for with a token that was worth nothing is not recorded.
        const simulated = outcomeOf(lived[first]!);
        if (simulated !== 'refused:scope_exceeded') expect(divergence?.simulated).toBe(simulated);
      }),
      RUNS,
    );
  });
});
