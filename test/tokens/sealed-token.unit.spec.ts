import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SealedTokens } from '../../src/tokens/sealed-token.js';
import { masterKeysOf } from './fixed-keys.js';

const NOW = 1_800_000_000_000;
const tokens = new SealedTokens(masterKeysOf({ '1': 1 }));

describe('a sealed token', () => {
  it('opens for its purpose as what was sealed', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = tokens.seal('interaction', value, NOW + 1);
        expect(text).toMatch(/^[A-Za-z0-9_-]+$/);
        // What JSON keeps of the value: it has no negative zero.
        expect(tokens.unseal('interaction', text, NOW)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('hides what it holds and is never the same twice', () => {
    const texts = [1, 2].map(() => tokens.seal('interaction', { secret: 'alice' }, NOW));
    expect(texts[0]).not.toBe(texts[1]);
    for (const text of texts) {
      expect(Buffer.from(text, 'base64url').includes('alice')).toBe(false);
    }
  });

  it('is good until it expires', () => {
    const text = tokens.seal('interaction', 1, NOW);
    expect(tokens.unseal('interaction', text, NOW - 1)).toBe(1);
    expect(tokens.unseal('interaction', text, NOW)).toBeUndefined();
  });

  it('opens for no other purpose and under no other key', () => {
    const text = tokens.seal('interaction', 1, NOW);
    expect(tokens.unseal('consent', text, 0)).toBeUndefined();
    const others = new SealedTokens(masterKeysOf({ '1': 2 }));
    expect(others.unseal('interaction', text, 0)).toBeUndefined();
    const unknown = new SealedTokens(masterKeysOf({ '2': 1 }));
    expect(unknown.unseal('interaction', text, 0)).toBeUndefined();
  });

  it('outlives the rotation of the master key', () => {
    const text = tokens.seal('interaction', 1, NOW);
    const rotated = new SealedTokens(masterKeysOf({ '1': 1, '2': 2 }));
    expect(rotated.unseal('interaction', text, 0)).toBe(1);
    expect(tokens.unseal('interaction', rotated.seal('interaction', 1, NOW), 0)).toBeUndefined();
  });

  it('is refused with any one bit inverted', () => {
    const sealed = Buffer.from(tokens.seal('interaction', { a: 1 }, NOW), 'base64url');
    const accepted = Array.from({ length: sealed.length * 8 }, (_, bit) => bit).filter((bit) => {
      const changed = Buffer.from(sealed);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      return tokens.unseal('interaction', changed.toString('base64url'), 0) !== undefined;
    });
    expect(accepted).toEqual([]);
  });

  it('is refused in another spelling', () => {
    const text = tokens.seal('interaction', 'abcd', NOW);
    expect(tokens.unseal('interaction', text, 0)).toBe('abcd');
    for (const other of [`${text}=`, ` ${text}`, `${text}\n`, text.slice(1), `${text}A`]) {
      expect(tokens.unseal('interaction', other, 0)).toBeUndefined();
    }
  });

  it('throws for no text at all', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(tokens.unseal('interaction', text, 0)).toBeUndefined();
      }),
    );
    expect(tokens.unseal('interaction', 'A'.repeat(16_385), 0)).toBeUndefined();
  });

  it('is not made when it would be too long to be opened', () => {
    expect(() => tokens.seal('interaction', 'x'.repeat(16_384), NOW)).toThrow(RangeError);
    const longest = tokens.seal('interaction', 'x'.repeat(12_200), NOW);
    expect(tokens.unseal('interaction', longest, 0)).toHaveLength(12_200);
  });
});
