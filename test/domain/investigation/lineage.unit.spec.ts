import { describe, expect, it } from '@jest/globals';
import type { RejectionReason } from '../../../src/domain/events/token-family.events.js';
import { lineageOf } from '../../../src/domain/investigation/lineage.rules.js';
import type { RecordedFamilyEvent } from '../../../src/domain/token-family/family.evolve.js';
import { redeemCode, refresh, revokeAccessToken } from '../../support/domain-family-commands.js';
import {
  accessToken,
  accessTokenRevoked,
  familyAt,
  type FamilyData,
  granted,
  POLICY,
  redeemed,
  refreshed,
  revoked,
  rotatedTo,
} from '../../support/domain-family-events.js';
import {
  callerOf,
  DAY,
  FAMILY_ID,
  GRANTED_AT,
  INCIDENT_ID,
  MINUTE,
  otherApp,
  PHOTOS_API,
  REDEEMED_AT,
  REDIRECT_URI,
  rotatedAt,
  SCOPE,
  SECOND,
  SIGNING_KEY_ID,
  SUBJECT,
} from '../../support/domain-world.js';
import { ELSEWHERE, HOME, MOBILE, place, told, type TestOrigin } from './told-families.js';

/** A request of the default client at the event of this index. */
function requestAt(index: number, at: number, origin: TestOrigin = HOME) {
  return {
    position: place(index),
    at,
    by: {
      actor: 'client:photo-app',
      clientId: 'photo-app',
      clientAuthenticated: true,
      authMethod: 'none',
      senderKey: null,
    },
    origin: typeof origin === 'string' ? null : origin,
    isOriginErased: origin === 'erased',
  };
}

function issuedAt(index: number, at: number, origin: TestOrigin = HOME) {
  const { at: issued, ...request } = requestAt(index, at, origin);
  return { issuedAt: issued, ...request };
}

/** An access token of the default family, minted at the event of this index. */
function minted(sequence: number, generation: number | null, index: number, at: number) {
  return {
    jti: `${FAMILY_ID}.${sequence}`,
    sequence,
    generation,
    position: place(index),
    issuedAt: at,
    expiresAt: at + 10 * MINUTE,
    scope: SCOPE,
    audience: [PHOTOS_API],
    signingKeyId: SIGNING_KEY_ID,
    senderKey: null,
    revoked: null,
  };
}

const grant = {
  ...requestAt(0, GRANTED_AT),
  subject: SUBJECT,
  sessionId: 'session-1',
  grantType: 'authorization_code',
  scope: SCOPE,
  resources: [PHOTOS_API],
  offline: true,
  absoluteExpiresAt: GRANTED_AT + 180 * DAY,
  policy: POLICY,
  code: {
    redirectUri: REDIRECT_URI,
    expiresAt: GRANTED_AT + MINUTE,
    redeemedAt: REDEEMED_AT,
    redeemedBy: place(1),
  },
};
const whole = { omitted: { refreshes: 0, retries: 0, accessTokens: 0 } };
const none = { refreshes: [], retries: [], ...whole };
const unconsumed = { consumedAt: null, consumedBy: null, ...none };

const quiet = { isOtherParty: false, incidentId: null };

function refusedOf(generation: number, reason: RejectionReason, incidentId: string) {
  const generations = { presentedGeneration: generation, currentGeneration: generation };
  return { kind: 'refresh', ...generations, reason, age: null, incidentId };
}

function counted(
  what: Pick<FamilyData<'PresentationsCounted'>, 'outcome' | 'reason' | 'generation'>,
  at: number,
): RecordedFamilyEvent {
  const data = { ...what, count: 7, firstAt: at - SECOND, lastAt: at };
  return { type: 'PresentationsCounted', recordedAt: at, data };
}

const withoutRefreshToken = redeemed({
  generation: null,
  keyId: undefined,
  idleExpiresAt: undefined,
});

describe('the lineage of a family', () => {
  const retriedAt = rotatedAt(1) + SECOND;
  const narrowedAt = rotatedAt(1) + 20 * SECOND;
  const revokedAt = rotatedAt(2) + SECOND;
  const refusedAt = rotatedAt(2) + 2 * SECOND;
  const reusedAt = rotatedAt(2) + 10 * SECOND;
  const afterwards = rotatedAt(2) + MINUTE;
  const last = { sequence: 3, expiresAt: rotatedAt(3), reason: 'client_request' } as const;
  const family = told(HOME, granted(), redeemed())
    .and('erased', rotatedTo(1))
    .when(refresh({ generation: 0 }), { receivedAt: retriedAt, from: 'none' })
    .when(refresh({ generation: 0, scope: ['openid'] }), { receivedAt: narrowedAt })
    .and(MOBILE, rotatedTo(2, { token: accessToken(3, rotatedAt(2)) }))
    .when(revokeAccessToken(last), { receivedAt: revokedAt })
    .when(refresh({ generation: 2, caller: callerOf(otherApp) }), {
      receivedAt: refusedAt,
      from: ELSEWHERE,
      incidentId: 'incident-0',
    })
    .and(HOME, counted({ outcome: 'rejected', reason: 'foreign_client', generation: 2 }, refusedAt))
    .when(refresh({ generation: 0 }), { receivedAt: reusedAt, from: ELSEWHERE })
    .when(refresh({ generation: 2 }), { receivedAt: afterwards, from: MOBILE });

  it('tells everything that descends from its grant', () => {
    const narrowed = { ...minted(2, 1, 4, narrowedAt), scope: ['openid'] };
    const revoked = { at: revokedAt, position: place(6), reason: 'client_request' };
    expect(lineageOf(family.events)).toStrictEqual({
      grant,
      generations: [
        {
          generation: 0,
          ...issuedAt(1, REDEEMED_AT),
          consumedAt: rotatedAt(1),
          consumedBy: place(2),
          refreshes: [],
          retries: [
            { ...requestAt(3, retriedAt, 'none'), age: SECOND, servedSequence: 1, ...quiet },
            { ...requestAt(4, narrowedAt), age: 20 * SECOND, servedSequence: 2, ...quiet },
          ],
          accessTokens: [minted(0, 0, 1, REDEEMED_AT)],
          ...whole,
        },
        {
          generation: 1,
          ...issuedAt(2, rotatedAt(1), 'erased'),
          consumedAt: rotatedAt(2),
          consumedBy: place(5),
          ...none,
          accessTokens: [minted(1, 1, 2, rotatedAt(1)), narrowed],
        },
        {
          generation: 2,
          ...issuedAt(5, rotatedAt(2), MOBILE),
          ...unconsumed,
          accessTokens: [{ ...minted(3, 2, 5, rotatedAt(2)), revoked }],
        },
      ],
      rejections: [
        {
          ...requestAt(7, refusedAt, ELSEWHERE),
          by: { ...requestAt(7, refusedAt).by, clientId: 'other-app' },
          ...refusedOf(2, 'foreign_client', 'incident-0'),
        },
        {
          ...requestAt(11, afterwards, MOBILE),
          ...refusedOf(2, 'family_revoked', INCIDENT_ID),
        },
      ],
      counts: [
        {
          position: place(8),
          outcome: 'rejected',
          reason: 'foreign_client',
          generation: 2,
          count: 7,
          firstAt: refusedAt - SECOND,
          lastAt: refusedAt,
        },
      ],
      omitted: { generations: 0, rejections: 0, counts: 0 },
      detection: {
        ...requestAt(9, reusedAt, ELSEWHERE),
        what: 'reuse',
        kind: 'refresh',
        presentedGeneration: 0,
        currentGeneration: 2,
        age: reusedAt - rotatedAt(1),
        incidentId: INCIDENT_ID,
      },
      end: {
        at: reusedAt,
        position: place(10),
        reason: 'refresh_token_reuse',
        actor: 'system',
        incidentId: INCIDENT_ID,
        killed: {
          generation: 2,
          accessTokens: [{ jti: narrowed.jti, expiresAt: narrowed.expiresAt }],
        },
      },
    });
  });

  it('is that of any moment: of all events up to it', () => {
    expect(lineageOf(family.events.slice(0, 1))).toStrictEqual({
      grant: { ...grant, code: { ...grant.code, redeemedAt: null, redeemedBy: null } },
      generations: [],
      rejections: [],
      counts: [],
      omitted: { generations: 0, rejections: 0, counts: 0 },
      detection: null,
      end: null,
    });
    expect(lineageOf(family.events.slice(0, 10))).toMatchObject({
      detection: { what: 'reuse' },
      end: null,
    });
  });

  it('has one entry for all access tokens of a refresh token that is kept', () => {
    const history = [granted({ policy: { rotation: 'fixed' } }), redeemed(), refreshed(1)];
    expect(lineageOf(told(HOME, ...history).events).generations).toStrictEqual([
      {
        generation: 0,
        ...issuedAt(1, REDEEMED_AT),
        ...unconsumed,
        refreshes: [requestAt(2, rotatedAt(1))],
        accessTokens: [minted(0, 0, 1, REDEEMED_AT), minted(1, 0, 2, rotatedAt(1))],
      },
    ]);
  });

  it('has an entry for the only access token where no refresh token was issued', () => {
    const history = [granted({ offline: false }), withoutRefreshToken, revoked(REDEEMED_AT + 1)];
    expect(lineageOf(told(HOME, ...history).events)).toMatchObject({
      generations: [
        { generation: null, ...unconsumed, accessTokens: [minted(0, null, 1, REDEEMED_AT)] },
      ],
      end: {
        reason: 'operator_request',
        actor: 'operator',
        incidentId: null,
        killed: { generation: null, accessTokens: [{ jti: `${FAMILY_ID}.0` }] },
      },
    });
  });

  it('can begin without a person and without a code', () => {
    const { code: _code, ...data } = granted().data as FamilyData<'GrantIssued'>;
    const anonymous = { ...data, subject: undefined, sessionId: undefined, clientId: undefined };
    const history = told(HOME, {
      type: 'GrantIssued',
      recordedAt: GRANTED_AT,
      data: { ...anonymous, senderKey: 'key-1' },
    });
    expect(lineageOf(history.events).grant).toStrictEqual({
      ...grant,
      by: { ...grant.by, clientId: null, senderKey: 'key-1' },
      subject: null,
      sessionId: null,
      code: null,
    });
  });

  it('tells a refused code, and a count without a reason', () => {
    const history = told(HOME, granted(), redeemed())
      .when(redeemCode({ verifierChallenge: 'wrong' }), { receivedAt: REDEEMED_AT + SECOND })
      .and(HOME, counted({ outcome: 'retried' }, rotatedAt(1)));
    expect(lineageOf(history.events)).toMatchObject({
      rejections: [{ kind: 'code', presentedGeneration: null, currentGeneration: 0, age: null }],
      counts: [{ outcome: 'retried', reason: null, generation: null }],
    });
    const pending = told(HOME, granted()).when(redeemCode({ verifierChallenge: 'wrong' }), {
      receivedAt: REDEEMED_AT,
    });
    expect(lineageOf(pending.events).rejections).toMatchObject([{ currentGeneration: null }]);
  });

  it('tells how old a stale token was, and the incident that it opened', () => {
    const history = told(HOME, ...familyAt(1), rotatedTo(2, {}, rotatedAt(1) + SECOND)).when(
      refresh({ generation: 0 }),
      { receivedAt: rotatedAt(1) + 3 * SECOND },
    );
    expect(lineageOf(history.events).rejections).toMatchObject([
      { reason: 'stale_inside_window', age: 3 * SECOND, incidentId: INCIDENT_ID },
    ]);
  });

  it('tells a shadow among the retries', () => {
    const history = told(HOME, ...familyAt(1)).when(refresh({ generation: 0 }), {
      receivedAt: rotatedAt(1) + SECOND,
      from: ELSEWHERE,
    });
    expect(lineageOf(history.events).generations[0]?.retries).toMatchObject([
      { isOtherParty: true, incidentId: null },
    ]);
    const again = history
      .and(HOME, rotatedTo(2))
      .when(refresh({ generation: 1 }), { receivedAt: rotatedAt(2) + SECOND, from: ELSEWHERE });
    expect(lineageOf(again.events).generations[1]?.retries).toMatchObject([
      { isOtherParty: true, incidentId: INCIDENT_ID },
    ]);
  });

  it('tells a token that the ledger cannot have issued', () => {
    const history = told(HOME, ...familyAt(1)).when(refresh({ generation: 5 }), {
      receivedAt: rotatedAt(1) + SECOND,
    });
    expect(lineageOf(history.events)).toMatchObject({
      detection: {
        what: 'ledger_rollback',
        kind: 'refresh',
        presentedGeneration: 5,
        currentGeneration: 1,
        age: null,
      },
      end: { reason: 'ledger_rollback', killed: { generation: 1 } },
    });
  });

  it('tells a code that came back after the ledger had forgotten its redemption', () => {
    const history = told(HOME, granted()).when(redeemCode({ epoch: 1 }), {
      receivedAt: REDEEMED_AT,
    });
    expect(lineageOf(history.events)).toMatchObject({
      detection: { what: 'ledger_rollback', kind: 'code', currentGeneration: null },
      end: { killed: { generation: null, accessTokens: [] } },
    });
  });

  it('ends with no refresh token that was worth anything when it had expired before', () => {
    const { idle } = POLICY;
    const killedAt = (at: number) =>
      lineageOf(told(HOME, ...familyAt(1), revoked(at)).events).end?.killed.generation;
    expect(killedAt(rotatedAt(1) + idle - 1)).toBe(1);
    expect(killedAt(rotatedAt(1) + idle)).toBeNull();
  });

  it('ends with the access tokens that had not expired', () => {
    const killedAt = (at: number) =>
      lineageOf(told(HOME, ...familyAt(1), revoked(at)).events).end?.killed.accessTokens.length;
    expect(killedAt(rotatedAt(2) - 1)).toBe(1);
    expect(killedAt(rotatedAt(2))).toBe(0);
  });

  it('is not told of a history that is none', () => {
    expect(() => lineageOf([])).toThrow('begins with its grant');
    expect(() => lineageOf(told(HOME, redeemed()).events)).toThrow('cannot be the first event');
    const forged = told(HOME, ...familyAt(2), rotatedTo(2));
    expect(() => lineageOf(forged.events)).toThrow('generation 1 is not the current one');
  });
});

describe('the single revocations in a lineage', () => {
  const rotations = 10;
  const at = rotatedAt(rotations) + SECOND;
  const revoke = (sequence: number) => accessTokenRevoked(sequence, at, at + DAY);
  const revocationsAfter = (...sequences: number[]) =>
    lineageOf(told(HOME, ...familyAt(rotations), ...sequences.map(revoke)).events)
      .generations.flatMap(({ accessTokens }) => accessTokens)
      .map(({ revoked }) => revoked?.reason);

  it('take older tokens with them when there are more than a family remembers', () => {
    const eight = [1, 2, 3, 4, 5, 6, 7, 9];
    expect(revocationsAfter(...eight)).toEqual([
      undefined,
      ...Array<string>(7).fill('client_request'),
      undefined,
      'client_request',
      undefined,
    ]);
    expect(revocationsAfter(...eight, 10)).toEqual([
      'older_than_revoked',
      ...Array<string>(7).fill('client_request'),
      undefined,
      'client_request',
      'client_request',
    ]);
  });

  it('count from the first', () => {
    const { generations } = lineageOf(
      told(HOME, ...familyAt(1), revoke(1), accessTokenRevoked(1, at + 1, at + DAY)).events,
    );
    expect(generations[1]?.accessTokens[0]?.revoked).toEqual({
      at,
      position: place(3),
      reason: 'client_request',
    });
  });
});
