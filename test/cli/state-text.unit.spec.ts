import { describe, expect, it } from '@jest/globals';
import { memberRows, memberText } from '../../src/cli/state-text.js';

const AT = Date.parse('2026-11-21T02:14:07.123Z');

describe('a member of a state, for people', () => {
  const members: readonly (readonly [name: string, value: unknown, text: string])[] = [
    ['grantedAt', AT, '2026-11-21T02:14:07.123Z'],
    ['tokensNotBefore', AT, '2026-11-21T02:14:07.123Z'],
    ['recentRotations', [AT], '["2026-11-21T02:14:07.123Z"]'],
    [
      'previousSecret',
      { secretId: 'a', until: 0 },
      '{"secretId":"a","until":"1970-01-01T00:00:00.000Z"}',
    ],
    [
      'revokedSequences',
      [{ sequence: 1, expiresAt: 0 }],
      '[{"sequence":1,"expiresAt":"1970-01-01T00:00:00.000Z"}]',
    ],
    ['retryWindow', 1_500, '1.5 s'],
    ['policy', { idle: 60_000, rotation: 'rotate' }, '{"idle":"60 s","rotation":"rotate"}'],
    ['generation', 1_763_691_247_123, '1763691247123'],
    ['status', 'active', 'active'],
    ['generation', null, 'null'],
    ['keyId', undefined, ''],
  ];
  it.each(members)('%s %j is %s', (name, value, text) => {
    expect(memberText(name, value)).toBe(text);
  });

  it('stands in a row of its own, named after what it is in', () => {
    const state = {
      status: 'active',
      policy: { idle: 60_000 },
      completed: undefined,
      terms: { selector: { client: 'a' } },
      answers: [],
      empty: {},
    };
    expect(memberRows(state)).toEqual([
      ['status', 'active'],
      ['policy.idle', '60 s'],
      ['terms.selector.client', 'a'],
      ['answers', '[]'],
      ['empty', '{}'],
    ]);
  });
});
