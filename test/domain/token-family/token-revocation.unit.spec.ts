import { describe, expect, it } from '@jest/globals';
import type { Caller, FamilyContext } from '../../../src/domain/token-family/family.decision.js';
import {
  decideRevokeRefreshToken,
  revokerRefused,
} from '../../../src/domain/token-family/token-revocation.decider.js';
import {
  presentedRefreshToken,
  refresh,
  revokeRefreshToken,
} from '../../support/domain-family-commands.js';
import { familyAt, granted, redeemed, revoked } from '../../support/domain-family-events.js';
import {
  callerOf,
  contextOf,
  FAMILY_ID,
  GRANTED_AT,
  INCIDENT_ID,
  otherApp,
  photoApp,
  photoServer,
  rotatedAt,
  SECOND,
} from '../../support/domain-world.js';
import { event, given } from '../../support/given-when-then.js';

const disabledApp = { ...photoApp, status: 'disabled' } as const;

describe('giving back a refresh token', () => {
  it.each([0, 1, 2])('ends its family, even with generation %d', (generation) => {
    const { state } = given(...familyAt(2))
      .when(revokeRefreshToken({ generation }))
      .then({
        events: [
          event('FamilyRevoked', {
            reason: 'client_request',
            actor: `client:${photoApp.clientId}`,
          }),
        ],
        outcome: 'revoked',
      });
    expect(state?.status).toBe('revoked');
  });

  it('changes nothing the second time, whatever the token', () => {
    const dead = given(...familyAt(1), revoked(rotatedAt(1) + SECOND));
    for (const token of [{ generation: 1 }, { generation: 9 }, { generation: 1, epoch: 3 }]) {
      dead.when(revokeRefreshToken(token)).then({ outcome: 'already_revoked' });
    }
  });

  it('of another client is evidence and ends nothing, once and then counted', () => {
    const foreign = revokeRefreshToken({ generation: 1, caller: callerOf(otherApp) });
    const outcome = { kind: 'refused', error: 'invalid_grant', reason: 'foreign_client' } as const;
    const { state } = given(...familyAt(1))
      .when(foreign)
      .then({
        events: [
          event('RefreshRejected', {
            kind: 'refresh',
            presentedGeneration: 1,
            reason: 'foreign_client',
            incidentId: INCIDENT_ID,
          }),
        ],
        incident: 'foreign_client',
        outcome,
      })
      .when(foreign)
      .then({
        outcome: {
          ...outcome,
          counted: { outcome: 'rejected', reason: 'foreign_client', generation: 1 },
        },
      });
    expect(state?.status).toBe('active');
  });

  it('by whoever is not its client is evidence and ends nothing', () => {
    const family = [granted({ clientId: photoServer.clientId }), redeemed()];
    const caller = callerOf(photoServer, { provenSecretId: undefined });
    const { state } = given(...family)
      .when(revokeRefreshToken({ generation: 0, caller }))
      .then({
        events: [event('RefreshRejected', { reason: 'client_authentication_failed' })],
        incident: 'client_authentication_failed',
        outcome: { error: 'invalid_client', reason: 'client_authentication_failed' },
      });
    expect(state?.status).toBe('active');
  });

  it('by a disabled client is recorded and ends nothing', () => {
    given(...familyAt(1))
      .when(revokeRefreshToken({ generation: 1 }), { client: disabledApp })
      .then({
        events: [event('RefreshRejected', { reason: 'client_disabled' })],
        outcome: { error: 'invalid_client', reason: 'client_disabled' },
      });
  });

  it.each([
    ['of a generation that is still to come', familyAt(1), { generation: 2 }],
    ['of an earlier epoch than the ledger’s', familyAt(1), { generation: 1, epoch: 7 }],
    ['before the code was redeemed', [granted()], { generation: 0 }],
    [
      'where none was issued',
      [granted({ offline: false }), redeemed({ generation: null })],
      { generation: 0 },
    ],
  ])('%s ends its family: the ledger has lost what it knew', (_which, history, token) => {
    given(...history)
      .when(revokeRefreshToken(token))
      .then({
        events: [
          event('LedgerRollbackSuspected', {
            kind: 'refresh',
            presentedGeneration: token.generation,
            incidentId: INCIDENT_ID,
          }),
          event('FamilyRevoked', { reason: 'ledger_rollback', incidentId: INCIDENT_ID }),
        ],
        incident: 'ledger_rollback',
        outcome: { kind: 'refused', reason: 'rollback_suspected' },
      })
      .when(refresh({ generation: 0 }))
      .then({
        events: [event('RefreshRejected', { reason: 'family_revoked' })],
        outcome: { reason: 'family_revoked' },
      });
  });
});

describe('giving back a refresh token of a family that the ledger does not know', () => {
  const instants = { receivedAt: GRANTED_AT, recordedAt: GRANTED_AT };
  const give = (
    caller: Caller,
    isIncidentOpen: boolean,
    circumstances: Partial<FamilyContext> = {},
  ) => {
    const context = contextOf(caller, instants, circumstances);
    const command = { presented: presentedRefreshToken(3), caller };
    return decideRevokeRefreshToken(undefined, command, context, isIncidentOpen);
  };

  it('opens the incident of a lost family, once', () => {
    const { events, outcome, companions } = give(callerOf(photoApp), false);
    expect({ events, outcome }).toEqual({
      events: [],
      outcome: { kind: 'refused', error: 'invalid_grant', reason: 'unknown_family' },
    });
    expect(companions).toMatchObject([
      {
        streamId: `incident:${FAMILY_ID}`,
        events: [
          { type: 'IncidentOpened', data: { kind: 'ledger_rollback' } },
          { type: 'LedgerRollbackSuspected', data: { presentedGeneration: 3 } },
        ],
      },
    ]);
    expect(give(callerOf(photoApp), true)).toEqual({ events: [], outcome });
  });

  it.each([
    ['is unknown', { client: undefined }],
    ['is disabled', { client: disabledApp }],
  ])('does so for a client too that %s, which is told only that', (_how, circumstances) => {
    const { outcome, companions } = give(callerOf(photoApp), false, circumstances);
    expect(outcome).toMatchObject({ error: 'invalid_client', reason: 'unknown_family' });
    expect(companions).toHaveLength(1);
  });
});

describe('whoever revokes a token', () => {
  const receivedAt = GRANTED_AT;
  const own = photoApp.clientId;
  const failed = { error: 'invalid_client', reason: 'client_authentication_failed' };
  const disabled = { error: 'invalid_client', reason: 'client_disabled' };
  const foreign = { error: 'invalid_grant', reason: 'foreign_client' };

  it.each([
    ['is its client', photoApp, own, undefined],
    ['must be known', undefined, own, failed],
    ['must not be disabled', disabledApp, own, disabled],
    ['must own it', photoApp, otherApp.clientId, foreign],
    ['must be a client before it is told that it does not own it', undefined, 'another', failed],
  ] as const)('%s', (_what, client, ownerId, refused) => {
    const caller = callerOf(photoApp);
    expect(revokerRefused(caller, { client, receivedAt }, ownerId)).toEqual(refused);
  });
});
