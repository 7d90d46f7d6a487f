import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { blastRadiusOf } from '../../../src/domain/investigation/blast-radius.rules.js';
import { causeOf } from '../../../src/domain/investigation/incident-cause.rules.js';
import type { InvestigatedIncident } from '../../../src/domain/investigation/incident-presentation.rules.js';
import { lineageOf } from '../../../src/domain/investigation/lineage.rules.js';
import { isAccessTokenRevoked } from '../../../src/domain/token-family/family.state.js';
import { anyInterleaving, anyPolicy, live } from '../../support/domain-interleavings.js';
import { FAMILY_ID, INCIDENT_ID } from '../../support/domain-world.js';
import { fold } from '../../support/given-when-then.js';
import { differenceBetween, HOME, ledgerEvents, told } from './told-families.js';

const anyLife = fc
  .tuple(anyPolicy, anyInterleaving)
  .map(([policy, happenings]) => live(policy, happenings));

/** The kind of the first incident of a life: all have the same id there. */
function firstIncident({ steps }: ReturnType<typeof live>): InvestigatedIncident | undefined {
  for (const { decision } of steps) {
    for (const companion of decision.companions ?? []) {
      const [opened] = companion.events;
      if (opened?.type === 'IncidentOpened') return { id: INCIDENT_ID, kind: opened.data.kind };
    }
  }
  return undefined;
}

describe('whatever happened to a family', () => {
  it('its lineage has every access token once, in order, and each generation', () => {
    fc.assert(
      fc.property(anyLife, ({ history }) => {
        const state = fold(history)!;
        const { generations, end } = lineageOf(told(HOME, ...history).events);
        const sequences = generations.flatMap(({ accessTokens }) =>
          accessTokens.map(({ sequence }) => sequence),
        );
        expect(sequences.sort((one, other) => one - other)).toEqual(
          Array.from({ length: state.nextSequence }, (_, sequence) => sequence),
        );
        expect(generations.map(({ generation }) => generation)).toEqual(
          Array.from({ length: (state.generation ?? 0) + 1 }, (_, generation) => generation),
        );
        expect(generations.filter(({ consumedBy }) => consumedBy === null)).toHaveLength(1);
        expect(end?.at).toBe(state.revoked?.at);
      }),
    );
  });

  it('its lineage says the same of a single revocation as its state', () => {
    fc.assert(
      fc.property(anyLife, ({ history }) => {
        const state = { ...fold(history)!, status: 'active' as const };
        const { generations } = lineageOf(told(HOME, ...history).events);
        const living = generations
          .flatMap(({ accessTokens }) => accessTokens)
          .filter(({ expiresAt }) => expiresAt > state.updatedAt);
        for (const { sequence, revoked } of living) {
          expect([sequence, revoked !== null]).toEqual([
            sequence,
            isAccessTokenRevoked(state, sequence),
          ]);
        }
      }),
    );
  });

  it('its first incident has a cause, two parties, and a reach within its lineage', () => {
    let judged = 0;
    fc.assert(
      fc.property(anyLife, (life) => {
        const incident = firstIncident(life);
        if (incident === undefined) return;
        judged += 1;
        const { events } = told(HOME, ...life.history);
        const { presented, parties } = causeOf(incident, events);
        expect(presented).not.toBeNull();
        expect(parties.map(({ role }) => role)).toEqual(['holder', 'presenter']);
        const { accessTokens, fork } = blastRadiusOf(incident, events)!;
        const minted = lineageOf(events).generations.flatMap((one) => one.accessTokens);
        const since = minted.filter(({ position }) => fork !== null && position >= fork.position);
        expect(accessTokens.map(({ jti }) => jti).sort()).toEqual(
          since.map(({ jti }) => jti).sort(),
        );
      }),
    );
    expect(judged).toBeGreaterThan(0);
  });

  it('the net difference of any two moments is that of their states', () => {
    fc.assert(
      fc.property(anyLife, fc.nat(100), fc.nat(100), ({ history }, one, other) => {
        const events = ledgerEvents('family', FAMILY_ID, history);
        const [first, second] = [1 + (one % events.length), 1 + (other % events.length)].sort(
          (left, right) => left - right,
        );
        const { net } = differenceBetween(
          'family',
          events.slice(0, first),
          events.slice(first, second),
        );
        const [before, after] = [fold(history.slice(0, first)), fold(history.slice(0, second))];
        const changed = new Set(net.map(({ path }) => path.split('/')[1]));
        for (const [name, value] of Object.entries({ ...before, ...after })) {
          const old: unknown = Object.entries(before!).find(([key]) => key === name)?.[1];
          expect([name, changed.has(name)]).toEqual([
            name,
            JSON.stringify(old) !== JSON.stringify(value),
          ]);
        }
      }),
    );
  });
});
