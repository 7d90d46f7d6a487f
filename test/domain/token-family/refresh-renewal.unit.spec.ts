import { describe, expect, it } from '@jest/globals';
import { refresh, revokeAccessToken } from '../../support/domain-family-commands.js';
import {
  accessToken,
  accessTokenRevoked,
  by,
  familyAt,
  granted,
  POLICY,
  redeemed,
  refreshed,
  rotatedTo,
  WHOLE_GRANT,
} from '../../support/domain-family-events.js';
import {
  callerOf,
  clientNamed,
  DAY,
  GRANTED_AT,
  MINUTE,
  PHOTOS_API,
  photoApp,
  photoServer,
  REDEEMED_AT,
  rotatedAt,
  SCOPE,
  SECOND,
  SIGNING_KEY_ID,
} from '../../support/domain-world.js';
import { at, event, given } from '../../support/given-when-then.js';

const WINDOW = 30 * SECOND;

describe('row 9: the current token', () => {
  it('is rotated: a new access token, a successor, and all that the decision depended on', () => {
    const receivedAt = rotatedAt(2) + 7 * MINUTE;
    const recordedAt = receivedAt + 3;
    const { decision } = given(...familyAt(2)).when(
      refresh({ generation: 2 }),
      at(receivedAt, { recordedAt, refreshKeyId: '2', policyRevision: 'policy-2' }),
    );
    const token = { ...accessToken(3, recordedAt), expiresAt: recordedAt + 10 * MINUTE + 997 };
    const idleExpiresAt = recordedAt + 30 * DAY;
    expect(decision).toEqual({
      events: [
        {
          type: 'RefreshTokenRotated',
          data: {
            ...by(receivedAt),
            policyRevision: 'policy-2',
            presentedGeneration: 2,
            age: 7 * MINUTE,
            generation: 3,
            keyId: '2',
            idleExpiresAt,
            requestHash: WHOLE_GRANT,
            token,
            idToken: true,
          },
        },
      ],
      outcome: {
        kind: 'granted',
        how: 'rotated',
        family: given(...familyAt(2)).state,
        generation: 3,
        keyId: '2',
        idleExpiresAt,
        token,
        idToken: true,
      },
    });
  });

  it('can be used at once, and in the millisecond of its own making', () => {
    given(...familyAt(1))
      .when(refresh({ generation: 1 }), at(rotatedAt(1)))
      .then({
        events: [event('RefreshTokenRotated', { generation: 2 })],
        outcome: { how: 'rotated', generation: 2 },
      });
  });

  it('works on a clock that went back, in the order of generations', () => {
    const { state } = given(...familyAt(2))
      .when(refresh({ generation: 2 }), at(GRANTED_AT - DAY))
      .then({
        events: [event('RefreshTokenRotated', { presentedGeneration: 2, age: 0, generation: 3 })],
        outcome: { how: 'rotated', generation: 3 },
      });
    expect(state?.updatedAt).toBe(rotatedAt(2));
  });

  it('tells how long the presented token was there', () => {
    const receivedAt = REDEEMED_AT + 3 * SECOND;
    given(granted(), redeemed())
      .when(refresh({ generation: 0 }), at(receivedAt))
      .then({
        events: [event('RefreshTokenRotated', { age: 3 * SECOND })],
        outcome: { how: 'rotated' },
      });
    given(granted({ code: undefined }), redeemed())
      .when(refresh({ generation: 0 }), at(receivedAt))
      .then({
        events: [event('RefreshTokenRotated', { age: receivedAt - GRANTED_AT })],
        outcome: { how: 'rotated' },
      });
    given(...familyAt(9))
      .when(refresh({ generation: 9 }), at(rotatedAt(9) + 11 * MINUTE))
      .then({
        events: [event('RefreshTokenRotated', { age: 11 * MINUTE })],
        outcome: { how: 'rotated' },
      });
  });

  it('does not outlive the family when it is not used', () => {
    const absoluteExpiresAt = GRANTED_AT + DAY;
    given(granted({ absoluteExpiresAt }), redeemed())
      .when(refresh({ generation: 0 }), at(GRANTED_AT + DAY - MINUTE))
      .then({
        events: [event('RefreshTokenRotated', { idleExpiresAt: absoluteExpiresAt })],
        outcome: { idleExpiresAt: absoluteExpiresAt },
      });
  });

  it('is answered with an access token that ends no later than the family', () => {
    const absoluteExpiresAt = rotatedAt(1) + MINUTE + 999;
    const end = rotatedAt(1) + MINUTE;
    given(granted({ absoluteExpiresAt }), redeemed())
      .when(refresh({ generation: 0 }), at(rotatedAt(1)))
      .then({
        events: [
          event('RefreshTokenRotated', {
            token: accessToken(1, rotatedAt(1), { expiresAt: end }),
          }),
        ],
        outcome: { how: 'rotated' },
      });
  });

  it('lives by the rules of its grant, whatever the client says today', () => {
    const client = clientNamed('photo-app', 'none', {
      metadata: { ...photoApp.metadata, policy: { rotation: 'fixed', idle: MINUTE } },
    });
    given(...familyAt(0))
      .when(refresh({ generation: 0 }), at(rotatedAt(1), { client }))
      .then({
        events: [event('RefreshTokenRotated', { idleExpiresAt: rotatedAt(1) + POLICY.idle })],
        outcome: { how: 'rotated' },
      });
  });

  it('is answered with an access token that lives as long as the client has it', () => {
    const client = clientNamed('photo-app', 'none', {
      metadata: { ...photoApp.metadata, policy: { accessTokenLifetime: 90 * SECOND } },
    });
    const { decision } = given(...familyAt(0)).when(
      refresh({ generation: 0 }),
      at(rotatedAt(1), { client }),
    );
    expect(decision.outcome).toMatchObject({ token: { expiresAt: rotatedAt(1) + 90 * SECOND } });
  });

  it('is answered with an access token that is bound to the key of the caller', () => {
    const caller = callerOf(photoServer, { senderKey: 'key-of-the-server' });
    const { decision } = given(granted({ clientId: photoServer.clientId }), redeemed()).when(
      refresh({ generation: 0, caller }),
    );
    expect(decision.outcome).toMatchObject({ token: { senderKey: 'key-of-the-server' } });
  });

  it.each([
    ['openid was not granted', granted({ scope: ['offline_access'] })],
    ['nobody authorized it', granted({ subject: undefined })],
  ])('is answered without ID token when %s', (_why, grant) => {
    given(grant, redeemed({ idToken: false }))
      .when(refresh({ generation: 0 }))
      .then({
        events: [event('RefreshTokenRotated', { idToken: false })],
        outcome: { idToken: false },
      });
  });
});

describe('row 9: the current token of a family that keeps it', () => {
  const serverFamily = [
    granted({ clientId: photoServer.clientId, policy: { rotation: 'fixed' } }),
    redeemed({ keyId: '7' }),
  ];
  const caller = callerOf(photoServer);

  it('stays the same refresh token, under the key that it was minted with', () => {
    const idleExpiresAt = rotatedAt(1) + POLICY.idle;
    const { state } = given(...serverFamily)
      .when(refresh({ generation: 0, caller }), at(rotatedAt(1), { refreshKeyId: '8' }))
      .then({
        events: [
          event('AccessTokenRefreshed', {
            generation: 0,
            idleExpiresAt,
            requestHash: WHOLE_GRANT,
            token: accessToken(1, rotatedAt(1)),
          }),
        ],
        outcome: { how: 'refreshed', generation: 0, keyId: '7', idleExpiresAt },
      });
    expect(state).toMatchObject({ generation: 0, recentRotations: [], nextSequence: 2 });
  });

  it('works again and again, each time with another access token', () => {
    given(...serverFamily, refreshed(1), refreshed(2))
      .when(refresh({ generation: 0, caller }), at(rotatedAt(2)))
      .then({
        events: [event('AccessTokenRefreshed', { token: accessToken(3, rotatedAt(2)) })],
        outcome: { how: 'refreshed', generation: 0 },
      });
  });

  it('tells how long ago it was used before, and the first time how long it was there', () => {
    const first = REDEEMED_AT + 3 * SECOND;
    const { state } = given(...serverFamily)
      .when(refresh({ generation: 0, caller }), at(first))
      .then({
        events: [event('AccessTokenRefreshed', { age: 3 * SECOND })],
        outcome: { how: 'refreshed' },
      })
      .when(refresh({ generation: 0, caller }), at(first + 7 * MINUTE))
      .then({
        events: [event('AccessTokenRefreshed', { age: 7 * MINUTE })],
        outcome: { how: 'refreshed' },
      });
    expect(state?.refreshedAt).toBe(first + 7 * MINUTE);
  });

  it('is answered under the key of today where the history names none', () => {
    given(
      granted({ clientId: photoServer.clientId, policy: { rotation: 'fixed' } }),
      redeemed({ keyId: undefined }),
    )
      .when(refresh({ generation: 0, caller }), { refreshKeyId: '8' })
      .then({ events: [event('AccessTokenRefreshed')], outcome: { keyId: '8' } });
  });
});

describe('row 10: the previous token inside the retry window', () => {
  const served = accessToken(2, rotatedAt(2));

  it('gets the same successor and the same access token in the last millisecond of the window', () => {
    const { state } = given(...familyAt(2))
      .when(refresh({ generation: 1 }), at(rotatedAt(2) + WINDOW))
      .then({
        events: [
          event('RefreshRetried', {
            presentedGeneration: 1,
            age: WINDOW,
            requestHash: WHOLE_GRANT,
            servedSequence: 2,
            token: undefined,
            otherParty: undefined,
            incidentId: undefined,
          }),
        ],
        outcome: {
          kind: 'granted',
          how: 'retried',
          generation: 2,
          token: served,
          idToken: true,
          idleExpiresAt: rotatedAt(2) + POLICY.idle,
        },
      });
    expect(state).toMatchObject({ generation: 2, nextSequence: 3 });
  });

  it.each([
    ['in the millisecond of the rotation', rotatedAt(2)],
    ['a millisecond before the end of the window', rotatedAt(2) + WINDOW - 1],
    ['from a request that arrived before the rotation was recorded', rotatedAt(2) - 1],
    ['on a clock that went back a day', rotatedAt(2) - DAY],
  ])('gets them %s', (_when, receivedAt) => {
    given(...familyAt(2))
      .when(refresh({ generation: 1 }), at(receivedAt))
      .then({
        events: [event('RefreshRetried', { age: Math.max(0, receivedAt - rotatedAt(2)) })],
        outcome: { how: 'retried', generation: 2, token: served },
      });
  });

  it('gets them as often as it comes', () => {
    const retry = refresh({ generation: 1 });
    const again = {
      events: [event('RefreshRetried', { servedSequence: 2, token: undefined })],
      outcome: { how: 'retried', generation: 2, token: served },
    } as const;
    given(...familyAt(2))
      .when(retry, at(rotatedAt(2) + SECOND))
      .then(again)
      .when(retry, at(rotatedAt(2) + SECOND))
      .then(again)
      .when(retry, at(rotatedAt(2) + 2 * SECOND))
      .then(again);
  });

  it('is answered under the key that the successor was minted with', () => {
    given(...familyAt(1), rotatedTo(2, { keyId: '5' }))
      .when(refresh({ generation: 1 }), at(rotatedAt(2) + SECOND, { refreshKeyId: '6' }))
      .then({ events: [event('RefreshRetried')], outcome: { keyId: '5' } });
  });

  it('gets the same access token although the signing key has changed since', () => {
    given(...familyAt(2))
      .when(refresh({ generation: 1 }), at(rotatedAt(2) + SECOND, { signingKeyId: 'another' }))
      .then({ events: [event('RefreshRetried')], outcome: { token: served } });
  });

  it('closes when the successor is used', () => {
    given(...familyAt(1), rotatedTo(2, {}, rotatedAt(1) + SECOND))
      .when(refresh({ generation: 0 }), at(rotatedAt(1) + 2 * SECOND))
      .then({
        events: [event('RefreshRejected', { reason: 'stale_inside_window' })],
        incident: 'stale_inside_window',
        outcome: { kind: 'refused', reason: 'stale_inside_window' },
      });
  });

  describe('of no length', () => {
    it('forgives only what arrived no later than the rotation was recorded', () => {
      given(...familyAt(1, { retryWindow: 0 }))
        .when(refresh({ generation: 0 }), at(rotatedAt(1)))
        .then({
          events: [event('RefreshRetried', { age: 0 })],
          outcome: { how: 'retried', generation: 1 },
        });
    });

    it('takes anything later for reuse', () => {
      given(...familyAt(1, { retryWindow: 0 }))
        .when(refresh({ generation: 0 }), at(rotatedAt(1) + 1))
        .then({
          events: [
            event('RefreshTokenReuseDetected', { age: 1, cause: 'retry_window_passed' }),
            event('FamilyRevoked'),
          ],
          incident: 'refresh_token_reuse',
          outcome: { reason: 'reuse_detected' },
        });
    });
  });

  describe('that lasts until the successor is used', () => {
    const family = familyAt(1, { retryUntilUsed: true });

    it('gives the same successor however late', () => {
      given(...family)
        .when(refresh({ generation: 0 }), at(rotatedAt(1) + 20 * DAY))
        .then({
          events: [
            event('RefreshRetried', {
              age: 20 * DAY,
              token: accessToken(2, rotatedAt(1) + 20 * DAY),
            }),
          ],
          outcome: { how: 'retried', generation: 1 },
        });
    });

    it('ends with the idle time of the successor', () => {
      given(...family)
        .when(refresh({ generation: 0 }), at(rotatedAt(1) + POLICY.idle))
        .then({
          events: [event('RefreshRejected', { reason: 'expired_idle' })],
          outcome: { reason: 'expired_idle' },
        });
    });
  });
});

describe('row 10: the access token of a retry', () => {
  const late = { retryUntilUsed: true };
  const expiresAt = rotatedAt(1) + 10 * MINUTE;

  it('is the one that was answered while that has 30 s left', () => {
    given(...familyAt(1, late))
      .when(refresh({ generation: 0 }), at(expiresAt - 30 * SECOND))
      .then({
        events: [event('RefreshRetried', { servedSequence: 1, token: undefined })],
        outcome: { token: accessToken(1, rotatedAt(1)) },
      });
  });

  it('is minted for this request when the one that was answered has less than 30 s left', () => {
    const now = expiresAt - 30 * SECOND + 1;
    const token = accessToken(2, now, { expiresAt: expiresAt + 10 * MINUTE - 29 * SECOND });
    const { state } = given(...familyAt(1, late))
      .when(refresh({ generation: 0 }), at(now))
      .then({
        events: [event('RefreshRetried', { servedSequence: 2, token })],
        outcome: { how: 'retried', generation: 1, token },
      });
    expect(state?.answers).toMatchObject([
      { requestHash: WHOLE_GRANT, token: { sequence: token.sequence, expiresAt: token.expiresAt } },
    ]);
  });

  it('is minted for this request when the scope is another, and remembered for the next', () => {
    const now = rotatedAt(1) + SECOND;
    const token = accessToken(2, now, {
      scope: ['photos:read'],
      expiresAt: rotatedAt(1) + 10 * MINUTE + SECOND,
    });
    const narrower = refresh({ generation: 0, scope: ['photos:read'] });
    given(...familyAt(1))
      .when(narrower, at(now))
      .then({
        events: [event('RefreshRetried', { servedSequence: 2, token })],
        outcome: { how: 'retried', generation: 1, token },
      })
      .when(narrower, at(now + SECOND))
      .then({
        events: [event('RefreshRetried', { servedSequence: 2, token: undefined })],
        outcome: { token },
      })
      .when(refresh({ generation: 0 }), at(now + SECOND))
      .then({
        events: [event('RefreshRetried', { servedSequence: 1, token: undefined })],
        outcome: { token: accessToken(1, rotatedAt(1)) },
      });
  });

  it('is minted for this request when the key is another', () => {
    const family = [granted({ clientId: photoServer.clientId }), redeemed(), rotatedTo(1)];
    const caller = callerOf(photoServer, { senderKey: 'another-key' });
    const { decision } = given(...family).when(
      refresh({ generation: 0, caller }),
      at(rotatedAt(1) + SECOND),
    );
    expect(decision.outcome).toMatchObject({ token: { sequence: 2, senderKey: 'another-key' } });
  });

  it('is the same when the request says the same in another order, or twice', () => {
    const resources = ['https://api.example.com/albums', PHOTOS_API];
    const family = [granted({ resources }), redeemed()];
    const { decision, then } = given(...family).when(
      refresh({ generation: 0, scope: ['openid', 'photos:read'], resources }),
      at(rotatedAt(1)),
    );
    expect(decision.outcome).toMatchObject({
      token: { scope: ['openid', 'photos:read'], audience: resources },
    });
    then({ events: [event('RefreshTokenRotated')], outcome: { how: 'rotated' } })
      .when(
        refresh({
          generation: 0,
          scope: ['photos:read', 'openid', 'openid'],
          resources: resources.toReversed(),
        }),
        at(rotatedAt(1) + SECOND),
      )
      .then({
        events: [event('RefreshRetried', { servedSequence: 1, token: undefined })],
        outcome: { how: 'retried' },
      });
  });

  it('is minted for this request when the one that was answered was revoked since', () => {
    const now = rotatedAt(1) + 2 * SECOND;
    given(...familyAt(1))
      .when(
        revokeAccessToken({ sequence: 1, expiresAt, reason: 'client_request' }),
        at(rotatedAt(1) + SECOND),
      )
      .then({ events: [event('AccessTokenRevoked')], outcome: 'revoked' })
      .when(refresh({ generation: 0 }), at(now))
      .then({
        events: [event('RefreshRetried', { servedSequence: 2 })],
        outcome: {
          token: accessToken(2, now, { expiresAt: expiresAt + 2 * SECOND }),
        },
      });
  });

  it('is minted for this request when the key that signed the answered one can sign no more', () => {
    const now = rotatedAt(1) + SECOND;
    const token = accessToken(2, now, {
      expiresAt: expiresAt + SECOND,
      signingKeyId: 'key-of-today',
    });
    const keys = { signingKeyId: 'key-of-today', canSign: (id: string) => id === 'key-of-today' };
    given(...familyAt(1))
      .when(refresh({ generation: 0 }), at(now, keys))
      .then({
        events: [event('RefreshRetried', { servedSequence: 2, token })],
        outcome: { how: 'retried', generation: 1, token },
      })
      .when(refresh({ generation: 0 }), at(now + SECOND, keys))
      .then({
        events: [event('RefreshRetried', { servedSequence: 2, token: undefined })],
        outcome: { token },
      });
  });

  it('ends no later than the family', () => {
    const absoluteExpiresAt = rotatedAt(1) + 5 * MINUTE + 1;
    const family = [granted({ absoluteExpiresAt }), redeemed(), rotatedTo(1)];
    given(...family)
      .when(refresh({ generation: 0, scope: ['openid'] }), at(rotatedAt(1) + SECOND))
      .then({
        events: [event('RefreshRetried')],
        outcome: {
          token: accessToken(2, rotatedAt(1) + SECOND, {
            scope: ['openid'],
            expiresAt: absoluteExpiresAt - 1,
          }),
        },
      });
  });

  it('is another than any that were answered under the generation before', () => {
    given(...familyAt(1), accessTokenRevoked(0, rotatedAt(1)), rotatedTo(2))
      .when(refresh({ generation: 1 }), at(rotatedAt(2) + SECOND))
      .then({
        events: [event('RefreshRetried', { servedSequence: 2 })],
        outcome: { token: accessToken(2, rotatedAt(2)) },
      });
  });

  it('is answered with the end of the family where the history names no idle end', () => {
    const absoluteExpiresAt = GRANTED_AT + 180 * DAY;
    const { state } = given(...familyAt(1));
    const { decide } = refresh({ generation: 0 });
    const { decision } = given(...familyAt(1)).when(
      {
        ...refresh({ generation: 0 }),
        decide: (_, context) =>
          decide(state && { ...state, keyId: undefined, idleExpiresAt: undefined }, context),
      },
      at(rotatedAt(1) + SECOND),
    );
    expect(decision.outcome).toMatchObject({ keyId: '1', idleExpiresAt: absoluteExpiresAt });
  });
});

describe('the facts of an access token', () => {
  it('end on a whole second, never before the lifetime is over', () => {
    const receivedAt = REDEEMED_AT + 123;
    const { decision } = given(...familyAt(0)).when(refresh({ generation: 0 }), at(receivedAt));
    expect(decision.outcome).toMatchObject({
      token: {
        sequence: 1,
        format: 'jwt',
        issuedAt: receivedAt,
        expiresAt: REDEEMED_AT + 10 * MINUTE + SECOND,
        scope: SCOPE,
        audience: [PHOTOS_API],
        signingKeyId: SIGNING_KEY_ID,
      },
    });
  });
});
