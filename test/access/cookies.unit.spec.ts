import { describe, expect, it } from '@jest/globals';
import { readCookie, setCookieHeader } from '../../src/access/cookie-header.js';
import { KnownDevice } from '../../src/access/known-device.js';
import { SessionCookie } from '../../src/access/session-cookie.js';
import { SealedTokens } from '../../src/tokens/sealed-token.js';
import { TokenCodec } from '../../src/tokens/token-codec.js';
import { masterKeysOf } from '../tokens/fixed-keys.js';

const NOW = Date.UTC(2026, 10, 2, 9);
const YEAR = 31_536_000_000;
const masterKeys = masterKeysOf({ '1': 1 });
const codec = new TokenCodec(masterKeys);
const https = { issuer: 'https://id.example.com' };
const http = { issuer: 'http://localhost:3000' };
const facts = { keyId: '1', epoch: 0, log: 0, id: '0123456789abcdef0123456789abcdef', number: 0 };
const token = codec.encode({ kind: 'session', ...facts });

/** What a browser sends back for a `Set-Cookie` header. */
const sentBack = (header: string): string => header.slice(0, header.indexOf(';'));

describe('a Cookie header', () => {
  it.each([
    ['the only cookie', 'a=1', '1'],
    ['one among others', 'b=2; a=1; c=3', '1'],
    ['one without spaces', 'b=2;a=1;c=3', '1'],
    ['the first of two', 'a=1; a=2', '1'],
    ['an empty one', 'a=', ''],
    ['one with = in it', 'a=1=2', '1=2'],
    ['none of a longer name', 'aa=1; xa=2', undefined],
    ['none without a value', 'a; b=1', undefined],
    ['none at all', '', undefined],
    ['none without a header', undefined, undefined],
  ])('gives %s', (_what, header, value) => {
    expect(readCookie(header, 'a')).toBe(value);
  });
});

describe('a Set-Cookie header', () => {
  it('keeps the cookie from scripts and from other sites’ posts', () => {
    const cookie = { name: 'a', value: 'b', maxAgeSeconds: 60 };
    expect(setCookieHeader({ ...cookie, secure: false })).toBe(
      'a=b; Path=/; Max-Age=60; HttpOnly; SameSite=Lax',
    );
    expect(setCookieHeader({ ...cookie, secure: true })).toMatch(/; Secure$/);
  });
});

describe('the session cookie', () => {
  it('is bound to host and https where there is https', () => {
    const cookie = new SessionCookie(codec, https);
    expect(cookie.name).toBe('__Host-token-ledger-session');
    expect(cookie.set({ token, expiresAt: NOW + 90_500 }, NOW)).toBe(
      `__Host-token-ledger-session=${token}; Path=/; Max-Age=90; HttpOnly; SameSite=Lax; Secure`,
    );
    expect(cookie.remove()).toBe(
      '__Host-token-ledger-session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure',
    );
    expect(cookie.set({ token, expiresAt: NOW - 1 }, NOW)).toContain('Max-Age=0;');
  });

  it('works on http too', () => {
    const cookie = new SessionCookie(codec, http);
    const header = cookie.set({ token, expiresAt: NOW + 1000 }, NOW);
    expect(header).not.toContain('Secure');
    expect(cookie.sessionId(`x=1; ${sentBack(header)}`)).toBe(facts.id);
  });

  it('cannot be forged', () => {
    const cookie = new SessionCookie(codec, http);
    const other = new TokenCodec(masterKeysOf({ '1': 2 })).encode({ kind: 'session', ...facts });
    const refresh = codec.encode({ kind: 'refresh', ...facts });
    for (const value of [facts.id, other, refresh, `${token}x`, token.slice(0, -1), '']) {
      expect(cookie.sessionId(`token-ledger-session=${value}`)).toBeUndefined();
    }
    expect(cookie.sessionId(undefined)).toBeUndefined();
  });
});

describe('the cookie of a known device', () => {
  const known = new KnownDevice(new SealedTokens(masterKeys), https);

  it('tells that a browser has signed in to an account before', () => {
    const header = known.remember(undefined, 'ana', NOW);
    expect(header).toMatch(
      /^__Host-token-ledger-device=[\w-]+; Path=\/; Max-Age=31536000; HttpOnly; SameSite=Lax; Secure$/,
    );
    const device = known.deviceFor(sentBack(header), 'ana', NOW + 1);
    expect(device).toMatch(/^[\w-]{22}$/);
    expect(known.deviceFor(sentBack(header), 'bob', NOW + 1)).toBeUndefined();
    expect(known.deviceFor(sentBack(header), 'ana', NOW + YEAR)).toBeUndefined();
  });

  it('keeps the device through sign-ins, for the last eight accounts', () => {
    const first = known.remember(undefined, 'account 0', NOW);
    const device = known.deviceFor(sentBack(first), 'account 0', NOW);
    let header = first;
    for (let account = 1; account <= 8; account += 1) {
      header = known.remember(sentBack(header), `account ${account}`, NOW);
    }
    expect(known.deviceFor(sentBack(header), 'account 8', NOW)).toBe(device);
    expect(known.deviceFor(sentBack(header), 'account 1', NOW)).toBe(device);
    expect(known.deviceFor(sentBack(header), 'account 0', NOW)).toBeUndefined();
  });

  it('cannot be forged', () => {
    const other = new KnownDevice(new SealedTokens(masterKeysOf({ '1': 2 })), https);
    const forged = sentBack(other.remember(undefined, 'ana', NOW));
    expect(known.deviceFor(forged, 'ana', NOW)).toBeUndefined();
    expect(known.deviceFor('__Host-token-ledger-device=x', 'ana', NOW)).toBeUndefined();
    expect(known.deviceFor(undefined, 'ana', NOW)).toBeUndefined();
    const foreign = known.remember(forged, 'ana', NOW);
    expect(known.deviceFor(sentBack(foreign), 'ana', NOW)).toBeDefined();
  });

  it('differs from browser to browser', () => {
    const devices = [1, 2].map(() =>
      known.deviceFor(sentBack(known.remember(undefined, 'ana', NOW)), 'ana', NOW),
    );
    expect(devices[0]).not.toBe(devices[1]);
  });
});
