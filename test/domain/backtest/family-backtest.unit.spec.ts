import { describe, expect, it } from '@jest/globals';
import type { BacktestPolicy } from '../../../src/domain/backtest/backtest-policy.rules.js';
import type { RecordedFamilyEvent } from '../../../src/domain/token-family/family.evolve.js';
import { redeemCode, refresh } from '../../support/domain-family-commands.js';
import {
  accessToken,
  familyAt,
  type FamilyData,
  granted,
  redeemed,
  refreshed,
  rotatedTo,
} from '../../support/domain-family-events.js';
import {
  callerOf,
  DAY,
  GRANTED_AT,
  MINUTE,
  otherApp,
  photoApp,
  photoServer,
  rotatedAt,
  SECOND,
} from '../../support/domain-world.js';
import { at, event, given, type Given } from '../../support/given-when-then.js';
import { backtest, positionOf } from './backtest-history.js';

/** The family at generation 2, and its token 1 again so long after it was used. */
function again(after: number, expected: 'RefreshRetried' | 'RefreshTokenReuseDetected'): Given {
  const dies = expected === 'RefreshTokenReuseDetected';
  return given(...familyAt(2))
    .when(refresh({ generation: 1 }), at(rotatedAt(2) + after))
    .then({
      events: [event(expected), ...(dies ? [event('FamilyRevoked')] : [])],
      ...(dies ? { incident: 'refresh_token_reuse' } : {}),
      outcome: {},
    });
}

/** Where the event after the family at generation 2 stands. */
const AFTER_TWO = positionOf(4);

describe('another retry window', () => {
  it('makes reuse of a retry that came later than it', () => {
    const result = backtest(again(20 * SECOND, 'RefreshRetried'), { retryWindow: 10 * SECOND });
    expect(result).toEqual({
      compared: 4,
      agreeing: 3,
      agreements: { issued: 3 },
      divergence: {
        position: AFTER_TWO,
        at: rotatedAt(2) + 20 * SECOND,
        recorded: 'retried',
        simulated: 'killed',
        isOwnRetry: true,
      },
      notComparable: 0,
      countedPresentations: 0,
      recorded: { hasExpired: false },
      simulated: {
        hasExpired: false,
        kill: {
          position: AFTER_TWO,
          at: rotatedAt(2) + 20 * SECOND,
          dwell: 20 * SECOND,
          remainingAccess: 10 * MINUTE - 20 * SECOND,
        },
      },
    });
  });

  it('makes a retry of reuse that came within it, and says nothing of what came after', () => {
    const family = again(45 * SECOND, 'RefreshTokenReuseDetected')
      .when(refresh({ generation: 2 }))
      .then({ events: [event('RefreshRejected')], outcome: { reason: 'family_revoked' } })
      .when(refresh({ generation: 0 }))
      .then({ events: [event('RefreshRejected')], outcome: { reason: 'family_revoked' } });
    const result = backtest(family, { retryWindow: 60 * SECOND });
    expect(result).toMatchObject({
      compared: 4,
      agreeing: 3,
      divergence: { position: AFTER_TWO, recorded: 'killed', simulated: 'retried' },
      notComparable: 2,
      recorded: { kill: { position: AFTER_TWO, dwell: 45 * SECOND } },
    });
    expect(result.simulated).toEqual({ hasExpired: false });
  });

  it('kills at the same attempt where both windows have passed, and agrees from there on', () => {
    const family = again(3 * MINUTE, 'RefreshTokenReuseDetected')
      .when(refresh({ generation: 2 }))
      .then({ events: [event('RefreshRejected')], outcome: { reason: 'family_revoked' } });
    const result = backtest(family, { retryWindow: 60 * SECOND });
    expect(result).toMatchObject({
      agreements: { issued: 3, killed: 1, 'refused:family_revoked': 1 },
      compared: 5,
    });
    expect(result.divergence).toBeUndefined();
    expect(result.simulated).toEqual(result.recorded);
    expect(result.recorded.kill?.dwell).toBe(3 * MINUTE);
  });

  it('makes a slow twin of what was reuse: refused, and the family lives', () => {
    const family = given(...familyAt(1))
      .when(refresh({ generation: 1 }), at(rotatedAt(1) + SECOND))
      .then({ events: [event('RefreshTokenRotated')], outcome: {} })
      .when(refresh({ generation: 0 }), at(rotatedAt(1) + 45 * SECOND))
      .then({
        events: [event('RefreshTokenReuseDetected'), event('FamilyRevoked')],
        incident: 'refresh_token_reuse',
        outcome: {},
      });
    expect(backtest(family, { retryWindow: 60 * SECOND }).divergence).toMatchObject({
      recorded: 'killed',
      simulated: 'refused:stale_inside_window',
    });
  });

  it('sees the token before the request: too wide a scope on a token that is reused then', () => {
    const family = given(...familyAt(2))
      .when(refresh({ generation: 1, scope: ['all'] }), at(rotatedAt(2) + 20 * SECOND))
      .then({ events: [event('RefreshRejected')], outcome: { reason: 'scope_exceeded' } });
    expect(backtest(family, {}).agreements).toEqual({ issued: 3, 'refused:scope_exceeded': 1 });
    expect(backtest(family, { retryWindow: 10 * SECOND }).divergence).toMatchObject({
      recorded: 'refused:scope_exceeded',
      simulated: 'killed',
    });
  });

  it('does not matter while the previous token retries until its successor is used', () => {
    const family = again(3 * MINUTE, 'RefreshTokenReuseDetected');
    expect(backtest(family, { retryUntilUsed: true }).divergence).toMatchObject({
      simulated: 'retried',
    });
  });
});

describe('another lifetime', () => {
  it('finds the family expired where it was idle for longer', () => {
    const result = backtest(familyAt(2), { idle: 9 * MINUTE });
    expect(result).toMatchObject({
      divergence: {
        position: positionOf(2),
        recorded: 'issued',
        simulated: 'refused:expired_idle',
      },
      agreeing: 1,
      notComparable: 1,
      recorded: { hasExpired: false },
      simulated: { hasExpired: true },
    });
  });

  it('finds the family expired once its absolute lifetime has no whole second left, to the millisecond', () => {
    const absolute = rotatedAt(2) - GRANTED_AT;
    const enough = absolute + SECOND;
    expect(backtest(familyAt(2), { absolute: enough }).divergence).toBeUndefined();
    expect(backtest(familyAt(2), { absolute: enough - 1 }).divergence).toMatchObject({
      position: positionOf(3),
      simulated: 'refused:expired_absolute',
    });
  });

  it('gives tokens where a longer one had not passed yet', () => {
    const late = given(...familyAt(1))
      .when(refresh({ generation: 1 }), at(rotatedAt(1) + 31 * DAY))
      .then({ events: [event('RefreshRejected')], outcome: { reason: 'expired_idle' } });
    const foreign = late
      .when(refresh({ generation: 1, caller: callerOf(otherApp) }))
      .then({ events: [event('RefreshRejected')], incident: 'foreign_client', outcome: {} });
    const expired = { hasExpired: true };
    expect(backtest(late, {})).toMatchObject({ recorded: expired, simulated: expired });
    expect(backtest(foreign, {})).toMatchObject({ recorded: expired, simulated: expired });
    expect(backtest(late, { idle: 40 * DAY })).toMatchObject({
      divergence: { recorded: 'refused:expired_idle', simulated: 'issued' },
      recorded: { hasExpired: true },
      simulated: { hasExpired: false },
    });
  });

  it('of access tokens changes no outcome, but how long they outlast the end', () => {
    const family = again(3 * MINUTE, 'RefreshTokenReuseDetected');
    const { divergence, recorded, simulated } = backtest(family, {
      accessTokenLifetime: 5 * MINUTE,
    });
    expect(divergence).toBeUndefined();
    expect(recorded.kill?.remainingAccess).toBe(7 * MINUTE);
    expect(simulated.kill?.remainingAccess).toBe(2 * MINUTE);
    const short = backtest(family, { accessTokenLifetime: MINUTE });
    expect(short.simulated.kill?.remainingAccess).toBe(0);
  });

  describe.each([
    ['served again', {}, {}, 9 * MINUTE],
    ['minted for another request', { scope: ['openid'] }, {}, 9 * MINUTE + 20 * SECOND],
    ['minted as its key signs no more', {}, { canSign: () => false }, 9 * MINUTE + 20 * SECOND],
  ])('of an access token that a retry got %s', (_how, request, circumstances, remainingAccess) => {
    it('is told as it was', () => {
      const family = given(...familyAt(2))
        .when(refresh({ generation: 1, ...request }), at(rotatedAt(2) + 20 * SECOND, circumstances))
        .then({ events: [event('RefreshRetried')], outcome: {} })
        .when(refresh({ generation: 0 }), at(rotatedAt(2) + MINUTE))
        .then({
          events: [event('RefreshTokenReuseDetected'), event('FamilyRevoked')],
          incident: 'refresh_token_reuse',
          outcome: {},
        });
      const { recorded, simulated } = backtest(family, { accessTokenLifetime: 10 * MINUTE });
      expect(recorded.kill?.remainingAccess).toBe(remainingAccess);
      expect(simulated).toEqual(recorded);
    });
  });

  it('of an access token counts to the last that expires, which need not be the newest', () => {
    const at = rotatedAt(1);
    const long = rotatedTo(1, { token: accessToken(1, at, { expiresAt: at + 60 * MINUTE }) });
    const reused = again(3 * MINUTE, 'RefreshTokenReuseDetected').history.slice(-2);
    const family = [granted(), redeemed(), long, rotatedTo(2), ...reused];
    const { recorded, simulated } = backtest(family, {});
    expect(recorded.kill?.remainingAccess).toBe(47 * MINUTE);
    expect(simulated).toEqual(recorded);
  });
});

describe('another rotation', () => {
  it('takes every generation for the one refresh token where there is one', () => {
    const family = again(3 * MINUTE, 'RefreshTokenReuseDetected');
    expect(backtest(family, { rotation: 'fixed' })).toMatchObject({
      agreements: { issued: 3 },
      divergence: { recorded: 'killed', simulated: 'issued' },
    });
  });

  it('leaves a generation that was never issued what it is', () => {
    const family = given(...familyAt(1))
      .when(refresh({ generation: 4 }), at(rotatedAt(1) + 31 * DAY))
      .then({ events: [event('RefreshRejected')], outcome: { reason: 'expired_idle' } });
    const policy: BacktestPolicy = { rotation: 'fixed', idle: 40 * DAY };
    expect(backtest(family, policy).divergence).toMatchObject({
      recorded: 'refused:expired_idle',
      simulated: 'refused:rollback_suspected',
    });
  });

  it('takes the one refresh token for the newest where there would have been more', () => {
    const policy = { rotation: 'fixed' } as const;
    const family = [granted({ policy }), redeemed(), refreshed(1), refreshed(2), refreshed(3)];
    const result = backtest(family, { rotation: 'rotate', retryWindow: 0 });
    expect(result).toMatchObject({ agreements: { issued: 4 } });
    expect(result.divergence).toBeUndefined();
  });
});

describe('a required sender constraint', () => {
  const policy: BacktestPolicy = { requireSenderConstraint: true };
  const keyed = callerOf(photoApp, { senderKey: 'thumbprint' });
  const redeems = (family: Given, caller = callerOf(photoApp)): Given =>
    family
      .when(redeemCode({ caller }), at(GRANTED_AT + SECOND))
      .then({ events: [event('GrantRedeemed')], outcome: {} });

  it('refuses a public client that redeems without a key, which was bound to none', () => {
    const family = redeems(given(granted()))
      .when(refresh({ generation: 0 }))
      .then({ events: [event('RefreshTokenRotated')], outcome: {} });
    expect(backtest(family, policy)).toMatchObject({
      compared: 1,
      divergence: {
        position: positionOf(1),
        recorded: 'issued',
        simulated: 'refused:sender_mismatch',
      },
      notComparable: 1,
    });
    expect(backtest(family, { requireSenderConstraint: false }).divergence).toBeUndefined();
  });

  it('changes nothing for one that proves a key', () => {
    const family = redeems(given(granted()), keyed)
      .when(refresh({ generation: 0, caller: keyed }))
      .then({ events: [event('RefreshTokenRotated')], outcome: {} });
    expect(backtest(family, policy)).toMatchObject({ agreements: { issued: 2 } });
  });

  it('changes nothing for one whose code was bound to its key', () => {
    const code = (granted().data as FamilyData<'GrantIssued'>).code!;
    const bound = granted({ code: { ...code, dpopJkt: 'thumbprint' } });
    expect(backtest(redeems(given(bound), keyed), policy).agreements).toEqual({ issued: 1 });
  });

  it('changes nothing for a client with a secret', () => {
    const { clientId, metadata } = photoServer;
    const begun = given(granted({ clientId, authMethod: metadata.authMethod }));
    const family = redeems(begun, callerOf(photoServer))
      .when(refresh({ generation: 0, caller: callerOf(photoServer) }))
      .then({ events: [event('RefreshTokenRotated')], outcome: {} });
    expect(backtest(family, policy)).toMatchObject({ agreements: { issued: 2 } });
  });

  it('leaves a code that was refused anyway its own reason', () => {
    const family = given(granted())
      .when(redeemCode({}), at(GRANTED_AT + 2 * MINUTE))
      .then({ events: [event('RefreshRejected')], outcome: { reason: 'code_expired' } });
    expect(backtest(family, policy).agreements).toEqual({ 'refused:code_expired': 1 });
  });
});

describe('presentations that were only counted', () => {
  const counted = (count: number): RecordedFamilyEvent => ({
    type: 'PresentationsCounted',
    recordedAt: rotatedAt(2) + MINUTE,
    data: { outcome: 'retried', generation: 1, count, firstAt: rotatedAt(2), lastAt: rotatedAt(2) },
  });

  it('are no attempts, before the divergence and after it', () => {
    const { history } = again(20 * SECOND, 'RefreshRetried');
    const family = [...history, counted(3), counted(4)];
    expect(backtest(family, {})).toMatchObject({ compared: 4, countedPresentations: 7 });
    expect(backtest(family, { retryWindow: 0 })).toMatchObject({
      compared: 4,
      notComparable: 0,
      countedPresentations: 7,
    });
  });
});

describe('events that are no history of a family', () => {
  it.each([
    ['none', []],
    ['one that begins with another than its grant', [redeemed()]],
    ['one that is granted twice', [granted(), granted()]],
    ['one with a generation left out', [granted(), redeemed(), rotatedTo(2)]],
  ])('%s: a broken invariant', (_which, history) => {
    expect(() => backtest(history, {})).toThrow(Error);
  });
});
