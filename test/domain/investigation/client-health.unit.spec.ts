import { describe, expect, it } from '@jest/globals';
import { rejectionReason } from '../../../src/domain/events/token-family.events.js';
import {
  ATTEMPTS_MIN,
  type ClientCounters,
  clientHealth,
  HEALTH_SHARES,
  type HealthFinding,
  OCCURRENCES_MIN,
  type Severity,
} from '../../../src/domain/investigation/client-health.rules.js';

/** Nothing was ever asked for. */
const SILENCE: ClientCounters = {
  redeemed: 0,
  rotated: 0,
  refreshed: 0,
  retriedWithin2Seconds: 0,
  retriedLater: 0,
  retriedAtUnknownAge: 0,
  retriedByOtherParty: 0,
  refreshedEarly: 0,
  presentedByOtherClient: 0,
  staleInsideWindow: 0,
  reuse: 0,
  rejectedByReason: {},
};

/** A busy client of which nothing is to be said but this. */
function busy(counters: Partial<ClientCounters> = {}): ClientCounters {
  return { ...SILENCE, redeemed: 1_000, rotated: 90_000, refreshed: 9_000, ...counters };
}

const findingsOf = (counters: ClientCounters) => clientHealth(counters).map((one) => one.finding);

describe('the health of a client', () => {
  it('is nothing to speak of when it does as it should', () => {
    expect(clientHealth(busy())).toEqual([]);
    const human = { retriedWithin2Seconds: 9, retriedLater: 90, refreshedEarly: 900, reuse: 2 };
    expect(clientHealth(busy({ ...human, rejectedByReason: { family_revoked: 900 } }))).toEqual([]);
  });

  it('says what is wrong, how much, and what to do', () => {
    const counters = { ...SILENCE, rotated: 900, retriedWithin2Seconds: 100 };
    expect(clientHealth(counters)).toStrictEqual([
      {
        finding: 'races',
        severity: 'warning',
        count: 100,
        share: 0.1,
        advice: 'Let one request refresh at a time, and give its answer to all that wait for it.',
      },
    ]);
  });

  it('is not judged by too few attempts', () => {
    const reuse = OCCURRENCES_MIN;
    const rotated = ATTEMPTS_MIN - reuse;
    expect(clientHealth({ ...SILENCE, reuse, rotated: rotated - 1 })).toEqual([]);
    expect(findingsOf({ ...SILENCE, reuse, rotated })).toEqual(['presents_stale_tokens']);
  });

  it.each([
    ['redeemed', { redeemed: ATTEMPTS_MIN - OCCURRENCES_MIN }],
    ['rotated', { rotated: ATTEMPTS_MIN - OCCURRENCES_MIN }],
    ['refreshed', { refreshed: ATTEMPTS_MIN - OCCURRENCES_MIN }],
    ['retried at once', { retriedWithin2Seconds: ATTEMPTS_MIN - OCCURRENCES_MIN }],
    ['only counted as retried', { retriedAtUnknownAge: ATTEMPTS_MIN - OCCURRENCES_MIN }],
    ['retried later', { retriedLater: ATTEMPTS_MIN - OCCURRENCES_MIN }],
    ['rejected', { rejectedByReason: { family_revoked: ATTEMPTS_MIN - OCCURRENCES_MIN } }],
  ])('counts as attempts what was %s', (_what, counters) => {
    const judged = clientHealth({ ...SILENCE, reuse: OCCURRENCES_MIN, ...counters });
    expect(judged).toContainEqual(
      expect.objectContaining({
        finding: 'presents_stale_tokens',
        share: OCCURRENCES_MIN / ATTEMPTS_MIN,
      }),
    );
  });

  it('is not judged by what was seen once or twice', () => {
    const rotated = ATTEMPTS_MIN;
    expect(clientHealth({ ...SILENCE, rotated, reuse: OCCURRENCES_MIN - 1 })).toEqual([]);
    expect(findingsOf({ ...SILENCE, rotated, reuse: OCCURRENCES_MIN })).toHaveLength(1);
  });

  it('begins with the gravest', () => {
    const counters = busy({
      retriedWithin2Seconds: 2_000,
      retriedLater: 20_000,
      retriedByOtherParty: 2_000,
      reuse: 5_000,
    });
    expect(clientHealth(counters).map(({ finding, severity }) => [finding, severity])).toEqual([
      ['presents_stale_tokens', 'critical'],
      ['loses_responses', 'warning'],
      ['shares_tokens', 'warning'],
      ['races', 'notice'],
    ]);
  });
});

describe('a finding', () => {
  /** What is counted as the finding, out of a hundred thousand that it is measured by. */
  const counted: readonly (readonly [HealthFinding, (count: number) => ClientCounters])[] = [
    ['races', (count) => refreshing({ retriedWithin2Seconds: count })],
    ['loses_responses', (count) => refreshing({ retriedLater: count })],
    ['shares_tokens', (count) => refreshing({ retriedByOtherParty: count })],
    ['refreshes_too_early', (count) => refreshing({ refreshedEarly: count })],
    ['presents_stale_tokens', (count) => refreshing({ reuse: count })],
    [
      'leaks_tokens',
      (count) => ({
        ...SILENCE,
        rotated: 100_000 - count,
        presentedByOtherClient: count,
      }),
    ],
    ...Object.entries({
      fails_to_authenticate: 'client_authentication_failed',
      presents_foreign_tokens: 'foreign_client',
      loses_its_key: 'sender_mismatch',
      keeps_ended_tokens: 'family_revoked',
      asks_for_too_much: 'scope_exceeded',
      calls_too_often: 'rate_limited',
    }).map(
      ([finding, reason]) =>
        [
          finding as HealthFinding,
          (count: number) => refreshing({ rejectedByReason: { [reason]: count } }),
        ] as const,
    ),
    ...Object.entries({
      redeems_codes_late: 'code_expired',
      mismatches_codes: 'pkce_mismatch',
    }).map(
      ([finding, reason]) =>
        [
          finding as HealthFinding,
          (count: number) => ({
            ...busy({ redeemed: 100_000 - count }),
            rejectedByReason: { [reason]: count },
          }),
        ] as const,
    ),
  ];

  /** A client with a hundred thousand attempts in all, of which the rest were rotations. */
  function refreshing(counters: Partial<ClientCounters>): ClientCounters {
    const all = { ...SILENCE, ...counters };
    const others =
      all.retriedWithin2Seconds +
      all.retriedLater +
      all.reuse +
      Object.values(all.rejectedByReason).reduce((sum, count) => sum + count, 0);
    return { ...all, rotated: 100_000 - others };
  }

  it('of early refreshes is measured by the refreshes that were no retries', () => {
    const counters = {
      ...SILENCE,
      rotated: 40,
      refreshed: 60,
      refreshedEarly: 60,
      retriedLater: 900,
    };
    expect(clientHealth(counters)).toContainEqual(
      expect.objectContaining({ finding: 'refreshes_too_early', share: 0.6 }),
    );
  });

  it('of what others presented is no attempt of the client itself', () => {
    const presentedByOtherClient = ATTEMPTS_MIN;
    expect(clientHealth({ ...SILENCE, rotated: 1, presentedByOtherClient })).toEqual([]);
  });

  it('counts retries of unknown age among the refreshes', () => {
    const counters = { ...SILENCE, rotated: 50, retriedWithin2Seconds: 5, retriedAtUnknownAge: 45 };
    expect(clientHealth(counters)).toMatchObject([{ finding: 'races', share: 0.05 }]);
  });

  it('is told of every kind', () => {
    expect(counted.map(([finding]) => finding).sort()).toEqual(Object.keys(HEALTH_SHARES).sort());
  });

  it.each(
    counted.flatMap(([finding, counters]) =>
      Object.entries(HEALTH_SHARES[finding]).map(
        ([severity, share]) => [finding, severity as Severity, share, counters] as const,
      ),
    ),
  )('%s is a %s from a share of %d on', (finding, severity, share, counters) => {
    const count = Math.round(share * 100_000);
    const told = clientHealth(counters(count)).find((one) => one.finding === finding);
    expect(told).toMatchObject({ finding, severity, count, share: count / 100_000 });
    const before = clientHealth(counters(count - 1)).find((one) => one.finding === finding);
    expect(before?.severity).not.toBe(severity);
  });

  it.each(counted)('%s comes with advice in one plain sentence', (_finding, counters) => {
    for (const { advice } of clientHealth(counters(60_000))) {
      expect(advice).toMatch(/^[A-Z][^.]+\.$/);
    }
  });

  it('stands for every reason of a refusal but that of a slow twin, which is counted beside', () => {
    const silent = rejectionReason.options.filter((reason) => {
      const rejectedByReason = { [reason]: 100_000 };
      return clientHealth({ ...SILENCE, rejectedByReason }).length === 0;
    });
    expect(silent).toEqual(['stale_inside_window']);
    expect(findingsOf(refreshing({ staleInsideWindow: 1_000 }))).toEqual(['presents_stale_tokens']);
  });
});
