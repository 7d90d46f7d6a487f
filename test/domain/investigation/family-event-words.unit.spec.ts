import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { familyEventText } from '../../../src/domain/investigation/family-event.words.js';
import type { EventOf } from '../../../src/domain/events/event-catalogue.js';
import { tokenFamilyEvents } from '../../../src/domain/events/token-family.events.js';

const GOLDEN = resolve(import.meta.dirname, '../events/golden');

function goldenEvent(type: string): EventOf<'family'> {
  return JSON.parse(readFileSync(resolve(GOLDEN, `${type}.json`), 'utf8')) as EventOf<'family'>;
}

describe('a line of the timeline', () => {
  it.each(Object.keys(tokenFamilyEvents))('says what %s is about', (type) => {
    const text = familyEventText(goldenEvent(type));
    expect(text).toMatch(/\S/);
    expect(text).not.toMatch(/undefined|\[object/);
  });

  it.each<[said: string, type: string, data: object]>([
    ['no scope', 'GrantIssued', { scope: [] }],
    ['without a refresh token', 'GrantRedeemed', { generation: null }],
    [
      'generation 4 is succeeded by 5',
      'RefreshTokenRotated',
      { presentedGeneration: 4, generation: 5 },
    ],
    [
      'generation 4 again after 1.5 s, by another party',
      'RefreshRetried',
      { presentedGeneration: 4, age: 1500, otherParty: true },
    ],
    ['code refused: pkce_mismatch', 'RefreshRejected', { kind: 'code', reason: 'pkce_mismatch' }],
    [
      'generation 1 when 3 was current: superseded_generation',
      'RefreshTokenReuseDetected',
      {
        kind: 'refresh',
        presentedGeneration: 1,
        currentGeneration: 3,
        cause: 'superseded_generation',
      },
    ],
    [
      'code_redeemed_twice',
      'RefreshTokenReuseDetected',
      { kind: 'code', presentedGeneration: 0, currentGeneration: 0, cause: 'code_redeemed_twice' },
    ],
    [
      '20 more were rejected: family_revoked',
      'PresentationsCounted',
      { count: 20, outcome: 'rejected', reason: 'family_revoked' },
    ],
    ['revoked by an operator', 'FamilyRevoked', { reason: 'operator_request' }],
    [
      'revoked by an operator: revocation 18d2f49c',
      'FamilyRevoked',
      { reason: 'operator_request', revocationId: '18d2f49c' },
    ],
    [
      'access token 3: revoked by its client',
      'AccessTokenRevoked',
      { sequence: 3, reason: 'client_request' },
    ],
  ])('%s', (said, type, data) => {
    expect(familyEventText({ type, data } as EventOf<'family'>)).toBe(said);
  });
});
