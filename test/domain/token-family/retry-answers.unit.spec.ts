import { describe, expect, it } from '@jest/globals';
import {
  ANSWERS_REMEMBERED,
  PRESENTATIONS_PER_HOUR,
} from '../../../src/domain/token-family/family.state.js';
import { refresh } from '../../support/domain-family-commands.js';
import {
  accessToken,
  granted,
  familyAt,
  redeemed,
  rejected,
  rotatedTo,
} from '../../support/domain-family-events.js';
import { rotatedAt, SECOND } from '../../support/domain-world.js';
import { at, event, type Given, given } from '../../support/given-when-then.js';

const start = rotatedAt(1);
const retry = refresh({ generation: 0 });
/** The access token of the rotation, when it lives for so long. */
const served = (lifetime: number) => accessToken(1, start, { expiresAt: start + lifetime });
/** The same request again, so often. */
function retriedOften(family: Given, times: number, millisecondsApart: number): Given {
  let after = family;
  for (let index = 1; index <= times; index += 1) {
    const { decision, then } = after.when(retry, at(start + index * millisecondsApart));
    expect(decision.outcome).toMatchObject({ kind: 'granted', how: 'retried', generation: 1 });
    after = then({ events: decision.events, outcome: {} });
  }
  return after;
}
const minted = ({ history }: Given) =>
  history.filter(({ type, data }) => type === 'RefreshRetried' && data.token !== undefined);
const retries = ({ history }: Given) => history.filter(({ type }) => type === 'RefreshRetried');

describe('a retry in the last seconds of a family', () => {
  const family = given(
    granted({ absoluteExpiresAt: start + 20 * SECOND }),
    redeemed(),
    rotatedTo(1, { token: served(20 * SECOND) }),
  );

  it('gets the same access token: a new one would not live longer', () => {
    family.when(retry, at(start + 5 * SECOND)).then({
      events: [event('RefreshRetried', { servedSequence: 1, token: undefined })],
      outcome: { how: 'retried', token: served(20 * SECOND) },
    });
  });

  it('mints nothing however often it comes, and is counted in the end', () => {
    const after = retriedOften(family, PRESENTATIONS_PER_HOUR + 20, 100);
    expect(minted(after)).toHaveLength(0);
    expect(retries(after)).toHaveLength(PRESENTATIONS_PER_HOUR);
  });
});

describe('a retry for a client whose access tokens live for less than 30 s', () => {
  const family = given(granted(), redeemed(), rotatedTo(1, { token: served(20 * SECOND) }));
  const brief = { accessTokenLifetime: 20 * SECOND };

  it('gets the same access token while a new one would not live longer', () => {
    family.when(retry, at(start, brief)).then({
      events: [event('RefreshRetried', { servedSequence: 1, token: undefined })],
      outcome: { token: served(20 * SECOND) },
    });
  });

  it('gets a new one as soon as that lives longer', () => {
    family.when(retry, at(start + 1, brief)).then({
      events: [event('RefreshRetried', { servedSequence: 2 })],
      outcome: { token: accessToken(2, start + 1, { expiresAt: start + 21 * SECOND }) },
    });
  });
});

describe('a retry when the presentations of the hour are used up', () => {
  const brief = { accessTokenLifetime: 20 * SECOND };
  const noise = Array.from({ length: PRESENTATIONS_PER_HOUR }, () =>
    rejected(0, 'foreign_client', start),
  );
  const late = { retryUntilUsed: true };
  const family = given(
    granted({ policy: late }),
    redeemed(),
    rotatedTo(1, { token: served(20 * SECOND) }),
    ...noise,
  );

  it('gets the same access token until that has expired, and is counted', () => {
    for (const milliseconds of [SECOND, 10 * SECOND, 19 * SECOND]) {
      family.when(retry, at(start + milliseconds, brief)).then({
        events: [],
        outcome: {
          token: served(20 * SECOND),
          counted: { outcome: 'retried', generation: 0 },
        },
      });
    }
  });

  it('gets a new one once in the lifetime of one', () => {
    const now = start + 19 * SECOND + 1;
    const token = accessToken(2, now, { expiresAt: start + 40 * SECOND });
    family
      .when(retry, at(now, brief))
      .then({ events: [event('RefreshRetried', { token })], outcome: { token } })
      .when(retry, at(now + 10 * SECOND, brief))
      .then({ events: [], outcome: { token } });
  });

  const scopes = [['openid'], ['photos:read'], ['offline_access'], ['openid', 'photos:read']];
  const ask = (scope: readonly string[]) => refresh({ generation: 0, scope });

  it('gets no more different access tokens than a rotation remembers', () => {
    let after = given(...familyAt(1), ...noise);
    for (const scope of scopes.slice(0, ANSWERS_REMEMBERED - 1)) {
      after = after
        .when(ask(scope), at(start + SECOND))
        .then({ events: [event('RefreshRetried')], outcome: { how: 'retried' } });
    }
    const counted = { outcome: 'rejected', reason: 'rate_limited', generation: 0 } as const;
    after
      .when(ask(scopes.at(-1)!), at(start + SECOND))
      .then({
        events: [],
        outcome: {
          kind: 'refused',
          error: 'temporarily_unavailable',
          reason: 'rate_limited',
          counted,
        },
      })
      .when(ask(scopes[0]!), at(start + SECOND))
      .then({ events: [], outcome: { how: 'retried' } });
  });

  it('gets a new one for each of those that has expired', () => {
    let after = family;
    for (const scope of scopes.slice(0, ANSWERS_REMEMBERED - 1)) {
      after = after
        .when(ask(scope), at(start + SECOND, brief))
        .then({ events: [event('RefreshRetried')], outcome: { how: 'retried' } });
    }
    expect(after.state?.answers).toHaveLength(ANSWERS_REMEMBERED);
    after
      .when(ask(scopes[0]!), at(start + 21 * SECOND, brief))
      .then({ events: [event('RefreshRetried', { servedSequence: 5 })], outcome: {} });
  });

  it('gets as many as it asks for while there are presentations left', () => {
    let after = given(...familyAt(1));
    for (const scope of scopes) {
      after = after
        .when(ask(scope), at(start + SECOND))
        .then({ events: [event('RefreshRetried')], outcome: { how: 'retried' } });
    }
    expect(minted(after)).toHaveLength(scopes.length);
  });
});
