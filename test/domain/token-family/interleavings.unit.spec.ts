import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson, type JsonValue } from '../../../src/domain/canonical-json.js';
import type { Granted, Refused } from '../../../src/domain/token-family/family.decision.js';
import { evolveFamily } from '../../../src/domain/token-family/family.evolve.js';
import {
  ANSWERS_REMEMBERED,
  type FamilyState,
  PRESENTATIONS_PER_HOUR,
  REVOKED_SEQUENCES_REMEMBERED,
  ROTATIONS_REMEMBERED,
  SHADOW_GENERATIONS,
} from '../../../src/domain/token-family/family.state.js';
import { refresh } from '../../support/domain-family-commands.js';
import {
  anyInterleaving,
  anyPolicy,
  live,
  type Step,
  stored,
} from '../../support/domain-interleavings.js';
import { expectCatalogued } from '../../support/given-when-then.js';
import { callerOf, contextOf, photoApp } from '../../support/domain-world.js';

const RUNS = { numRuns: 100 };

function isGranted(step: Step): step is Step & { decision: { outcome: Granted } } {
  return typeof step.decision.outcome === 'object' && step.decision.outcome.kind === 'granted';
}

function isRefused(step: Step): step is Step & { decision: { outcome: Refused } } {
  return typeof step.decision.outcome === 'object' && step.decision.outcome.kind === 'refused';
}

/**
 * What a family is worth: all of its state that any answer about its tokens, now or later, can depend
 * on. That is everything but the notes on what was presented, and when something was last recorded.
 */
function worthOf(state: FamilyState): string {
  const { presentations: _, updatedAt: __, ...worth } = state;
  return canonicalJson(worth as unknown as JsonValue);
}

/** The generations that a rightful client could renew in the circumstances of this step. */
function liveGenerations({ after, receivedAt, recordedAt }: Step): number[] {
  const caller = callerOf(photoApp);
  const context = contextOf(caller, { receivedAt, recordedAt });
  return Array.from({ length: (after.generation ?? 0) + 2 }, (_, generation) => generation).filter(
    (generation) => {
      const { outcome } = refresh({ generation, caller }).decide(after, context);
      return outcome.kind === 'granted' && outcome.how !== 'retried';
    },
  );
}

/** Checks something of every step of any interleaving under any policy. */
function always(check: (step: Step, earlier: readonly Step[]) => void): void {
  fc.assert(
    fc.property(anyPolicy, anyInterleaving, (policy, happenings) => {
      const { steps } = live(policy, happenings);
      for (const [index, step] of steps.entries()) check(step, steps.slice(0, index));
    }),
    RUNS,
  );
}

describe('whatever happens to a family, in whatever order, on whatever clock', () => {
  it('never has two live generations, and none that is not the current one', () => {
    always((step) => {
      const live = liveGenerations(step);
      expect(live.length).toBeLessThanOrEqual(1);
      if (live.length === 1) expect(live).toEqual([step.after.generation]);
    });
  });

  it('gives every generation one successor, and that again to whoever may have it', () => {
    fc.assert(
      fc.property(anyPolicy, anyInterleaving, (policy, happenings) => {
        const { history, steps } = live(policy, happenings);
        const presented = history.flatMap((event) =>
          event.type === 'RefreshTokenRotated' ? [event.data.presentedGeneration] : [],
        );
        expect(presented).toEqual(Array.from(presented.keys()));
        for (const step of steps.filter(isGranted)) {
          const { how, generation } = step.decision.outcome;
          expect(generation).toBe(step.presented! + (how === 'refreshed' ? 0 : 1));
          expect(generation).toBe(step.after.generation);
        }
      }),
      RUNS,
    );
  });

  it('never gives a number to two access tokens', () => {
    fc.assert(
      fc.property(anyPolicy, anyInterleaving, (policy, happenings) => {
        const given = new Map<number, string>();
        for (const { decision } of live(policy, happenings).steps.filter(isGranted)) {
          const { token } = decision.outcome;
          const facts = canonicalJson(token);
          expect(given.get(token.sequence) ?? facts).toBe(facts);
          given.set(token.sequence, facts);
        }
      }),
      RUNS,
    );
  });

  it('stays revoked once it is, and answers nothing from then on', () => {
    always((step) => {
      if (step.before.status !== 'revoked') return;
      expect(step.after.status).toBe('revoked');
      expect(step.after.revoked).toEqual(step.before.revoked);
      expect(isGranted(step)).toBe(false);
      expect(liveGenerations(step)).toEqual([]);
    });
  });

  it('is worth the same after a refusal, except after reuse and a suspected rollback', () => {
    always((step) => {
      if (!isRefused(step)) return;
      const { reason } = step.decision.outcome;
      const deadly = reason === 'reuse_detected' || reason === 'rollback_suspected';
      expect(step.after.status === 'revoked').toBe(deadly || step.before.status === 'revoked');
      if (!deadly) expect(worthOf(step.after)).toBe(worthOf(step.before));
    });
  });

  it('appends only what the catalogue says', () => {
    fc.assert(
      fc.property(anyPolicy, anyInterleaving, (policy, happenings) => {
        for (const event of live(policy, happenings).history) expectCatalogued(event);
      }),
      RUNS,
    );
  });

  it('changes only by what it appends', () => {
    always((step) => {
      if (step.decision.events.length === 0) expect(step.after).toBe(step.before);
    });
  });

  it('folds to the same state again, stored after every event or only at the end', () => {
    fc.assert(
      fc.property(anyPolicy, anyInterleaving, (policy, happenings) => {
        const { history, steps } = live(policy, happenings);
        let state: FamilyState | undefined;
        for (const event of history) state = evolveFamily(state, event);
        expect(JSON.stringify(stored(state!))).toBe(JSON.stringify(steps.at(-1)!.after));
      }),
      RUNS,
    );
  });

  it('remembers a bounded number of things', () => {
    always(({ after }) => {
      expect(after.recentRotations.length).toBeLessThanOrEqual(ROTATIONS_REMEMBERED);
      expect(after.answers.length).toBeLessThanOrEqual(ANSWERS_REMEMBERED);
      expect(after.revokedSequences.length).toBeLessThanOrEqual(REVOKED_SEQUENCES_REMEMBERED);
      expect(after.presentations.seen.length).toBeLessThanOrEqual(PRESENTATIONS_PER_HOUR);
      expect(after.shadowedGenerations.length).toBeLessThanOrEqual(SHADOW_GENERATIONS);
    });
  });

  it('records at most 20 refusals in an hour, but for those of the other party', () => {
    always((step, earlier) => {
      const { hourStart } = step.after.presentations;
      const refusals = [...earlier, step].filter(
        ({ after, before, decision, presented }) =>
          after.presentations.hourStart === hourStart &&
          decision.events.some(({ type }) => type === 'RefreshRejected') &&
          !(before.status === 'revoked' && presented === before.generation),
      );
      expect(refusals.length).toBeLessThanOrEqual(PRESENTATIONS_PER_HOUR);
    });
  });

  it('is killed only by reuse, a suspected rollback, or whoever may revoke it', () => {
    always((step) => {
      if (step.before.status === 'revoked' || step.after.status !== 'revoked') return;
      const { ask } = step.happening;
      const isOld = step.presented !== undefined && step.presented < step.before.generation!;
      const isFuture = step.presented !== undefined && step.presented > step.before.generation!;
      const isSecondRedemption = ask.what === 'redeem code again' && ask.verifier === 'right';
      const isRevoked = ask.what === 'revoke family' || ask.what === 'give back';
      expect(isOld || isFuture || isSecondRedemption || isRevoked).toBe(true);
      expect(ask.what).not.toMatch(/^wrong/);
    });
  });
});

describe('a client that loses answers', () => {
  const anyAttempts = fc.array(
    fc.record({
      isAnswerLost: fc.boolean(),
      /** Since the attempt before; for a retry since the rotation. Milliseconds, either way. */
      later: fc.integer({ min: -10_000, max: 30_000 }),
      fromElsewhere: fc.boolean(),
    }),
    { minLength: 1, maxLength: 40, size: 'max' },
  );

  it('never loses its family while it asks again inside the retry window', () => {
    fc.assert(
      fc.property(anyAttempts, (attempts) => {
        let held = 0;
        let current = 0;
        let now = 0;
        let rotation = 0;
        const happenings = attempts.map(({ isAnswerLost, later, fromElsewhere }) => {
          const ask = { what: 'refresh', back: current - held, scope: 'whole' } as const;
          const arrival = (ask.back === 1 ? rotation : now) + later;
          const happening = { later: arrival - now, fromElsewhere, ask };
          now = arrival;
          if (ask.back === 0) {
            current += 1;
            rotation = arrival;
          }
          if (!isAnswerLost) held = current;
          return happening;
        });
        const { steps } = live({ retryWindow: 30_000 }, happenings);
        expect(steps.map(({ decision }) => decision.outcome)).toEqual(
          steps.map(() => expect.objectContaining({ kind: 'granted' }) as unknown),
        );
        expect(steps.at(-1)?.after.generation).toBe(current);
      }),
      RUNS,
    );
  });
});
