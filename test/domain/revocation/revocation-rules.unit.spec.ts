import { describe, expect, it } from '@jest/globals';
import {
  mintedUnexpired,
  NO_REACH,
  reachOf,
  together,
} from '../../../src/domain/revocation/reach.rules.js';
import {
  isVoidByAccount,
  isVoidByClient,
  isVoidBySigningKey,
  markOf,
  noMarkReasonOf,
} from '../../../src/domain/revocation/tokens-not-before.rules.js';

const AT = Date.UTC(2026, 10, 2, 9);

const minted = (expiresAt: number, scope: string, ...audience: string[]) => ({
  data: { token: { expiresAt, scope: scope.split(' '), audience } },
});

describe('what access tokens reach', () => {
  it('is told of those that have not expired, wherever they are believed', () => {
    const events = [
      minted(AT + 2, 'write read', 'https://b.example', 'https://a.example'),
      minted(AT + 1, 'write zones', 'https://b.example'),
      minted(AT, 'admin', 'https://expired.example'),
      { data: {} },
    ];
    expect(reachOf(events, AT)).toEqual({
      accessTokens: 2,
      scopes: [
        { scope: 'read', accessTokens: 1 },
        { scope: 'write', accessTokens: 2 },
        { scope: 'zones', accessTokens: 1 },
      ],
      audiences: ['https://a.example', 'https://b.example'],
      lastExpiresAt: AT + 2,
    });
    expect(events.map((event) => mintedUnexpired(event, AT))).toEqual([true, true, false, false]);
  });

  it('is nothing where there is none', () => {
    expect(reachOf([], AT)).toEqual(NO_REACH);
    expect(together(NO_REACH, NO_REACH)).toEqual(NO_REACH);
  });
});

describe('the mark that a revocation sets', () => {
  it.each(['client', 'subject'] as const)('is the instant after it was found: %s', (kind) => {
    expect(markOf({ kind, id: 'x' }, AT)).toBe(AT + 1);
  });

  it('is the second in which it was found, where tokens say nothing finer', () => {
    expect(markOf({ kind: 'signing_key', id: 'x' }, AT + 999)).toBe(AT);
    expect(markOf({ kind: 'signing_key', id: 'x' }, AT)).toBe(AT);
  });

  it('says why there is none', () => {
    expect(noMarkReasonOf({ kind: 'address', id: 'x', from: 0 })).toBe('addresses');
    expect(noMarkReasonOf({ kind: 'signing_key', id: 'x', from: 0 })).toBe('span_of_time');
    expect(noMarkReasonOf({ kind: 'client', id: 'x', to: AT })).toBe('span_of_time');
    expect(noMarkReasonOf({ kind: 'signing_key', id: 'x' })).toBeUndefined();
  });

  it('is none where only a part is revoked, or what has no such mark', () => {
    expect(markOf({ kind: 'client', id: 'x', from: 0 }, AT)).toBeUndefined();
    expect(markOf({ kind: 'subject', id: 'x', to: AT }, AT)).toBeUndefined();
    expect(markOf({ kind: 'signing_key', id: 'x', from: 0, to: AT }, AT)).toBeUndefined();
    expect(markOf({ kind: 'address', id: 'x' }, AT)).toBeUndefined();
  });

  it('voids what is older, and nothing else', () => {
    for (const isVoid of [isVoidByClient, isVoidByAccount, isVoidBySigningKey]) {
      expect(isVoid(AT, { tokensNotBefore: AT + 1 })).toBe(true);
      expect(isVoid(AT, { tokensNotBefore: AT })).toBe(false);
    }
    expect(isVoidByClient(0, {})).toBe(false);
    expect(isVoidBySigningKey(0, {})).toBe(false);
  });
});
