import { describe, expect, it } from '@jest/globals';
import { evolveFamily } from '../../../src/domain/token-family/family.evolve.js';
import { ROTATIONS_REMEMBERED } from '../../../src/domain/token-family/family.state.js';
import { refresh } from '../../support/domain-family-commands.js';
import { familyAt, granted, redeemed, rotatedTo } from '../../support/domain-family-events.js';
import {
  DAY,
  GRANTED_AT,
  INCIDENT_ID,
  MINUTE,
  REDEEMED_AT,
  rotatedAt,
  SECOND,
} from '../../support/domain-world.js';
import { at, event, given } from '../../support/given-when-then.js';

const WINDOW = 30 * SECOND;
const killed = event('FamilyRevoked', {
  reason: 'refresh_token_reuse',
  incidentId: INCIDENT_ID,
  actor: 'system',
});
const reuseDetected = {
  kind: 'refused',
  error: 'invalid_grant',
  reason: 'reuse_detected',
} as const;

describe('row 6: a consumed token is presented again', () => {
  it('kills the family when the previous token comes a millisecond after the window', () => {
    const { state } = given(...familyAt(1))
      .when(refresh({ generation: 0 }), at(rotatedAt(1) + WINDOW + 1))
      .then({
        events: [
          event('RefreshTokenReuseDetected', {
            kind: 'refresh',
            presentedGeneration: 0,
            currentGeneration: 1,
            gap: 1,
            age: WINDOW + 1,
            cause: 'retry_window_passed',
            incidentId: INCIDENT_ID,
          }),
          killed,
        ],
        incident: 'refresh_token_reuse',
        outcome: reuseDetected,
      });
    expect(state).toMatchObject({
      status: 'revoked',
      revoked: {
        at: rotatedAt(1) + WINDOW + 1,
        reason: 'refresh_token_reuse',
        incidentId: INCIDENT_ID,
      },
    });
  });

  it('kills the family when an older token comes after its window', () => {
    given(...familyAt(3))
      .when(refresh({ generation: 1 }), at(rotatedAt(3) + SECOND))
      .then({
        events: [
          event('RefreshTokenReuseDetected', {
            presentedGeneration: 1,
            currentGeneration: 3,
            gap: 2,
            age: rotatedAt(3) + SECOND - rotatedAt(2),
            cause: 'superseded_generation',
          }),
          killed,
        ],
        incident: 'refresh_token_reuse',
        outcome: reuseDetected,
      });
  });

  it('kills the family whatever the request asks for', () => {
    given(...familyAt(3))
      .when(refresh({ generation: 1, scope: ['everything'] }))
      .then({
        events: [event('RefreshTokenReuseDetected'), killed],
        incident: 'refresh_token_reuse',
        outcome: reuseDetected,
      });
  });

  it('refuses the current token from then on, and keeps that the other party came', () => {
    given(...familyAt(2))
      .when(refresh({ generation: 0 }))
      .then({
        events: [event('RefreshTokenReuseDetected'), killed],
        incident: 'refresh_token_reuse',
        outcome: reuseDetected,
      })
      .when(refresh({ generation: 2 }))
      .then({
        events: [event('RefreshRejected', { reason: 'family_revoked', incidentId: INCIDENT_ID })],
        outcome: { kind: 'refused', error: 'invalid_grant', reason: 'family_revoked' },
      });
  });

  it('never forgives an older token until the successor is used', () => {
    given(...familyAt(2, { retryUntilUsed: true }))
      .when(refresh({ generation: 0 }))
      .then({
        events: [event('RefreshTokenReuseDetected', { cause: 'superseded_generation' }), killed],
        incident: 'refresh_token_reuse',
        outcome: reuseDetected,
      });
  });

  it('counts the age from the oldest rotation that it remembers', () => {
    const generation = ROTATIONS_REMEMBERED + 3;
    const oldest = generation - ROTATIONS_REMEMBERED + 1;
    given(...familyAt(generation))
      .when(refresh({ generation: 0 }), at(rotatedAt(generation) + MINUTE))
      .then({
        events: [
          event('RefreshTokenReuseDetected', {
            gap: generation,
            age: rotatedAt(generation) + MINUTE - rotatedAt(oldest),
          }),
          killed,
        ],
        incident: 'refresh_token_reuse',
        outcome: reuseDetected,
      });
  });

  it('counts the age from the grant where no rotation is remembered', () => {
    const state = familyAt(1).reduce<ReturnType<typeof evolveFamily> | undefined>(
      evolveFamily,
      undefined,
    );
    const { decide } = refresh({ generation: 0 });
    const { when } = given(...familyAt(1));
    const receivedAt = GRANTED_AT + DAY;
    const { decision } = when(
      {
        ...refresh({ generation: 0 }),
        decide: (_, context) => decide(state && { ...state, recentRotations: [] }, context),
      },
      at(receivedAt),
    );
    expect(decision.events[0]).toMatchObject({
      type: 'RefreshTokenReuseDetected',
      data: { age: DAY },
    });
  });
});

describe('row 6: a slow twin process', () => {
  const inQuickSuccession = [
    ...familyAt(0),
    rotatedTo(1, {}, REDEEMED_AT + MINUTE),
    rotatedTo(2, {}, REDEEMED_AT + MINUTE + 10 * SECOND),
  ];
  const consumedAt = REDEEMED_AT + MINUTE;

  it('is only refused, with an incident, up to the end of the window of its own token', () => {
    const { state } = given(...inQuickSuccession)
      .when(refresh({ generation: 0 }), at(consumedAt + WINDOW))
      .then({
        events: [
          event('RefreshRejected', {
            reason: 'stale_inside_window',
            presentedGeneration: 0,
            currentGeneration: 2,
            age: WINDOW,
            incidentId: INCIDENT_ID,
          }),
        ],
        incident: 'stale_inside_window',
        outcome: { kind: 'refused', error: 'invalid_grant', reason: 'stale_inside_window' },
      });
    expect(state?.status).toBe('active');
  });

  it('is reuse a millisecond after the window of its own token', () => {
    given(...inQuickSuccession)
      .when(refresh({ generation: 0 }), at(consumedAt + WINDOW + 1))
      .then({
        events: [event('RefreshTokenReuseDetected', { cause: 'superseded_generation' }), killed],
        incident: 'refresh_token_reuse',
        outcome: reuseDetected,
      });
  });

  it('is forgiven when the clock went back', () => {
    given(...inQuickSuccession)
      .when(refresh({ generation: 0 }), at(GRANTED_AT))
      .then({
        events: [event('RefreshRejected', { reason: 'stale_inside_window', age: 0 })],
        incident: 'stale_inside_window',
        outcome: { reason: 'stale_inside_window' },
      });
  });

  const everySecond = (count: number) => [
    granted({ policy: { retryWindow: MINUTE } }),
    redeemed(),
    ...Array.from({ length: count }, (_, index) =>
      rotatedTo(index + 1, {}, REDEEMED_AT + index * SECOND),
    ),
  ];

  it('is told from reuse as far back as rotations are remembered', () => {
    given(...everySecond(ROTATIONS_REMEMBERED))
      .when(refresh({ generation: 0 }), at(REDEEMED_AT + 30 * SECOND))
      .then({
        events: [event('RefreshRejected', { reason: 'stale_inside_window', age: 30 * SECOND })],
        incident: 'stale_inside_window',
        outcome: { reason: 'stale_inside_window' },
      });
  });

  it('is taken for reuse when its rotation is no longer remembered', () => {
    given(...everySecond(ROTATIONS_REMEMBERED + 1))
      .when(refresh({ generation: 0 }), at(REDEEMED_AT + 30 * SECOND))
      .then({
        events: [event('RefreshTokenReuseDetected', { gap: ROTATIONS_REMEMBERED + 1 }), killed],
        incident: 'refresh_token_reuse',
        outcome: reuseDetected,
      });
  });
});

describe('row 7: a token that this ledger cannot have issued', () => {
  const suspected = {
    kind: 'refused',
    error: 'invalid_grant',
    reason: 'rollback_suspected',
  } as const;
  const killedByRollback = event('FamilyRevoked', {
    reason: 'ledger_rollback',
    incidentId: INCIDENT_ID,
    actor: 'system',
  });

  const suspicions = [
    {
      why: 'its generation is later than the current one',
      history: familyAt(2),
      command: refresh({ generation: 3 }),
      presentedGeneration: 3,
      currentGeneration: 2,
    },
    {
      why: 'it was minted before the ledger was restored',
      history: familyAt(2),
      command: refresh({ generation: 2 }),
      circumstances: { epoch: 1 },
      presentedGeneration: 2,
      currentGeneration: 2,
    },
    {
      why: 'it was minted in an epoch that this copy never had',
      history: familyAt(2),
      command: refresh({ generation: 2, epoch: 1 }),
      presentedGeneration: 2,
      currentGeneration: 2,
    },
    {
      why: 'it was minted before the restore and would be a retry',
      history: familyAt(2),
      command: refresh({ generation: 1 }),
      circumstances: at(rotatedAt(2) + SECOND, { epoch: 1 }),
      presentedGeneration: 1,
      currentGeneration: 2,
    },
    {
      why: 'its code was never redeemed',
      history: [granted()],
      command: refresh({ generation: 0 }),
      presentedGeneration: 0,
      currentGeneration: undefined,
    },
    {
      why: 'the family has no refresh tokens',
      history: [
        granted({ offline: false }),
        redeemed({ generation: null, keyId: undefined, idleExpiresAt: undefined }),
      ],
      command: refresh({ generation: 0 }),
      presentedGeneration: 0,
      currentGeneration: undefined,
    },
  ] as const;

  it.each(suspicions)('kills the family because $why', (suspicion) => {
    const { state } = given(...suspicion.history)
      .when(suspicion.command, 'circumstances' in suspicion ? suspicion.circumstances : {})
      .then({
        events: [
          event('LedgerRollbackSuspected', {
            kind: 'refresh',
            presentedGeneration: suspicion.presentedGeneration,
            currentGeneration: suspicion.currentGeneration,
            keyId: '1',
            incidentId: INCIDENT_ID,
          }),
          killedByRollback,
        ],
        incident: 'ledger_rollback',
        outcome: suspected,
      });
    expect(state).toMatchObject({ status: 'revoked', revoked: { reason: 'ledger_rollback' } });
  });

  it('lets a family that is revoked already be', () => {
    given(...familyAt(1))
      .when(refresh({ generation: 7 }))
      .then({
        events: [event('LedgerRollbackSuspected'), killedByRollback],
        incident: 'ledger_rollback',
        outcome: suspected,
      })
      .when(refresh({ generation: 8 }))
      .then({
        events: [event('RefreshRejected', { reason: 'family_revoked', presentedGeneration: 8 })],
        outcome: { reason: 'family_revoked' },
      });
  });
});
