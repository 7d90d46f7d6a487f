import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { EventWithOrigin } from '../../../src/domain/investigation/family-record.rules.js';
import {
  type Lineage,
  lineage,
  lineageOf,
} from '../../../src/domain/investigation/lineage.rules.js';
import { answerFrom } from '../../../src/domain/investigation/passes.rules.js';
import type { RecordedFamilyEvent } from '../../../src/domain/token-family/family.evolve.js';
import { anyInterleaving, anyPolicy, live } from '../../support/domain-interleavings.js';
import {
  accessToken,
  accessTokenRevoked,
  familyAt,
  granted,
  redeemed,
  refreshed,
  rejected,
  retried,
  revoked,
  rotatedTo,
} from '../../support/domain-family-events.js';
import { DAY, rotatedAt, SECOND } from '../../support/domain-world.js';
import { HOME, told } from './told-families.js';

function page(events: readonly EventWithOrigin[], limit: number, before?: number): Lineage {
  return answerFrom(lineage({ limit, before }), events);
}

/** All pages, the newest first. */
function pagesOf(events: readonly EventWithOrigin[], limit: number): Lineage[] {
  const pages = [page(events, limit)];
  for (let oldest = pages[0]; oldest!.omitted.generations > 0;) {
    oldest = page(events, limit, oldest!.generations[0]!.generation!);
    pages.push(oldest);
  }
  return pages;
}

function counted(at: number): RecordedFamilyEvent {
  const data = { outcome: 'rejected', count: 7, firstAt: at - SECOND, lastAt: at } as const;
  return { type: 'PresentationsCounted', recordedAt: at, data };
}

describe('the pages of a lineage', () => {
  it('together have all of it once, and each has its beginning and its end', () => {
    fc.assert(
      fc.property(
        anyPolicy,
        anyInterleaving,
        fc.integer({ min: 1, max: 4 }),
        (policy, life, limit) => {
          const { events } = told(HOME, ...live(policy, life).history);
          const whole = lineageOf(events);
          const pages = pagesOf(events, limit);
          const uses = Math.max(
            ...whole.generations.flatMap(({ accessTokens, retries }) => [
              accessTokens.length,
              retries.length,
            ]),
          );
          const all = pages.toReversed().flatMap(({ generations }) => generations);
          if (uses <= limit) expect(all).toStrictEqual(whole.generations);
          expect(all.map(({ generation }) => generation)).toEqual(
            whole.generations.map(({ generation }) => generation),
          );
          for (const { grant, detection, end, rejections, omitted } of pages) {
            expect({ grant, detection, end }).toStrictEqual({
              grant: whole.grant,
              detection: whole.detection,
              end: whole.end,
            });
            expect(omitted.rejections === 0 || rejections.length === limit).toBe(true);
          }
          const refusals = pages.map(
            ({ rejections, omitted }) => rejections.length + omitted.rejections,
          );
          expect(refusals.reduce((sum, count) => sum + count, 0)).toBe(whole.rejections.length);
        },
      ),
    );
  });

  it('have what was refused and counted while their generations were current', () => {
    const [grant, ...later] = familyAt(3);
    const early = { ...rejected(0, 'scope_exceeded', rotatedAt(0)), data: codeRefusal };
    const { events } = told(
      HOME,
      grant!,
      early as RecordedFamilyEvent,
      ...later.slice(0, 2),
      rejected(1, 'scope_exceeded', rotatedAt(1) + SECOND),
      counted(rotatedAt(1) + 2 * SECOND),
      ...later.slice(2),
      rejected(3, 'target_exceeded', rotatedAt(3) + SECOND),
      rejected(3, 'scope_exceeded', rotatedAt(3) + 2 * SECOND),
      counted(rotatedAt(3) + 3 * SECOND),
    );
    const [newest, middle, oldest] = [page(events, 1), page(events, 2, 3), page(events, 1, 1)];
    expect(newest).toMatchObject({
      generations: [{ generation: 3 }],
      rejections: [{ reason: 'scope_exceeded', presentedGeneration: 3 }],
      counts: [{ count: 7 }],
      omitted: { generations: 3, rejections: 1, counts: 0 },
    });
    expect(middle).toMatchObject({
      generations: [{ generation: 1 }, { generation: 2 }],
      rejections: [{ presentedGeneration: 1 }],
      counts: [{ count: 7 }],
      omitted: { generations: 1, rejections: 0, counts: 0 },
    });
    expect(oldest).toMatchObject({
      generations: [{ generation: 0, consumedAt: rotatedAt(1) }],
      rejections: [{ kind: 'code' }],
      counts: [],
      omitted: { generations: 0, rejections: 0, counts: 0 },
    });
  });

  it('tell of the last of their generations what came when it was consumed', () => {
    const { events } = told(
      HOME,
      ...familyAt(2),
      retried(1),
      rotatedTo(3),
      accessTokenRevoked(1, rotatedAt(3) + SECOND, rotatedAt(3) + DAY),
    );
    expect(page(events, 1, 2)).toMatchObject({
      generations: [
        {
          generation: 1,
          consumedAt: rotatedAt(2),
          retries: [{ servedSequence: 2 }],
          accessTokens: [{ sequence: 1, revoked: { reason: 'client_request' } }],
        },
      ],
      omitted: { generations: 1 },
    });
  });

  it('tell the newest uses of one generation, and how many there are besides', () => {
    const kept = told(
      HOME,
      granted({ policy: { rotation: 'fixed' } }),
      redeemed(),
      ...[1, 2, 3, 4].map((sequence) => refreshed(sequence)),
    );
    expect(page(kept.events, 2)).toMatchObject({
      generations: [
        {
          generation: 0,
          refreshes: [{ at: rotatedAt(3) }, { at: rotatedAt(4) }],
          accessTokens: [{ sequence: 3 }, { sequence: 4 }],
          omitted: { refreshes: 2, retries: 0, accessTokens: 3 },
        },
      ],
      omitted: { generations: 0 },
    });
  });

  it('tell with the end all access tokens that had not expired, whether they are on the page or not', () => {
    const long = (generation: number) =>
      rotatedTo(generation, {
        token: accessToken(generation, rotatedAt(generation), { expiresAt: rotatedAt(9) }),
      });
    const { events } = told(
      HOME,
      ...familyAt(1),
      long(2),
      long(3),
      accessTokenRevoked(2, rotatedAt(3) + SECOND, rotatedAt(9)),
      long(4),
      long(5),
      revoked(rotatedAt(5) + SECOND),
    );
    const sequences = ({ end }: Lineage) =>
      end?.killed.accessTokens.map(({ jti }) => Number(jti.split('.')[1]));
    for (const { events: some, limit, before } of [
      { events, limit: 9 },
      { events, limit: 1 },
      { events, limit: 1, before: 2 },
    ]) {
      expect(sequences(page(some, limit, before))).toEqual([3, 4, 5]);
    }
  });
});

const codeRefusal = {
  ...rejected(0, 'pkce_mismatch', rotatedAt(0)).data,
  kind: 'code',
  presentedGeneration: undefined,
};
