import { describe, expect, it } from '@jest/globals';
import type { SessionState } from '../../../src/domain/directory/directory.state.js';
import { issueGrant, redeemCode, refresh } from '../../support/domain-family-commands.js';
import {
  accessToken,
  by,
  familyAt,
  granted,
  POLICY,
  redeemed,
  revoked,
} from '../../support/domain-family-events.js';
import {
  account,
  callerOf,
  CODE_CHALLENGE,
  DAY,
  GRANTED_AT,
  INCIDENT_ID,
  ISSUER,
  MINUTE,
  otherApp,
  photoApp,
  PHOTOS_API,
  photoServer,
  project,
  REDEEMED_AT,
  REDIRECT_URI,
  REFRESH_KEY_ID,
  SCOPE,
  SECOND,
  SESSION,
  SUBJECT,
} from '../../support/domain-world.js';
import { at, event, given } from '../../support/given-when-then.js';

const CODE_EXPIRES_AT = GRANTED_AT + MINUTE;

describe('a grant', () => {
  it('begins a family whose first token is an authorization code', () => {
    const policy = { ...POLICY, rotation: 'fixed', retryUntilUsed: true } as const;
    const { decision, then } = given().when(
      issueGrant({
        policy,
        acr: 'urn:example:mfa',
        amr: ['pwd', 'otp'],
        authTime: GRANTED_AT - MINUTE,
        consentId: 'consent-1',
        absoluteLifetime: 90 * DAY,
        codeLifetime: 45 * SECOND,
        code: {
          redirectUri: REDIRECT_URI,
          codeChallenge: CODE_CHALLENGE,
          nonce: 'n-0S6_WzA2Mj',
          dpopJkt: 'key-of-the-app',
        },
      }),
      at(GRANTED_AT, { recordedAt: GRANTED_AT + 2 }),
    );
    expect(decision.events).toEqual([
      {
        type: 'GrantIssued',
        data: {
          ...by(GRANTED_AT),
          subject: SUBJECT,
          sessionId: 'session-1',
          grantType: 'authorization_code',
          scope: SCOPE,
          resources: [PHOTOS_API],
          offline: true,
          authTime: GRANTED_AT - MINUTE,
          acr: 'urn:example:mfa',
          amr: ['pwd', 'otp'],
          consentId: 'consent-1',
          absoluteExpiresAt: GRANTED_AT + 2 + 90 * DAY,
          policy,
          code: {
            expiresAt: GRANTED_AT + 2 + 45 * SECOND,
            keyId: REFRESH_KEY_ID,
            redirectUri: REDIRECT_URI,
            codeChallenge: CODE_CHALLENGE,
            nonce: 'n-0S6_WzA2Mj',
            dpopJkt: 'key-of-the-app',
          },
        },
      },
    ]);
    const { state } = then({
      events: [event('GrantIssued')],
      outcome: { kind: 'granted' },
    });
    expect(state).toMatchObject({ status: 'pending', generation: null, nextSequence: 0 });
  });

  it('has no refresh tokens without offline_access', () => {
    given()
      .when(issueGrant({ scope: ['openid'] }))
      .then({ events: [event('GrantIssued', { offline: false })], outcome: {} });
  });

  it('is given once', () => {
    expect(() => given(granted()).when(issueGrant())).toThrow('a family is granted once');
  });

  it.each([
    ['is unknown', undefined],
    ['was signed out', { ...SESSION, ended: 'signed_out' as const }],
    ['was renewed', { ...SESSION, ended: 'renewed' as const }],
    ['has expired', { ...SESSION, expiresAt: GRANTED_AT }],
    ['began before its person signed out everywhere', { ...SESSION, authTime: GRANTED_AT - 1 }],
  ])('is not given when the session that it rests on %s', (_how, session) => {
    const signedOut = { ...account, tokensNotBefore: GRANTED_AT };
    given()
      .when(
        issueGrant({ scope: ['offline_access', 'openid'] }),
        at(GRANTED_AT, {
          account: signedOut,
          session: () => session && { session, root: SESSION },
        }),
      )
      .then({ outcome: { kind: 'refused', reason: 'session_ended' } });
  });

  it('records its scope sorted', () => {
    given()
      .when(issueGrant({ scope: ['photos:read', 'offline_access', 'openid'] }))
      .then({
        events: [event('GrantIssued', { scope: ['offline_access', 'openid', 'photos:read'] })],
        outcome: {},
      });
  });
});

describe('an authorization code', () => {
  it('is exchanged for the first tokens', () => {
    const recordedAt = REDEEMED_AT + 4;
    const { decision } = given(granted()).when(redeemCode(), at(REDEEMED_AT, { recordedAt }));
    const token = accessToken(0, recordedAt, { expiresAt: REDEEMED_AT + 10 * MINUTE + SECOND });
    const idleExpiresAt = recordedAt + POLICY.idle;
    expect(decision).toEqual({
      events: [
        {
          type: 'GrantRedeemed',
          data: {
            ...by(REDEEMED_AT),
            generation: 0,
            keyId: REFRESH_KEY_ID,
            idleExpiresAt,
            token,
            idToken: true,
          },
        },
      ],
      outcome: {
        kind: 'granted',
        how: 'redeemed',
        family: given(granted()).state,
        generation: 0,
        keyId: REFRESH_KEY_ID,
        idleExpiresAt,
        token,
        idToken: true,
      },
    });
  });

  it('works until its last millisecond', () => {
    given(granted())
      .when(redeemCode(), at(CODE_EXPIRES_AT - 1))
      .then({ events: [event('GrantRedeemed')], outcome: { how: 'redeemed' } });
  });

  it('works on a clock that went back', () => {
    given(granted())
      .when(redeemCode(), at(GRANTED_AT - DAY))
      .then({ events: [event('GrantRedeemed')], outcome: { how: 'redeemed' } });
  });

  it('gives no refresh token without offline_access', () => {
    const { state } = given(granted({ scope: ['openid'], offline: false }))
      .when(redeemCode(), at(REDEEMED_AT))
      .then({
        events: [
          event('GrantRedeemed', { generation: null, keyId: undefined, idleExpiresAt: undefined }),
        ],
        outcome: { how: 'redeemed', generation: null, idToken: true },
      });
    expect(state).toMatchObject({ status: 'active', generation: null, nextSequence: 1 });
  });

  it('gives no ID token without openid', () => {
    given(granted({ scope: ['photos:read'] }))
      .when(redeemCode(), at(REDEEMED_AT))
      .then({
        events: [event('GrantRedeemed', { idToken: false })],
        outcome: { idToken: false },
      });
  });

  it('gives an access token for the resources that were asked for', () => {
    const resources = [PHOTOS_API, 'https://api.example.com/albums'];
    const { decision } = given(granted({ resources })).when(
      redeemCode({ resources: [PHOTOS_API] }),
      at(REDEEMED_AT),
    );
    expect(decision.outcome).toMatchObject({ token: { audience: [PHOTOS_API] } });
  });

  it('gives an access token for the issuer where no resource was granted', () => {
    const { decision } = given(granted({ resources: [] })).when(redeemCode(), at(REDEEMED_AT));
    expect(decision.outcome).toMatchObject({ token: { audience: [ISSUER] } });
  });

  it('binds the refresh tokens of a public client to the key that it proves', () => {
    const caller = callerOf(photoApp, { senderKey: 'key-of-the-app' });
    const { state } = given(granted())
      .when(redeemCode({ caller }), at(REDEEMED_AT))
      .then({
        events: [event('GrantRedeemed', { boundSenderKey: 'key-of-the-app' })],
        outcome: { how: 'redeemed' },
      });
    expect(state?.boundSenderKey).toBe('key-of-the-app');
  });

  it('binds only the access token of a client that has a secret', () => {
    const caller = callerOf(photoServer, { senderKey: 'key-of-the-server' });
    const { decision } = given(granted({ clientId: photoServer.clientId })).when(
      redeemCode({ caller }),
      at(REDEEMED_AT),
    );
    expect(decision.events).toMatchObject([
      { data: { token: { senderKey: 'key-of-the-server' } } },
    ]);
    expect(decision.events).not.toMatchObject([
      { data: { boundSenderKey: expect.anything() as unknown } },
    ]);
  });
});

it('gives an access token that ends no later than the family', () => {
  const absoluteExpiresAt = REDEEMED_AT + MINUTE + 999;
  const { decision } = given(granted({ absoluteExpiresAt })).when(redeemCode(), at(REDEEMED_AT));
  expect(decision.outcome).toMatchObject({ token: { expiresAt: REDEEMED_AT + MINUTE } });
});

it('gives one that lives for a second at least, or none', () => {
  const short = given(granted({ absoluteExpiresAt: REDEEMED_AT + SECOND + 999 }));
  short.when(redeemCode(), at(REDEEMED_AT + 1)).then({
    events: [event('RefreshRejected', { reason: 'expired_absolute' })],
    outcome: { kind: 'refused', error: 'invalid_grant', reason: 'expired_absolute' },
  });
  const { decision } = short.when(redeemCode(), at(REDEEMED_AT));
  expect(decision.outcome).toMatchObject({
    token: { issuedAt: REDEEMED_AT, expiresAt: REDEEMED_AT + SECOND },
  });
});

describe('a code that is refused', () => {
  const refusals = [
    {
      why: 'the client is not authenticated',
      command: redeemCode({ caller: callerOf(photoServer, { provenSecretId: undefined }) }),
      error: 'invalid_client',
      reason: 'client_authentication_failed',
      incident: 'client_authentication_failed',
    },
    {
      why: 'it belongs to another client',
      command: redeemCode({ caller: callerOf(otherApp) }),
      reason: 'foreign_client',
      incident: 'foreign_client',
    },
    {
      why: 'the redirect URI is another',
      command: redeemCode({ redirectUri: `${REDIRECT_URI}/elsewhere` }),
      reason: 'redirect_mismatch',
    },
    {
      why: 'there is no redirect URI',
      command: redeemCode({ redirectUri: undefined }),
      reason: 'redirect_mismatch',
    },
    {
      why: 'the verifier is wrong',
      command: redeemCode({ verifierChallenge: 'another-challenge' }),
      reason: 'pkce_mismatch',
    },
    {
      why: 'there is no verifier',
      command: redeemCode({ verifierChallenge: undefined }),
      reason: 'pkce_mismatch',
    },
    {
      why: 'it expires in this millisecond',
      command: redeemCode(),
      circumstances: at(CODE_EXPIRES_AT),
      reason: 'code_expired',
    },
    {
      why: 'the client is disabled',
      command: redeemCode(),
      circumstances: at(REDEEMED_AT, { client: { ...photoApp, status: 'disabled' } }),
      reason: 'client_disabled',
    },
    {
      why: 'the project is disabled',
      command: redeemCode(),
      circumstances: at(REDEEMED_AT, { project: { ...project, status: 'disabled' } }),
      reason: 'project_disabled',
    },
    {
      why: 'the account is disabled',
      command: redeemCode(),
      circumstances: at(REDEEMED_AT, { account: { ...account, status: 'disabled' } }),
      reason: 'account_disabled',
    },
    {
      why: 'the subject signed out everywhere after the grant',
      command: redeemCode(),
      circumstances: at(REDEEMED_AT, { account: { ...account, tokensNotBefore: REDEEMED_AT } }),
      reason: 'not_before',
    },
    {
      why: 'the resource was not granted',
      command: redeemCode({ resources: ['https://elsewhere.example'] }),
      error: 'invalid_target',
      reason: 'target_exceeded',
    },
    {
      why: 'the resource is none',
      command: redeemCode({ fault: 'invalid_target' }),
      error: 'invalid_target',
      reason: 'target_exceeded',
    },
    {
      why: 'another client asks for a resource that is none',
      command: redeemCode({ caller: callerOf(otherApp), fault: 'invalid_target' }),
      reason: 'foreign_client',
      incident: 'foreign_client',
    },
    {
      why: 'it expired and the resource is none',
      command: redeemCode({ fault: 'invalid_target' }),
      circumstances: at(CODE_EXPIRES_AT),
      reason: 'code_expired',
    },
  ] as const;

  it.each(refusals)('because $why can still be redeemed as it should be', (refusal) => {
    const incident = 'incident' in refusal ? { incident: refusal.incident } : {};
    given(granted())
      .when(refusal.command, 'circumstances' in refusal ? refusal.circumstances : at(REDEEMED_AT))
      .then({
        events: [
          event('RefreshRejected', {
            kind: 'code',
            reason: refusal.reason,
            presentedGeneration: undefined,
            currentGeneration: undefined,
          }),
        ],
        ...incident,
        outcome: {
          kind: 'refused',
          error: 'error' in refusal ? refusal.error : 'invalid_grant',
          reason: refusal.reason,
        },
      })
      .when(redeemCode(), at(REDEEMED_AT))
      .then({ events: [event('GrantRedeemed')], outcome: { how: 'redeemed' } });
  });

  it.each([
    ['another key', 'another-key'],
    ['no key', undefined],
  ])(
    'because the caller proves %s than it was asked for with (RFC 9449, 10)',
    (_which, senderKey) => {
      const code = { expiresAt: CODE_EXPIRES_AT, keyId: REFRESH_KEY_ID, redirectUri: REDIRECT_URI };
      const bound = granted({
        code: { ...code, codeChallenge: CODE_CHALLENGE, dpopJkt: 'the-key' },
      });
      given(bound)
        .when(redeemCode({ caller: callerOf(photoApp, { senderKey }) }), at(REDEEMED_AT))
        .then({
          events: [event('RefreshRejected', { kind: 'code', reason: 'sender_mismatch' })],
          outcome: { error: 'invalid_grant', reason: 'sender_mismatch' },
        })
        .when(redeemCode({ caller: callerOf(photoApp, { senderKey: 'the-key' }) }), at(REDEEMED_AT))
        .then({
          events: [event('GrantRedeemed', { boundSenderKey: 'the-key' })],
          outcome: { how: 'redeemed' },
        });
    },
  );

  it('because the family is revoked stays so', () => {
    given(granted(), revoked(GRANTED_AT + SECOND, 'signed_out'))
      .when(redeemCode(), at(REDEEMED_AT))
      .then({
        events: [event('RefreshRejected', { kind: 'code', reason: 'family_revoked' })],
        outcome: { error: 'invalid_grant', reason: 'family_revoked' },
      });
  });
});

describe('a code of a family that lasts as long as its session', () => {
  const bound = granted({ scope: ['openid'], offline: false });
  const session = {
    sessionId: 'session-1',
    subject: SUBJECT,
    authTime: GRANTED_AT,
    amr: ['pwd'],
    expiresAt: GRANTED_AT + DAY,
  };
  const first = (one: SessionState) => ({ session: one, root: one });
  const redeemable = {
    events: [event('GrantRedeemed')],
    outcome: { how: 'redeemed' },
  } as const;

  it.each(['signed_out', 'replaced'] as const)(
    'is refused once that ended, and stays so: %s',
    (ended) => {
      const over = at(REDEEMED_AT, { session: () => first({ ...session, ended }) });
      const { state } = given(bound)
        .when(redeemCode(), over)
        .then({
          events: [event('RefreshRejected', { kind: 'code', reason: 'session_ended' })],
          outcome: { kind: 'refused', error: 'invalid_grant', reason: 'session_ended' },
        })
        .when(redeemCode(), over)
        .then({
          outcome: {
            reason: 'session_ended',
            counted: { outcome: 'rejected', reason: 'session_ended', generation: undefined },
          },
        });
      expect(state?.status).toBe('pending');
    },
  );

  it('is refused once the root of that ended', () => {
    const root = { ...session, sessionId: 'session-0', ended: 'signed_out' as const };
    given(bound)
      .when(redeemCode(), at(REDEEMED_AT, { session: () => ({ session, root }) }))
      .then({
        events: [event('RefreshRejected', { kind: 'code', reason: 'session_ended' })],
        outcome: { kind: 'refused', error: 'invalid_grant', reason: 'session_ended' },
      });
  });

  it.each([
    ['stands', first(session)],
    ['was only renewed by its person', first({ ...session, ended: 'renewed' as const })],
    ['is unknown', undefined],
  ])('is redeemed while that %s', (_how, found) => {
    given(bound)
      .when(redeemCode(), at(REDEEMED_AT, { session: () => found }))
      .then(redeemable);
  });

  it('comes after its own end, and before what is asked for', () => {
    const over = { session: () => first({ ...session, ended: 'signed_out' as const }) };
    given(bound)
      .when(redeemCode(), at(CODE_EXPIRES_AT, over))
      .then({
        events: [event('RefreshRejected', { reason: 'code_expired' })],
        outcome: { reason: 'code_expired' },
      })
      .when(redeemCode({ fault: 'invalid_target' }), at(REDEEMED_AT, over))
      .then({
        events: [event('RefreshRejected', { reason: 'session_ended' })],
        outcome: { reason: 'session_ended' },
      });
  });

  it('with offline access asks for no session', () => {
    const session = (): never => {
      throw new Error('the session was read');
    };
    given(granted()).when(redeemCode(), at(REDEEMED_AT, { session })).then(redeemable);
  });
});

describe('a code that is redeemed a second time', () => {
  const killed = event('FamilyRevoked', {
    reason: 'code_reuse',
    incidentId: INCIDENT_ID,
    actor: 'system',
  });

  it('kills the family, without any retry window', () => {
    const { state } = given(granted(), redeemed())
      .when(redeemCode(), at(REDEEMED_AT))
      .then({
        events: [
          event('RefreshTokenReuseDetected', {
            kind: 'code',
            presentedGeneration: 0,
            currentGeneration: 0,
            gap: 0,
            age: 0,
            cause: 'code_redeemed_twice',
            incidentId: INCIDENT_ID,
          }),
          killed,
        ],
        incident: 'code_reuse',
        outcome: { kind: 'refused', error: 'invalid_grant', reason: 'reuse_detected' },
      });
    expect(state).toMatchObject({ status: 'revoked', revoked: { reason: 'code_reuse' } });
  });

  it('kills the family long after the code expired, whatever became of its refresh tokens', () => {
    given(...familyAt(3))
      .when(redeemCode(), at(REDEEMED_AT + DAY))
      .then({
        events: [
          event('RefreshTokenReuseDetected', { currentGeneration: 3, gap: 3, age: DAY }),
          killed,
        ],
        incident: 'code_reuse',
        outcome: { reason: 'reuse_detected' },
      })
      .when(refresh({ generation: 3 }))
      .then({
        events: [event('RefreshRejected', { reason: 'family_revoked', incidentId: INCIDENT_ID })],
        outcome: { reason: 'family_revoked' },
      });
  });

  it('kills a family that has no refresh tokens, whatever the request asks for', () => {
    given(granted({ offline: false }), redeemed({ generation: null }))
      .when(redeemCode({ resources: ['https://elsewhere.example'] }), at(GRANTED_AT))
      .then({
        events: [
          event('RefreshTokenReuseDetected', { currentGeneration: 0, gap: 0, age: 0 }),
          killed,
        ],
        incident: 'code_reuse',
        outcome: { reason: 'reuse_detected' },
      });
  });

  it.each([
    ['verifier', redeemCode({ verifierChallenge: 'wrong' }), 'pkce_mismatch', undefined],
    ['redirect URI', redeemCode({ redirectUri: ISSUER }), 'redirect_mismatch', undefined],
    ['client', redeemCode({ caller: callerOf(otherApp) }), 'foreign_client', 'foreign_client'],
    [
      'secret',
      redeemCode({ caller: callerOf(photoServer, { provenSecretId: 'wrong' }) }),
      'client_authentication_failed',
      'client_authentication_failed',
    ],
  ] as const)('kills nothing with a wrong %s', (_what, command, reason, incident) => {
    const { state } = given(granted(), redeemed())
      .when(command)
      .then({
        events: [event('RefreshRejected', { kind: 'code', reason })],
        ...(incident === undefined ? {} : { incident }),
        outcome: { kind: 'refused', reason },
      });
    expect(state?.status).toBe('active');
  });

  it('kills nothing with another key than the code is bound to', () => {
    const caller = callerOf(photoApp, { senderKey: 'another-key' });
    const code = { expiresAt: CODE_EXPIRES_AT, keyId: REFRESH_KEY_ID, redirectUri: REDIRECT_URI };
    given(
      granted({ code: { ...code, codeChallenge: CODE_CHALLENGE, dpopJkt: 'the-key' } }),
      redeemed(),
    )
      .when(redeemCode({ caller }))
      .then({
        events: [event('RefreshRejected', { kind: 'code', reason: 'sender_mismatch' })],
        outcome: { reason: 'sender_mismatch' },
      });
  });
});

describe('a code that this ledger cannot have issued', () => {
  const expected = {
    events: [
      event('LedgerRollbackSuspected', {
        kind: 'code',
        presentedGeneration: 0,
        currentGeneration: undefined,
        keyId: REFRESH_KEY_ID,
        incidentId: INCIDENT_ID,
      }),
      event('FamilyRevoked', { reason: 'ledger_rollback', incidentId: INCIDENT_ID }),
    ],
    incident: 'ledger_rollback',
    outcome: { kind: 'refused', error: 'invalid_grant', reason: 'rollback_suspected' },
  } as const;

  it('kills the family when it was minted before the ledger was restored', () => {
    given(granted())
      .when(redeemCode(), at(REDEEMED_AT, { epoch: 1 }))
      .then(expected);
  });

  it('kills the family when that began without a code', () => {
    given(granted({ code: undefined }))
      .when(redeemCode(), at(REDEEMED_AT))
      .then(expected);
  });

  it('kills nothing with a wrong verifier', () => {
    given(granted())
      .when(redeemCode({ verifierChallenge: 'wrong' }), at(REDEEMED_AT, { epoch: 1 }))
      .then({
        events: [event('RefreshRejected', { kind: 'code', reason: 'pkce_mismatch' })],
        outcome: { reason: 'pkce_mismatch' },
      });
  });
});
