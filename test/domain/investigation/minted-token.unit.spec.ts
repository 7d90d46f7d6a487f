import { describe, expect, it } from '@jest/globals';
import { familyRecordOf } from '../../../src/domain/investigation/family-record.rules.js';
import { lineageOf } from '../../../src/domain/investigation/lineage.rules.js';
import { LineageWindow } from '../../../src/domain/investigation/lineage-window.rules.js';
import { MintedTokens } from '../../../src/domain/investigation/minted-token.rules.js';
import type { RecordedFamilyEvent } from '../../../src/domain/token-family/family.evolve.js';
import {
  accessTokenRevoked,
  familyAt,
  granted,
  redeemed,
  refreshed,
  rotatedTo,
} from '../../support/domain-family-events.js';
import { DAY, rotatedAt, SECOND } from '../../support/domain-world.js';
import { HOME, place, told } from './told-families.js';

/** How many access tokens are in memory after each event. */
function heldWhile(
  history: readonly RecordedFamilyEvent[],
  limit: number,
  before?: number,
): number[] {
  const tokens = new MintedTokens();
  const window = new LineageWindow({ limit, before }, tokens);
  return told(HOME, ...history).events.map((event) => {
    const record = familyRecordOf(event);
    window.see(record, tokens.see(record));
    return tokens.all().length;
  });
}

describe('the access tokens of a long family', () => {
  it.each([
    ['of the newest generations', familyAt(300), 5, undefined],
    ['of older generations', familyAt(300), 5, 100],
    [
      'of one generation',
      [
        granted({ policy: { rotation: 'fixed' } }),
        redeemed(),
        ...Array.from({ length: 300 }, (_, index) => refreshed(index + 1)),
      ],
      5,
      undefined,
    ],
  ] as const)('are in memory only as far as they are told: %s', (_, history, limit, before) => {
    const most = Math.max(...heldWhile(history, limit, before));
    expect(most).toBeGreaterThanOrEqual(limit);
    expect(most).toBeLessThanOrEqual(limit + 2);
  });
});

describe('an access token whose number was revoked before it was given out', () => {
  it('is revoked, since the first revocation: a part of the ledger had been lost', () => {
    const revoke = (sequence: number, at: number) => accessTokenRevoked(sequence, at, at + DAY);
    const history = told(
      HOME,
      ...familyAt(1),
      revoke(2, rotatedAt(1) + SECOND),
      revoke(2, rotatedAt(1) + 2 * SECOND),
      rotatedTo(2),
    );
    const { generations } = lineageOf(history.events);
    expect(generations[2]?.accessTokens[0]?.revoked).toEqual({
      at: rotatedAt(1) + SECOND,
      position: place(3),
      reason: 'client_request',
    });
  });
});
