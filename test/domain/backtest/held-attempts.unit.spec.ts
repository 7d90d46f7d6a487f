import { describe, expect, it } from '@jest/globals';
import type { BacktestPolicy } from '../../../src/domain/backtest/backtest-policy.rules.js';
import type { SessionState } from '../../../src/domain/directory/directory.state.js';
import type { RejectionReason } from '../../../src/domain/events/token-family.events.js';
import type { Caller, FamilyContext } from '../../../src/domain/token-family/family.decision.js';
import type { RecordedFamilyEvent } from '../../../src/domain/token-family/family.evolve.js';
import {
  type FamilyCommand,
  redeemCode,
  refresh,
  revokeAccessToken,
  revokeFamily,
  revokeRefreshToken,
} from '../../support/domain-family-commands.js';
import {
  familyAt,
  type FamilyData,
  granted,
  redeemed,
  rejected,
  revoked,
} from '../../support/domain-family-events.js';
import {
  account,
  callerOf,
  DAY,
  GRANTED_AT,
  MINUTE,
  otherApp,
  photoApp,
  project,
  rotatedAt,
  SECOND,
  SUBJECT,
} from '../../support/domain-world.js';
import { at, event, given, recorded } from '../../support/given-when-then.js';
import { backtest, positionOf } from './backtest-history.js';

describe('what no token policy changes', () => {
  const other: BacktestPolicy = {
    rotation: 'fixed',
    retryWindow: 0,
    retryUntilUsed: true,
    idle: 20 * DAY,
    absolute: 100 * DAY,
    accessTokenLifetime: MINUTE,
  };
  const current = refresh({ generation: 0 });
  const wrong = callerOf(photoApp, { authMethod: 'client_secret_post' });
  const nobody: Caller = { clientId: 'nobody', authMethod: 'none' };
  const disabled = { status: 'disabled' } as const;
  const session: SessionState = {
    sessionId: 'session-1',
    subject: SUBJECT,
    authTime: GRANTED_AT,
    amr: [],
    expiresAt: GRANTED_AT + DAY,
    ended: 'signed_out',
  };
  const signedOut = { session, root: session };

  it.each<[RejectionReason, RecordedFamilyEvent[], FamilyCommand<unknown>, Partial<FamilyContext>]>(
    [
      ['client_authentication_failed', familyAt(2), refresh({ generation: 2, caller: wrong }), {}],
      ['client_authentication_failed', familyAt(2), refresh({ generation: 2, caller: nobody }), {}],
      ['foreign_client', familyAt(2), refresh({ generation: 0, caller: callerOf(otherApp) }), {}],
      ['sender_mismatch', [granted(), redeemed({ boundSenderKey: 'key' })], current, {}],
      ['client_disabled', familyAt(2), current, { client: { ...photoApp, ...disabled } }],
      ['project_disabled', familyAt(2), current, { project: { ...project, ...disabled } }],
      ['account_disabled', familyAt(2), current, { account: { ...account, ...disabled } }],
      [
        'not_before',
        familyAt(2),
        current,
        { account: { ...account, tokensNotBefore: GRANTED_AT + 1 } },
      ],
      ['pkce_mismatch', [granted()], redeemCode({ verifierChallenge: 'guess' }), {}],
      ['redirect_mismatch', [granted()], redeemCode({ redirectUri: 'https://elsewhere' }), {}],
      ['session_ended', [granted({ offline: false })], redeemCode(), { session: () => signedOut }],
    ],
  )('%s stays what it is', (reason, history, command, circumstances) => {
    const receivedAt = history.at(-1)!.recordedAt + SECOND;
    const { decision } = given(...history).when(command, { receivedAt, ...circumstances });
    const refused = [...history, ...recorded(decision, receivedAt)];
    expect(refused.at(-1)).toMatchObject({ type: 'RefreshRejected', data: { reason } });
    const result = backtest(refused, other);
    expect(result.divergence).toBeUndefined();
    expect(result.agreements).toMatchObject({ [`refused:${reason}`]: 1 });
    expect(result.agreeing).toBe(backtest(history, other).agreeing + 1);
  });

  it('a limit on the rate of calls stays what it is', () => {
    const family = [...familyAt(2), rejected(1, 'rate_limited', rotatedAt(2) + MINUTE)];
    expect(backtest(family, other).agreements).toEqual({ issued: 3, 'refused:rate_limited': 1 });
  });

  it('a client that was disabled stays so when it gives back the token of a family that ended', () => {
    const ended = given(...familyAt(1), revoked(rotatedAt(2)));
    const circumstances = at(rotatedAt(3), { client: { ...photoApp, ...disabled } });
    const family = ended.when(revokeRefreshToken({ generation: 1 }), circumstances).then({
      events: [event('RefreshRejected', { reason: 'client_disabled' })],
      outcome: {},
    });
    expect(backtest(family, other).divergence).toBeUndefined();
  });

  it('a suspected rollback ends the family, whatever its lifetime', () => {
    const family = given(...familyAt(2))
      .when(refresh({ generation: 2, epoch: 3 }))
      .then({
        events: [event('LedgerRollbackSuspected'), event('FamilyRevoked')],
        incident: 'ledger_rollback',
        outcome: {},
      })
      .when(refresh({ generation: 2 }))
      .then({ events: [event('RefreshRejected')], outcome: { reason: 'family_revoked' } });
    expect(backtest(family, other).agreements).toEqual({
      issued: 3,
      'refused:rollback_suspected': 1,
      'refused:family_revoked': 1,
    });
  });

  it('revocations and single access tokens that were revoked', () => {
    const family = given(...familyAt(2))
      .when(revokeAccessToken({ sequence: 2, expiresAt: rotatedAt(3), reason: 'client_request' }))
      .then({ events: [event('AccessTokenRevoked')], outcome: 'revoked' })
      .when(revokeFamily())
      .then({ events: [event('FamilyRevoked')], outcome: 'revoked' })
      .when(refresh({ generation: 2 }))
      .then({ events: [event('RefreshRejected')], outcome: { reason: 'family_revoked' } });
    expect(backtest(family, other)).toMatchObject({
      agreements: { issued: 3, 'refused:family_revoked': 1 },
      compared: 4,
    });
  });

  it('a code redeemed twice ends the family', () => {
    const family = given(...familyAt(1))
      .when(redeemCode(), at(rotatedAt(2)))
      .then({
        events: [event('RefreshTokenReuseDetected'), event('FamilyRevoked')],
        incident: 'code_reuse',
        outcome: {},
      });
    const { agreements, recorded, simulated } = backtest(family, other);
    expect(agreements).toEqual({ issued: 2, killed: 1 });
    expect(recorded.kill).toMatchObject({ position: positionOf(3), dwell: 20 * MINUTE });
    expect(simulated.kill).toMatchObject({ position: positionOf(3), dwell: 20 * MINUTE });
  });

  it('a resource that was not granted, asked for with a code', () => {
    const family = given(granted())
      .when(redeemCode({ resources: ['https://elsewhere.example'] }), at(GRANTED_AT + SECOND))
      .then({ events: [event('RefreshRejected')], outcome: { reason: 'target_exceeded' } });
    expect(backtest(family, other).agreements).toEqual({ 'refused:target_exceeded': 1 });
  });

  it('a family without a refresh token, or without a code', () => {
    const bare = granted({ offline: false });
    const only = redeemed({ generation: null, keyId: undefined, idleExpiresAt: undefined });
    const ended = revoked(rotatedAt(1));
    const late = rejected(0, 'family_revoked', rotatedAt(2));
    expect(backtest([bare, only, ended, late], other).agreements).toEqual({
      issued: 1,
      'refused:family_revoked': 1,
    });
    const { presentedGeneration: _, ...data } = late.data as FamilyData<'RefreshRejected'>;
    const code = { ...late, data: { ...data, kind: 'code' } } as RecordedFamilyEvent;
    expect(backtest([granted({ code: undefined }), ended, code], other).agreements).toEqual({
      'refused:family_revoked': 1,
    });
  });
});
