import { describe, expect, it } from '@jest/globals';
import type { ClientState } from '../../../src/domain/directory/directory.state.js';
import type { FamilyContext } from '../../../src/domain/token-family/family.decision.js';
import { refusalOf } from '../../../src/domain/token-family/grant-type.rules.js';
import { decideUnknownFamily } from '../../../src/domain/token-family/unknown-family.decider.js';
import {
  presentedRefreshToken,
  redeemCode,
  refresh,
} from '../../support/domain-family-commands.js';
import { familyAt, granted, redeemed, revoked } from '../../support/domain-family-events.js';
import {
  callerOf,
  contextOf,
  GRANTED_AT,
  otherApp,
  photoApp,
  photoServer,
  REDEEMED_AT,
  rotatedAt,
  SECOND,
} from '../../support/domain-world.js';
import { at, event, given } from '../../support/given-when-then.js';

type GrantType = ClientState['metadata']['grantTypes'][number];

function limitedTo(client: ClientState, ...grantTypes: GrantType[]): ClientState {
  return { ...client, metadata: { ...client.metadata, grantTypes } };
}

const codesOnly = limitedTo(photoApp, 'authorization_code');
const refreshOnly = limitedTo(photoApp, 'refresh_token');

describe('a refresh token that a client presents which may not refresh', () => {
  const unauthorized = { kind: 'refused', error: 'unauthorized_client' } as const;
  const asCodesOnly = (receivedAt: number, more: Partial<FamilyContext> = {}) =>
    at(receivedAt, { client: codesOnly, ...more });

  it.each([
    ['rotated', 2, rotatedAt(2) + SECOND],
    ['retried', 1, rotatedAt(2) + SECOND],
  ])('is not %s, and nothing is recorded', (_how, generation, receivedAt) => {
    given(...familyAt(2))
      .when(refresh({ generation }), asCodesOnly(receivedAt))
      .then({ outcome: { ...unauthorized, reason: 'unauthorized_client', counted: undefined } });
  });

  it('is not spent', () => {
    given(...familyAt(2))
      .when(refresh({ generation: 2 }), asCodesOnly(rotatedAt(2) + SECOND))
      .then({ outcome: unauthorized })
      .when(refresh({ generation: 2 }), at(rotatedAt(2) + SECOND))
      .then({ events: [event('RefreshTokenRotated')], outcome: { how: 'rotated' } });
  });

  it('kills its family when it was used before', () => {
    const { state } = given(...familyAt(3))
      .when(refresh({ generation: 0 }), asCodesOnly(rotatedAt(3) + SECOND))
      .then({
        events: [event('RefreshTokenReuseDetected'), event('FamilyRevoked')],
        incident: 'refresh_token_reuse',
        outcome: { ...unauthorized, reason: 'reuse_detected' },
      });
    expect(state?.status).toBe('revoked');
  });

  it('kills its family when the ledger cannot have issued it', () => {
    given(...familyAt(1))
      .when(refresh({ generation: 5 }), asCodesOnly(rotatedAt(1)))
      .then({
        events: [event('LedgerRollbackSuspected'), event('FamilyRevoked')],
        incident: 'ledger_rollback',
        outcome: { ...unauthorized, reason: 'rollback_suspected' },
      });
  });

  it('is evidence when it is the token of another, once and then counted', () => {
    const client = limitedTo(otherApp, 'client_credentials');
    const foreign = refresh({ generation: 1, caller: callerOf(otherApp) });
    given(...familyAt(1))
      .when(foreign, at(rotatedAt(1), { client }))
      .then({
        events: [event('RefreshRejected', { reason: 'foreign_client' })],
        incident: 'foreign_client',
        outcome: { ...unauthorized, reason: 'foreign_client' },
      })
      .when(foreign, at(rotatedAt(1), { client }))
      .then({
        outcome: {
          ...unauthorized,
          counted: { outcome: 'rejected', reason: 'foreign_client', generation: 1 },
        },
      });
  });

  it.each([
    ['is revoked', [...familyAt(1), revoked(rotatedAt(1))], {}, 'family_revoked'],
    ['asks for too much', familyAt(1), { scope: ['everything'] }, 'scope_exceeded'],
    ['asks for what is none', familyAt(1), { fault: 'invalid_target' }, 'target_exceeded'],
  ] as const)('is refused alike when it %s', (_why, history, asked, reason) => {
    given(...history)
      .when(refresh({ generation: 1, ...asked }), asCodesOnly(rotatedAt(1)))
      .then({
        events: [event('RefreshRejected', { reason })],
        outcome: { ...unauthorized, reason },
      });
  });

  it('says nothing of grant types to whoever is not that client', () => {
    const caller = callerOf(photoApp, { authMethod: 'client_secret_basic' });
    given(...familyAt(1))
      .when(refresh({ generation: 1, caller }), asCodesOnly(rotatedAt(1)))
      .then({
        events: [event('RefreshRejected', { reason: 'client_authentication_failed' })],
        incident: 'client_authentication_failed',
        outcome: { error: 'invalid_client', reason: 'client_authentication_failed' },
      });
  });

  it('is evidence of a lost family too', () => {
    const caller = callerOf(photoApp);
    const instants = { receivedAt: GRANTED_AT, recordedAt: GRANTED_AT };
    const context = contextOf(caller, instants, { client: codesOnly });
    const decision = decideUnknownFamily(presentedRefreshToken(1), caller, context, false);
    expect(decision.outcome).toEqual({ ...unauthorized, reason: 'unknown_family' });
    expect(decision.companions).toHaveLength(1);
  });
});

describe('an authorization code that a client presents which may not redeem', () => {
  const asRefreshOnly = at(REDEEMED_AT, { client: refreshOnly });

  it('is not redeemed, and nothing is recorded', () => {
    given(granted())
      .when(redeemCode(), asRefreshOnly)
      .then({ outcome: { error: 'unauthorized_client', reason: 'unauthorized_client' } })
      .when(redeemCode(), at(REDEEMED_AT))
      .then({ events: [event('GrantRedeemed')], outcome: { how: 'redeemed' } });
  });

  it('kills its family when it was redeemed before', () => {
    given(granted(), redeemed())
      .when(redeemCode(), asRefreshOnly)
      .then({
        events: [event('RefreshTokenReuseDetected'), event('FamilyRevoked')],
        incident: 'code_reuse',
        outcome: { error: 'unauthorized_client', reason: 'reuse_detected' },
      });
  });

  it('is evidence when its verifier is wrong', () => {
    given(granted())
      .when(redeemCode({ verifierChallenge: 'guess' }), asRefreshOnly)
      .then({
        events: [event('RefreshRejected', { kind: 'code', reason: 'pkce_mismatch' })],
        outcome: { error: 'unauthorized_client', reason: 'pkce_mismatch' },
      });
  });
});

describe('what is no token of ours', () => {
  const receivedAt = GRANTED_AT;
  const withoutSecret = callerOf(photoServer, { provenSecretId: undefined });

  it.each([
    ['an unknown client', callerOf(photoApp), undefined, 'invalid_client'],
    ['a client without its secret', withoutSecret, photoServer, 'invalid_client'],
    ['a client that may not refresh', callerOf(photoApp), codesOnly, 'unauthorized_client'],
    ['a client that may', callerOf(photoApp), refreshOnly, 'invalid_grant'],
  ] as const)('is refused for %s as a token of ours would be', (_who, caller, client, error) => {
    expect(refusalOf('refresh', caller, { client, receivedAt })).toBe(error);
  });

  it('is refused as a code by the grant type of codes', () => {
    const caller = callerOf(photoApp);
    expect(refusalOf('code', caller, { client: codesOnly, receivedAt })).toBe('invalid_grant');
    expect(refusalOf('code', caller, { client: refreshOnly, receivedAt })).toBe(
      'unauthorized_client',
    );
  });
});
