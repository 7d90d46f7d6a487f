import { describe, expect, it } from '@jest/globals';
import { CsrfTokens } from '../../src/tokens/csrf-token.js';
import { masterKeysOf } from './fixed-keys.js';

const tokens = new CsrfTokens(masterKeysOf({ '1': 1 }));

describe('a CSRF token', () => {
  const text = tokens.csrfToken('consent', 'session-1');

  it('is good for its purpose and what it is bound to, and always the same', () => {
    expect(text).toMatch(/^[A-Za-z0-9_-]{46}$/);
    expect(tokens.csrfToken('consent', 'session-1')).toBe(text);
    expect(tokens.verify('consent', 'session-1', text)).toBe(true);
  });

  it('outlives the rotation of the master key', () => {
    const rotated = new CsrfTokens(masterKeysOf({ '1': 1, '2': 2 }));
    expect(rotated.verify('consent', 'session-1', text)).toBe(true);
    expect(rotated.csrfToken('consent', 'session-1')).not.toBe(text);
  });

  it('is refused for anything else', () => {
    expect(tokens.verify('sign-out', 'session-1', text)).toBe(false);
    expect(tokens.verify('consent', 'session-2', text)).toBe(false);
    const others = new CsrfTokens(masterKeysOf({ '1': 2 }));
    expect(others.verify('consent', 'session-1', text)).toBe(false);
    const unknown = new CsrfTokens(masterKeysOf({ '2': 1 }));
    expect(unknown.verify('consent', 'session-1', text)).toBe(false);
  });

  it('is refused with any one bit inverted, or when it is none', () => {
    const bytes = Buffer.from(text, 'base64url');
    const accepted = Array.from({ length: bytes.length * 8 }, (_, bit) => bit).filter((bit) => {
      const changed = Buffer.from(bytes);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      return tokens.verify('consent', 'session-1', changed.toString('base64url'));
    });
    expect(accepted).toEqual([]);
    for (const garbage of ['', text.slice(1), `${text}A`, '!'.repeat(46), '\ud800'.repeat(46)]) {
      expect(tokens.verify('consent', 'session-1', garbage)).toBe(false);
    }
  });
});
