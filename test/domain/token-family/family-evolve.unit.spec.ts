import { describe, expect, it } from '@jest/globals';
import type { AccessTokenFacts } from '../../../src/domain/events/field-schemas.js';
import type { RecordedFamilyEvent } from '../../../src/domain/token-family/family.evolve.js';
import {
  type Answer,
  ANSWERS_REMEMBERED,
  consumedAt,
  type FamilyState,
  isAccessTokenRevoked,
  PRESENTATIONS_PER_HOUR,
  REVOKED_SEQUENCES_REMEMBERED,
  ROTATIONS_REMEMBERED,
} from '../../../src/domain/token-family/family.state.js';
import {
  accessToken,
  accessTokenRevoked,
  by,
  familyAt,
  granted,
  POLICY,
  redeemed,
  refreshed,
  rejected,
  retried,
  revoked,
  rotatedTo,
  WHOLE_GRANT,
} from '../../support/domain-family-events.js';
import {
  CODE_CHALLENGE,
  DAY,
  GRANTED_AT,
  INCIDENT_ID,
  MINUTE,
  PHOTOS_API,
  photoApp,
  REDEEMED_AT,
  REDIRECT_URI,
  REFRESH_KEY_ID,
  rotatedAt,
  SCOPE,
  SECOND,
  SUBJECT,
} from '../../support/domain-world.js';
import { fold } from '../../support/given-when-then.js';

const HOUR = 60 * MINUTE;

/** What the events after this history change of the state it folds to. */
function changesBy(history: readonly RecordedFamilyEvent[], ...events: RecordedFamilyEvent[]) {
  const before = fold(history) as FamilyState;
  const after = fold([...history, ...events]) as FamilyState;
  const changed = Object.entries(after).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name as keyof FamilyState]),
  );
  expect(Object.keys(before).filter((name) => !(name in after))).toEqual([]);
  return Object.fromEntries(changed);
}

function answerWith(
  requestHash: string,
  { scope: _scope, audience: _audience, ...token }: AccessTokenFacts,
): Answer {
  return { requestHash, token };
}

describe('what each event changes', () => {
  it('GrantIssued: the family begins', () => {
    expect(fold([granted({ acr: 'urn:example:mfa' })])).toEqual({
      status: 'pending',
      clientId: photoApp.clientId,
      subject: SUBJECT,
      sessionId: 'session-1',
      grantType: 'authorization_code',
      scope: SCOPE,
      resources: [PHOTOS_API],
      offline: true,
      authTime: GRANTED_AT,
      acr: 'urn:example:mfa',
      amr: ['pwd'],
      grantedAt: GRANTED_AT,
      policy: POLICY,
      code: {
        expiresAt: GRANTED_AT + MINUTE,
        keyId: REFRESH_KEY_ID,
        redirectUri: REDIRECT_URI,
        codeChallenge: CODE_CHALLENGE,
      },
      generation: null,
      recentRotations: [],
      absoluteExpiresAt: GRANTED_AT + 180 * DAY,
      nextSequence: 0,
      answers: [],
      revokedSequences: [],
      presentations: { hourStart: GRANTED_AT, count: 0, seen: [] },
      shadowedGenerations: [],
      updatedAt: GRANTED_AT,
    });
  });

  it('GrantRedeemed: the family is active, its code spent', () => {
    expect(changesBy([granted()], redeemed({ boundSenderKey: 'key-of-the-app' }))).toEqual({
      status: 'active',
      code: {
        redirectUri: fold([granted()])?.code?.redirectUri,
        codeChallenge: fold([granted()])?.code?.codeChallenge,
        redeemedAt: REDEEMED_AT,
      },
      generation: 0,
      keyId: REFRESH_KEY_ID,
      idleExpiresAt: REDEEMED_AT + POLICY.idle,
      boundSenderKey: 'key-of-the-app',
      nextSequence: 1,
      updatedAt: REDEEMED_AT,
    });
  });

  it('GrantRedeemed: a grant without code has none afterwards', () => {
    expect(fold([granted({ code: undefined }), redeemed()])).not.toHaveProperty('code');
  });

  it('RefreshTokenRotated: a successor, one answer, and nothing of the generation before', () => {
    const history = [...familyAt(1), accessTokenRevoked(0, rotatedAt(1) + SECOND, rotatedAt(2))];
    expect(changesBy(history, rotatedTo(2, { keyId: '2' }))).toEqual({
      generation: 2,
      keyId: '2',
      idleExpiresAt: rotatedAt(2) + POLICY.idle,
      recentRotations: [rotatedAt(1), rotatedAt(2)],
      nextSequence: 3,
      answers: [answerWith(WHOLE_GRANT, accessToken(2, rotatedAt(2)))],
      revokedSequences: [],
      updatedAt: rotatedAt(2),
    });
  });

  it('RefreshTokenRotated: when the token before was used last stays known', () => {
    const history = [...familyAt(0), refreshed(1)];
    const token = accessToken(2, rotatedAt(2));
    const state = fold([...history, rotatedTo(1, { token }, rotatedAt(2))]);
    expect(state).toMatchObject({ generation: 1, refreshedAt: rotatedAt(1) });
    expect(state).not.toHaveProperty('revokedThrough');
  });

  it('AccessTokenRefreshed: another access token, used now, and later idle end', () => {
    expect(changesBy(familyAt(0, { rotation: 'fixed' }), refreshed(1))).toEqual({
      refreshedAt: rotatedAt(1),
      idleExpiresAt: rotatedAt(1) + POLICY.idle,
      nextSequence: 2,
      updatedAt: rotatedAt(1),
    });
  });

  it('RefreshRetried: one presentation more', () => {
    expect(changesBy(familyAt(1), retried(0))).toEqual({
      presentations: { hourStart: GRANTED_AT, count: 1, seen: [] },
      updatedAt: rotatedAt(1) + SECOND,
    });
  });

  it('RefreshRetried: an access token that was minted for it is an answer', () => {
    const token = accessToken(2, rotatedAt(1) + SECOND, { scope: ['openid'] });
    expect(changesBy(familyAt(1), retried(0, { requestHash: 'another', token }))).toEqual({
      presentations: { hourStart: GRANTED_AT, count: 1, seen: [] },
      nextSequence: 3,
      answers: [
        answerWith(WHOLE_GRANT, accessToken(1, rotatedAt(1))),
        answerWith('another', token),
      ],
      updatedAt: rotatedAt(1) + SECOND,
    });
  });

  it('RefreshRetried: by another party, with and without an access token', () => {
    const shadow = { otherParty: true } as const;
    const token = accessToken(2, rotatedAt(1) + SECOND);
    expect(changesBy(familyAt(1), retried(0, shadow))).toMatchObject({ shadowedGenerations: [0] });
    expect(changesBy(familyAt(1), retried(0, { ...shadow, token }))).toMatchObject({
      shadowedGenerations: [0],
    });
    expect(changesBy([...familyAt(1), retried(0, shadow)], retried(0, shadow))).not.toHaveProperty(
      'shadowedGenerations',
    );
  });

  it('RefreshRejected: one presentation more, of this kind', () => {
    const first = rejected(1, 'scope_exceeded', rotatedAt(1) + SECOND);
    const presentations = { hourStart: GRANTED_AT, count: 1, seen: ['1:scope_exceeded'] };
    const updatedAt = rotatedAt(1) + SECOND;
    expect(changesBy(familyAt(1), first)).toEqual({ presentations, updatedAt });
    expect(changesBy([...familyAt(1), first], first)).toEqual({
      presentations: { ...presentations, count: 2 },
    });
  });

  it('RefreshRejected: a new hour begins with the first presentation after the last', () => {
    const late = rotatedAt(1) + 3 * HOUR;
    const history = [...familyAt(1), rejected(1, 'scope_exceeded', rotatedAt(1))];
    expect(changesBy(history, rejected(1, 'target_exceeded', late))).toEqual({
      presentations: { hourStart: late, count: 1, seen: ['1:target_exceeded'] },
      updatedAt: late,
    });
  });

  it.each([
    {
      type: 'PresentationsCounted',
      data: { outcome: 'retried', generation: 0, count: 7, firstAt: 1, lastAt: 2 },
    },
    {
      type: 'LedgerRollbackSuspected',
      data: {
        ...by(GRANTED_AT),
        kind: 'refresh',
        presentedGeneration: 9,
        keyId: '1',
        incidentId: INCIDENT_ID,
      },
    },
    {
      type: 'RefreshTokenReuseDetected',
      data: {
        ...by(GRANTED_AT),
        kind: 'refresh',
        presentedGeneration: 0,
        currentGeneration: 1,
        gap: 1,
        age: 1,
        cause: 'retry_window_passed',
        incidentId: INCIDENT_ID,
      },
    },
  ] as const)('$type: nothing by itself', (one) => {
    const recordedAt = rotatedAt(1) + MINUTE;
    const event: RecordedFamilyEvent = { ...one, recordedAt };
    expect(changesBy(familyAt(1), event)).toEqual({ updatedAt: recordedAt });
  });

  it('FamilyRevoked: the end, and why', () => {
    const at = rotatedAt(1) + MINUTE;
    expect(changesBy(familyAt(1), revoked(at, 'refresh_token_reuse', INCIDENT_ID))).toEqual({
      status: 'revoked',
      revoked: { at, reason: 'refresh_token_reuse', incidentId: INCIDENT_ID },
      updatedAt: at,
    });
  });

  it('AccessTokenRevoked: one access token, and none that have expired since', () => {
    const at = rotatedAt(1) + MINUTE;
    const expired = accessTokenRevoked(0, rotatedAt(1), at);
    const still = accessTokenRevoked(5, rotatedAt(1), at + 1);
    expect(
      changesBy([...familyAt(1), still, expired], accessTokenRevoked(1, at, at + MINUTE)),
    ).toEqual({
      revokedSequences: [
        { sequence: 1, expiresAt: at + MINUTE },
        { sequence: 5, expiresAt: at + 1 },
      ],
      updatedAt: at,
    });
  });
});

describe('what a family remembers', () => {
  it('is its last rotations', () => {
    const generation = ROTATIONS_REMEMBERED + 5;
    expect(fold(familyAt(generation))?.recentRotations).toEqual(
      Array.from({ length: ROTATIONS_REMEMBERED }, (_, index) => {
        const made = generation - ROTATIONS_REMEMBERED + 1 + index;
        return rotatedAt(made);
      }),
    );
  });

  it('is when a generation was consumed, and nothing of a family without generations', () => {
    const family = fold(familyAt(3)) as FamilyState;
    expect([-1, 0, 1, 2, 3].map((generation) => consumedAt(family, generation))).toEqual([
      undefined,
      rotatedAt(1),
      rotatedAt(2),
      rotatedAt(3),
      undefined,
    ]);
    expect(consumedAt(fold([granted()]) as FamilyState, 0)).toBeUndefined();
  });

  it('is its last answers under the current generation', () => {
    const retries = Array.from({ length: ANSWERS_REMEMBERED + 2 }, (_, index) =>
      retried(0, {
        requestHash: `request-${String(index)}`,
        token: accessToken(index + 2, rotatedAt(1)),
      }),
    );
    const answers = fold([...familyAt(1), ...retries])?.answers;
    expect(answers?.map(({ requestHash }) => requestHash)).toEqual([
      'request-2',
      'request-3',
      'request-4',
      'request-5',
    ]);
  });

  it('is what was refused in this hour, as often as an hour records at most', () => {
    const refusals = Array.from({ length: PRESENTATIONS_PER_HOUR + 2 }, (_, generation) =>
      rejected(generation, 'family_revoked', GRANTED_AT + SECOND),
    );
    const { presentations } = fold([granted(), ...refusals]) as FamilyState;
    expect(presentations.count).toBe(PRESENTATIONS_PER_HOUR + 2);
    expect(presentations.seen).toHaveLength(PRESENTATIONS_PER_HOUR);
    expect(presentations.seen.at(-1)).toBe('21:family_revoked');
  });

  it('is the shadowed generations of the last five', () => {
    const shadowed = [1, 2, 3, 4, 5, 6, 7].flatMap((generation) => [
      rotatedTo(generation),
      retried(generation - 1, { otherParty: true }),
    ]);
    expect(fold([...familyAt(0), ...shadowed])?.shadowedGenerations).toEqual([2, 3, 4, 5, 6]);
  });

  it('is single revocations; when there are too many, all older access tokens end with them', () => {
    const at = rotatedAt(1) + MINUTE;
    const one = (sequence: number) => accessTokenRevoked(sequence, at, at + 10 * MINUTE);
    const sequences = Array.from(
      { length: REVOKED_SEQUENCES_REMEMBERED + 2 },
      (_, index) => 2 * index + 5,
    );
    const history = [...familyAt(1), ...sequences.toReversed().map(one)];
    const state = fold(history) as FamilyState;
    expect(state.revokedThrough).toBe(7);
    expect(state.revokedSequences.map(({ sequence }) => sequence)).toEqual(sequences.slice(2));
    const isRevoked = (sequence: number) => isAccessTokenRevoked(state, sequence);
    expect([0, 6, 7, ...sequences].map(isRevoked)).not.toContain(false);
    expect([8, 10, 22, 24].map(isRevoked)).not.toContain(true);
    expect(fold([...history, one(30)])?.revokedThrough).toBe(9);
    const rotated = fold([...history, rotatedTo(2)]);
    expect(rotated).toMatchObject({ generation: 2, revokedThrough: 7 });
    expect(rotated).not.toHaveProperty('refreshedAt');
  });
});
