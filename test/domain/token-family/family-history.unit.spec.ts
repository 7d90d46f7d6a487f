import { describe, expect, it } from '@jest/globals';
import type { RecordedFamilyEvent } from '../../../src/domain/token-family/family.evolve.js';
import {
  accessToken,
  accessTokenRevoked,
  by,
  familyAt,
  granted,
  redeemed,
  refreshed,
  rejected,
  retried,
  revoked,
  rotatedTo,
} from '../../support/domain-family-events.js';
import { GRANTED_AT, INCIDENT_ID, REDEEMED_AT, rotatedAt } from '../../support/domain-world.js';
import { fold } from '../../support/given-when-then.js';

const later = rotatedAt(5);
const dead = [...familyAt(1), revoked(rotatedAt(1))];
const unredeemed = [granted(), revoked(REDEEMED_AT)];
const withoutRefreshTokens = [granted({ offline: false }), redeemed({ generation: null })];

const suspicion = {
  ...by(later),
  kind: 'refresh',
  presentedGeneration: 0,
  incidentId: INCIDENT_ID,
} as const;
const reuse: RecordedFamilyEvent = {
  type: 'RefreshTokenReuseDetected',
  recordedAt: later,
  data: { ...suspicion, currentGeneration: 1, gap: 1, age: 1, cause: 'retry_window_passed' },
};
const rollback: RecordedFamilyEvent = {
  type: 'LedgerRollbackSuspected',
  recordedAt: later,
  data: { ...suspicion, keyId: '1' },
};
const counted: RecordedFamilyEvent = {
  type: 'PresentationsCounted',
  recordedAt: later,
  data: { outcome: 'rejected', count: 1, firstAt: later, lastAt: later },
};

describe('a history that no family can have', () => {
  it.each<readonly [why: string, ...RecordedFamilyEvent[]]>([
    ['it begins with a redemption', redeemed()],
    ['it begins with a rotation', rotatedTo(1)],
    ['it begins with a revocation', revoked(GRANTED_AT)],
    ['it is granted twice', granted(), granted()],
    ['it is granted again when it is over', ...dead, granted()],
    ['its code is redeemed twice', granted(), redeemed(), redeemed()],
    ['its code is redeemed after its revocation', ...unredeemed, redeemed()],
    ['it is rotated before it is redeemed', granted(), rotatedTo(1)],
    ['it is rotated although it has no refresh tokens', ...withoutRefreshTokens, rotatedTo(1)],
    ['it is rotated after its revocation', ...dead, rotatedTo(2)],
    ['a generation has two successors', ...familyAt(2), rotatedTo(2)],
    ['a generation is left out', ...familyAt(1), rotatedTo(3)],
    [
      'a successor is not the next generation',
      ...familyAt(1),
      rotatedTo(2, { generation: 3, token: accessToken(2, later) }),
    ],
    ['a rotated token is refreshed', ...familyAt(1), refreshed(2)],
    ['it is refreshed after its revocation', ...familyAt(0), revoked(REDEEMED_AT), refreshed(1)],
    ['it is refreshed before it is redeemed', granted(), refreshed(0)],
    ['the current token is retried', ...familyAt(1), retried(1)],
    ['a token older than the previous is retried', ...familyAt(2), retried(0)],
    ['it is retried after its revocation', ...dead, retried(0)],
    ['it is retried although it has no refresh tokens', ...withoutRefreshTokens, retried(0)],
    ['it is revoked twice', ...dead, revoked(later)],
    ['reuse is detected after its revocation', ...dead, reuse],
    ['a rollback is suspected after its revocation', ...dead, rollback],
    ['its first access token is not number 0', granted(), redeemed({ token: accessToken(1, 0) })],
    [
      'an access token is given twice by a rotation',
      ...familyAt(1),
      rotatedTo(2, { token: accessToken(1, later) }),
    ],
    ['an access token is given twice by a refresh', ...familyAt(0), refreshed(0)],
    [
      'an access token is given twice by a retry',
      ...familyAt(1),
      retried(0, { token: accessToken(1, later) }),
    ],
    ['an access token is left out', ...familyAt(1), rotatedTo(2, { token: accessToken(7, later) })],
  ])('is refused: %s', (_why, ...history) => {
    expect(() => fold(history.slice(0, -1))).not.toThrow();
    expect(() => fold(history)).toThrow(Error);
  });

  it('is named by the event and by what contradicts it', () => {
    expect(() => fold([redeemed()])).toThrow('GrantRedeemed cannot be the first event of a family');
    expect(() => fold([granted(), granted()])).toThrow('a family is granted once');
    expect(() => fold([...familyAt(0), redeemed()])).toThrow(
      'GrantRedeemed: a family that is active is not redeemed',
    );
    expect(() => fold([...familyAt(2), rotatedTo(2)])).toThrow(
      'RefreshTokenRotated: generation 1 is not the current one, 2',
    );
    expect(() => fold([...familyAt(1), rotatedTo(2, { presentedGeneration: 0 })])).toThrow(
      'RefreshTokenRotated: generation 2 does not succeed 0',
    );
    expect(() => fold([...dead, retried(0)])).toThrow('RefreshRetried: the family is revoked');
    expect(() => fold([...dead, revoked(later)])).toThrow(
      'FamilyRevoked: the family is revoked already',
    );
    expect(() => fold([...familyAt(0), refreshed(2)])).toThrow(
      'AccessTokenRefreshed: access token 2 is not the next one, 1',
    );
  });
});

describe('a history that a family can have', () => {
  it.each<readonly [what: string, ...RecordedFamilyEvent[]]>([
    ['a revocation before the redemption', ...unredeemed],
    ['refusals after its revocation', ...dead, rejected(1, 'family_revoked', later)],
    ['refusals before its redemption', granted(), rejected(0, 'foreign_client', GRANTED_AT)],
    ['presentations that are counted at any time', ...dead, counted],
    ['an access token that is revoked after the family', ...dead, accessTokenRevoked(1, later)],
    ['reuse and then its revocation', ...familyAt(1), reuse, revoked(later)],
    ['a suspected rollback and then its revocation', granted(), rollback, revoked(later)],
  ])('is accepted: %s', (_what, ...history) => {
    expect(fold(history)?.updatedAt).toBe(history.at(-1)?.recordedAt);
  });
});
