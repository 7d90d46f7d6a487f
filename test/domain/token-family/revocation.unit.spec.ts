import { describe, expect, it } from '@jest/globals';
import { isAccessTokenRevoked } from '../../../src/domain/token-family/family.state.js';
import {
  redeemCode,
  refresh,
  revokeAccessToken,
  revokeFamily,
} from '../../support/domain-family-commands.js';
import { familyAt, granted, revoked } from '../../support/domain-family-events.js';
import { GRANTED_AT, MINUTE, REDEEMED_AT, rotatedAt, SECOND } from '../../support/domain-world.js';
import { at, event, given } from '../../support/given-when-then.js';

describe('revoking a family', () => {
  it('ends it, and says who asked and why', () => {
    const { state } = given(...familyAt(2))
      .when(
        revokeFamily({ reason: 'client_request', actor: 'client:photo-app', revocationId: 'r-1' }),
        at(rotatedAt(2) + MINUTE),
      )
      .then({
        events: [
          event('FamilyRevoked', {
            reason: 'client_request',
            actor: 'client:photo-app',
            revocationId: 'r-1',
            incidentId: undefined,
          }),
        ],
        outcome: 'revoked',
      });
    expect(state).toMatchObject({
      status: 'revoked',
      revoked: { at: rotatedAt(2) + MINUTE, reason: 'client_request' },
    });
  });

  it('refuses every refresh token and reports every access token as revoked', () => {
    const after = given(...familyAt(2))
      .when(revokeFamily())
      .then({ events: [event('FamilyRevoked')], outcome: 'revoked' });
    for (const generation of [0, 1, 2]) {
      after.when(refresh({ generation })).then({
        events: [event('RefreshRejected', { reason: 'family_revoked' })],
        outcome: { error: 'invalid_grant', reason: 'family_revoked' },
      });
    }
    expect([0, 1, 2, 3].map((sequence) => isAccessTokenRevoked(after.state!, sequence))).toEqual([
      true,
      true,
      true,
      true,
    ]);
  });

  it('refuses its code when that was not redeemed yet', () => {
    given(granted())
      .when(revokeFamily({ reason: 'signed_out' }), at(GRANTED_AT + SECOND))
      .then({
        events: [event('FamilyRevoked', { reason: 'signed_out' })],
        outcome: 'revoked',
      })
      .when(redeemCode(), at(REDEEMED_AT))
      .then({
        events: [event('RefreshRejected', { kind: 'code', reason: 'family_revoked' })],
        outcome: { reason: 'family_revoked' },
      });
  });

  it('changes nothing the second time', () => {
    given(...familyAt(1), revoked(rotatedAt(1) + SECOND))
      .when(revokeFamily())
      .then({ outcome: 'already_revoked' });
  });

  it('changes nothing where there is no family', () => {
    given().when(revokeFamily()).then({ outcome: 'unknown' });
  });
});

describe('revoking an access token', () => {
  const expiresAt = rotatedAt(1) + 10 * MINUTE;
  const one = revokeAccessToken({ sequence: 1, expiresAt, reason: 'client_request' });

  it('ends that one; the others and the refresh token live on', () => {
    const after = given(...familyAt(1))
      .when(one)
      .then({
        events: [event('AccessTokenRevoked', { sequence: 1, expiresAt, reason: 'client_request' })],
        outcome: 'revoked',
      });
    expect([0, 1, 2].map((sequence) => isAccessTokenRevoked(after.state!, sequence))).toEqual([
      false,
      true,
      false,
    ]);
    after
      .when(refresh({ generation: 1 }))
      .then({ events: [event('RefreshTokenRotated')], outcome: { how: 'rotated' } });
  });

  it('changes nothing the second time', () => {
    given(...familyAt(1))
      .when(one)
      .then({ events: [event('AccessTokenRevoked')], outcome: 'revoked' })
      .when(one)
      .then({ outcome: 'already_revoked' });
  });

  it('changes nothing when the family is revoked', () => {
    given(...familyAt(1), revoked(rotatedAt(1) + SECOND))
      .when(one)
      .then({ outcome: 'already_revoked' });
  });

  it('changes nothing where there is no family', () => {
    given().when(one).then({ outcome: 'unknown' });
  });
});
