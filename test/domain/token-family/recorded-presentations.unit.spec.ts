import { describe, expect, it } from '@jest/globals';
import type { FamilyContext } from '../../../src/domain/token-family/family.decision.js';
import type { RecordedFamilyEvent } from '../../../src/domain/token-family/family.evolve.js';
import {
  OTHER_PARTY_PER_HOUR,
  PRESENTATIONS_PER_HOUR,
} from '../../../src/domain/token-family/family.state.js';
import { redeemCode, refresh } from '../../support/domain-family-commands.js';
import {
  familyAt,
  granted,
  rejected,
  retried,
  revoked,
  rotatedTo,
} from '../../support/domain-family-events.js';
import {
  callerOf,
  GRANTED_AT,
  MINUTE,
  otherApp,
  photoApp,
  rotatedAt,
  SECOND,
} from '../../support/domain-world.js';
import { at, event, given, type Given } from '../../support/given-when-then.js';

const HOUR = 60 * MINUTE;
/** A new hour begins with what is recorded then. */
const start = GRANTED_AT + 2 * HOUR;
const tooMuch = refresh({ generation: 2, scope: ['everything'] });
const tooMuchRefused = { error: 'invalid_scope', reason: 'scope_exceeded' } as const;
const tooMuchCounted = { outcome: 'rejected', reason: 'scope_exceeded', generation: 2 } as const;

/** A family two rotations old in whose running hour this much is recorded already, from `start` on. */
function noisy(count: number, ...more: RecordedFamilyEvent[]): Given {
  const noise = Array.from({ length: count }, () => rejected(0, 'foreign_client', start));
  return given(...familyAt(2), ...more, ...noise);
}

describe('a refusal', () => {
  it('is recorded the first time, then counted', () => {
    given(...familyAt(2))
      .when(tooMuch, at(start))
      .then({
        events: [event('RefreshRejected', { reason: 'scope_exceeded' })],
        outcome: { ...tooMuchRefused, counted: undefined },
      })
      .when(tooMuch, at(start + SECOND))
      .then({ outcome: { ...tooMuchRefused, counted: tooMuchCounted } });
  });

  it('is recorded again for another reason and for another generation', () => {
    given(...familyAt(2))
      .when(tooMuch, at(start))
      .then({ events: [event('RefreshRejected')], outcome: tooMuchRefused })
      .when(refresh({ generation: 2, resources: ['https://elsewhere.example'] }), at(start))
      .then({
        events: [event('RefreshRejected', { reason: 'target_exceeded' })],
        outcome: { reason: 'target_exceeded' },
      })
      .when(refresh({ generation: 1, scope: ['everything'] }), at(rotatedAt(2) + SECOND))
      .then({
        events: [event('RefreshRejected', { reason: 'scope_exceeded', presentedGeneration: 1 })],
        outcome: tooMuchRefused,
      });
  });

  it('of a code is recorded apart from those of refresh tokens', () => {
    const wrong = redeemCode({ verifierChallenge: 'guess' });
    given(granted())
      .when(wrong, at(GRANTED_AT + SECOND))
      .then({
        events: [event('RefreshRejected', { kind: 'code' })],
        outcome: { reason: 'pkce_mismatch' },
      })
      .when(wrong, at(GRANTED_AT + SECOND))
      .then({
        outcome: {
          reason: 'pkce_mismatch',
          counted: { outcome: 'rejected', reason: 'pkce_mismatch', generation: undefined },
        },
      });
  });

  it('opens its incident once in an hour', () => {
    const foreign = refresh({ generation: 2, caller: callerOf(otherApp) });
    given(...familyAt(2))
      .when(foreign, at(start))
      .then({
        events: [event('RefreshRejected')],
        incident: 'foreign_client',
        outcome: { reason: 'foreign_client' },
      })
      .when(foreign, at(start + HOUR - 1))
      .then({ outcome: { reason: 'foreign_client' } });
  });

  it('is recorded again when the hour is over, to the millisecond', () => {
    const noted = given(...familyAt(2), rejected(2, 'scope_exceeded', start));
    noted
      .when(tooMuch, at(start + HOUR - 1))
      .then({ outcome: { ...tooMuchRefused, counted: tooMuchCounted } });
    noted
      .when(tooMuch, at(start + HOUR))
      .then({ events: [event('RefreshRejected')], outcome: tooMuchRefused });
  });

  it('goes by the clock of the store, not by that of the request', () => {
    given(...familyAt(2), rejected(2, 'scope_exceeded', start))
      .when(tooMuch, at(start + 2 * HOUR, { recordedAt: start }))
      .then({ outcome: { ...tooMuchRefused, counted: tooMuchCounted } });
  });

  it('is the last that is recorded when the hour has one left', () => {
    noisy(PRESENTATIONS_PER_HOUR - 1)
      .when(tooMuch, at(start))
      .then({ events: [event('RefreshRejected')], outcome: tooMuchRefused })
      .when(refresh({ generation: 2, resources: ['https://elsewhere.example'] }), at(start))
      .then({
        outcome: {
          reason: 'target_exceeded',
          counted: { outcome: 'rejected', reason: 'target_exceeded', generation: 2 },
        },
      });
  });

  it('is counted when the hour has none left, and recorded in the next', () => {
    const full = noisy(PRESENTATIONS_PER_HOUR);
    full
      .when(tooMuch, at(start + HOUR - 1))
      .then({ outcome: { ...tooMuchRefused, counted: tooMuchCounted } });
    const { state } = full
      .when(tooMuch, at(start + HOUR))
      .then({ events: [event('RefreshRejected')], outcome: tooMuchRefused });
    expect(state?.presentations).toEqual({
      hourStart: start + HOUR,
      count: 1,
      seen: ['2:scope_exceeded'],
    });
  });
});

describe('a retry', () => {
  const retry = refresh({ generation: 2 });
  const window = rotatedAt(3) + 2 * SECOND;
  const retries = (count: number) =>
    given(
      ...familyAt(3),
      ...Array.from({ length: count }, () => retried(2, {}, rotatedAt(3) + SECOND)),
    );
  const again = { how: 'retried', generation: 3 } as const;

  it('is recorded every time while the hour has some left', () => {
    retries(PRESENTATIONS_PER_HOUR - 1)
      .when(retry, at(window))
      .then({ events: [event('RefreshRetried')], outcome: { ...again, counted: undefined } })
      .when(retry, at(window))
      .then({ outcome: { ...again, counted: { outcome: 'retried', generation: 2 } } });
  });

  it('gets the same tokens when it is only counted', () => {
    const recordedRetry = retries(0).when(retry, at(window)).decision.outcome;
    const { family: _, ...answer } = recordedRetry as { family: unknown };
    retries(PRESENTATIONS_PER_HOUR).when(retry, at(window)).then({ outcome: answer });
  });

  it('is recorded beyond that when an access token is minted for it: a number was given away', () => {
    retries(PRESENTATIONS_PER_HOUR)
      .when(refresh({ generation: 2, scope: ['openid'] }), at(window))
      .then({
        events: [event('RefreshRetried', { servedSequence: 4 })],
        outcome: { ...again, counted: undefined },
      });
  });

  it('is recorded beyond that when it comes from another party for the first time', () => {
    const isOtherParty: FamilyContext['isOtherParty'] = () => true;
    retries(PRESENTATIONS_PER_HOUR)
      .when(retry, at(window, { isOtherParty }))
      .then({ events: [event('RefreshRetried', { otherParty: true })], outcome: again })
      .when(retry, at(window, { isOtherParty }))
      .then({ outcome: { ...again, counted: { outcome: 'retried', generation: 2 } } });
  });
});

describe('what is always recorded', () => {
  const current = refresh({ generation: 2 });
  const dead = () =>
    noisy(PRESENTATIONS_PER_HOUR, revoked(start, 'refresh_token_reuse', 'reuse-1'));
  const kept = {
    events: [event('RefreshRejected', { reason: 'family_revoked', incidentId: 'reuse-1' })],
    outcome: { error: 'invalid_grant', reason: 'family_revoked', counted: undefined },
  } as const;

  it('is the token that was current when the family was revoked: the other party', () => {
    dead().when(current, at(start)).then(kept).when(current, at(start)).then(kept);
  });

  it('is that token for a hundred presentations in an hour, and no more', () => {
    noisy(OTHER_PARTY_PER_HOUR, revoked(start, 'refresh_token_reuse', 'reuse-1'))
      .when(current, at(start))
      .then({
        outcome: {
          reason: 'family_revoked',
          counted: { outcome: 'rejected', reason: 'family_revoked', generation: 2 },
        },
      })
      .when(current, at(start + HOUR))
      .then(kept);
  });

  it('is not the token before it', () => {
    dead()
      .when(refresh({ generation: 1 }), at(start))
      .then({
        outcome: {
          reason: 'family_revoked',
          counted: { outcome: 'rejected', reason: 'family_revoked', generation: 1 },
        },
      });
  });

  it('is not the code', () => {
    dead()
      .when(redeemCode(), at(start))
      .then({
        outcome: {
          reason: 'family_revoked',
          counted: { outcome: 'rejected', reason: 'family_revoked', generation: undefined },
        },
      });
  });

  it('opens no incident after incident while the other party goes on without authentication', () => {
    const wrongMethod = callerOf(photoApp, { authMethod: 'client_secret_basic' });
    const unauthenticated = refresh({ generation: 2, caller: wrongMethod });
    const outcome = { reason: 'client_authentication_failed', counted: undefined } as const;
    dead()
      .when(unauthenticated, at(start))
      .then({
        events: [event('RefreshRejected', { incidentId: 'incident-1' })],
        incident: 'client_authentication_failed',
        outcome,
      })
      .when(unauthenticated, at(start, { incidentId: 'incident-2' }))
      .then({ events: [event('RefreshRejected', { incidentId: 'reuse-1' })], outcome });
  });

  it('is a detected reuse, however much was recorded before', () => {
    noisy(PRESENTATIONS_PER_HOUR)
      .when(refresh({ generation: 0 }), at(start))
      .then({
        events: [event('RefreshTokenReuseDetected'), event('FamilyRevoked')],
        incident: 'refresh_token_reuse',
        outcome: { reason: 'reuse_detected' },
      });
  });

  it('is a suspected rollback, however much was recorded before', () => {
    noisy(PRESENTATIONS_PER_HOUR)
      .when(refresh({ generation: 9 }), at(start))
      .then({
        events: [event('LedgerRollbackSuspected'), event('FamilyRevoked')],
        incident: 'ledger_rollback',
        outcome: { reason: 'rollback_suspected' },
      });
  });

  it('is a rotation, which counts for nothing in the hour', () => {
    const { state } = noisy(PRESENTATIONS_PER_HOUR)
      .when(current, at(start))
      .then({ events: [event('RefreshTokenRotated')], outcome: { how: 'rotated' } });
    expect(state?.presentations.count).toBe(PRESENTATIONS_PER_HOUR);
    const { state: quiet } = given(...familyAt(2), rotatedTo(3));
    expect(quiet?.presentations).toEqual({ hourStart: GRANTED_AT, count: 0, seen: [] });
  });
});
