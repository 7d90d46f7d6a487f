import { describe, expect, it } from '@jest/globals';
import { passwordFault, profileFault } from '../../../src/domain/directory/account.rules.js';
import { familyPolicyFor } from '../../../src/domain/directory/family-policy.rules.js';
import { parseScope } from '../../../src/domain/directory/scope.rules.js';
import { normaliseUsername } from '../../../src/domain/directory/username.rules.js';
import { publicMetadata, webMetadata } from './directory-history.js';

describe('a user name', () => {
  it.each([
    ['as it is', 'ana', 'ana'],
    ['in lower case', 'ANA@Example.COM', 'ana@example.com'],
    ['without spaces around it', '  ana ', 'ana'],
    ['in one form of its letters', 'ａｎａ', 'ana'],
    ['with composed accents', 'zoe\u0308', 'zoë'],
    ['with letters of any script', 'Ольга', 'ольга'],
    ['of 128 characters', 'a'.repeat(128), 'a'.repeat(128)],
  ])('counts %s', (_how, text, expected) => {
    expect(normaliseUsername(text)).toBe(expected);
  });

  it('is normal once it was normalised', () => {
    const normal = normaliseUsername('İSTANBUL ﬁ')!;
    expect(normaliseUsername(normal)).toBe(normal);
  });

  it.each([
    ['nothing', ''],
    ['spaces', '   '],
    ['129 characters', 'a'.repeat(129)],
    ['an absurd length', 'a'.repeat(100_000)],
    ['a NUL', 'a\0na'],
    ['a line break', 'a\nna'],
    ['an invisible character', 'a\u200bna'],
    ['a mark that turns text around', 'a\u202ena'],
    ['a line separator', 'a\u2028na'],
    ['a lone surrogate', 'a\ud800'],
    ['what grows too long', '\ufdfa'.repeat(20)],
  ])('cannot be %s', (_what, text) => {
    expect(normaliseUsername(text)).toBeUndefined();
  });
});

describe('a password', () => {
  it('has at least 8 characters, whatever they are', () => {
    expect(passwordFault('12345678')).toBeUndefined();
    expect(passwordFault('1234567')).toBe('password_too_short');
    expect(passwordFault('😀😀😀😀')).toBe('password_too_short');
  });

  it('has at most 1,024 bytes', () => {
    expect(passwordFault('a'.repeat(1024))).toBeUndefined();
    expect(passwordFault('a'.repeat(1025))).toBe('password_too_long');
    expect(passwordFault('é'.repeat(513))).toBe('password_too_long');
  });
});

describe('a profile', () => {
  it.each([
    ['nothing', {}],
    ['an address and a name', { email: 'ana@example.com', name: 'Ana Ñandú' }],
  ])('may have %s', (_what, profile) => {
    expect(profileFault(profile)).toBeUndefined();
  });

  it.each([
    ['an address without @', { email: 'ana' }, 'email_invalid'],
    ['an address with spaces', { email: 'ana @example.com' }, 'email_invalid'],
    ['an address that is too long', { email: `${'a'.repeat(251)}@b.c` }, 'email_invalid'],
    ['an address with a control character', { email: 'a\u0007@b.c' }, 'email_invalid'],
    ['an empty name', { name: ' ' }, 'name_invalid'],
    ['a name with a line break', { name: 'Ana\nB' }, 'name_invalid'],
    ['a name with a lone surrogate', { name: '\udc00' }, 'name_invalid'],
    ['a name that is too long', { name: 'a'.repeat(201) }, 'name_invalid'],
  ])('may not have %s', (_what, profile, fault) => {
    expect(profileFault(profile)).toBe(fault);
  });
});

describe('the policy of a new family', () => {
  const defaults = { retryWindow: 30, refreshIdleLifetime: 3000, refreshAbsoluteLifetime: 9000 };

  it('is the service’s', () => {
    expect(familyPolicyFor({ metadata: webMetadata }, defaults)).toEqual({
      policy: {
        rotation: 'rotate',
        retryWindow: 30,
        retryUntilUsed: false,
        idle: 3000,
        onReuse: 'revoke_family',
      },
      absoluteLifetime: 9000,
    });
  });

  const own = {
    rotation: 'fixed',
    retryWindow: 0,
    retryUntilUsed: true,
    idle: 1,
    absolute: 2,
  } as const;

  it('is the client’s where it has one', () => {
    expect(familyPolicyFor({ metadata: { ...webMetadata, policy: own } }, defaults)).toEqual({
      policy: {
        rotation: 'fixed',
        retryWindow: 0,
        retryUntilUsed: true,
        idle: 1,
        onReuse: 'revoke_family',
      },
      absoluteLifetime: 2,
    });
  });

  it('gives a public client nothing that needs a secret', () => {
    const { policy } = familyPolicyFor({ metadata: { ...publicMetadata, policy: own } }, defaults);
    expect(policy).toMatchObject({ rotation: 'rotate', retryUntilUsed: false, retryWindow: 0 });
  });
});

describe('a scope parameter', () => {
  it('is read into its tokens, sorted and each once', () => {
    expect(parseScope('openid email  openid ')).toEqual(['email', 'openid']);
  });

  it.each([
    ['nothing', ''],
    ['spaces', '  '],
    ['a tab', 'a\tb'],
    ['a NUL', 'a\0'],
    ['65 tokens', Array.from({ length: 65 }, (_, index) => `s${index}`).join(' ')],
    [
      '1001 characters',
      `${'a'.repeat(250)} ${'b'.repeat(250)} ${'c'.repeat(250)} ${'d'.repeat(248)}`,
    ],
    ['a token of 257 characters', 'a'.repeat(257)],
  ])('is not %s', (_what, text) => {
    expect(parseScope(text)).toBeUndefined();
  });
});
