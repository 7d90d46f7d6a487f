import { beforeAll, describe, expect, it } from '@jest/globals';
import { createLocalJWKSet, decodeJwt, jwtVerify, SignJWT, UnsecuredJWT } from 'jose';
import fc from 'fast-check';
import type { AccessTokenFacts } from '../../src/domain/events/field-schemas.js';
import {
  mintAccessToken,
  verifyAccessToken,
  type AccessTokenContent,
} from '../../src/tokens/access-token.js';
import { mintIdToken } from '../../src/tokens/id-token.js';
import type { SigningKeyRing } from '../../src/tokens/signing-key-ring.js';
import { newRing } from './fixed-keys.js';

const ISSUER = 'https://as.example';
const FAMILY = '0192f3a4b5c67d8e8f90a1b2c3d4e5f6';
const NOW = 1_800_000_000_500;

let ring: SigningKeyRing;
let keyId: string;

beforeAll(async () => {
  ({ ring, keyId } = await newRing());
});

function factsOf(change: Partial<AccessTokenFacts> = {}): AccessTokenFacts {
  return {
    sequence: 7,
    format: 'jwt',
    issuedAt: NOW,
    expiresAt: 1_800_000_601_000,
    scope: ['openid', 'read'],
    audience: ['https://api.example'],
    signingKeyId: keyId,
    ...change,
  };
}

function contentOf(change: Partial<AccessTokenContent> = {}): AccessTokenContent {
  return {
    facts: factsOf(),
    familyId: FAMILY,
    issuer: ISSUER,
    subject: 'u_1',
    clientId: 'c_1',
    ...change,
  };
}

const mint = (change: Partial<AccessTokenContent> = {}) => mintAccessToken(contentOf(change), ring);
const verifyAt = (text: string, now = NOW) =>
  verifyAccessToken(text, { issuer: ISSUER, ring, now });

const claims = {
  iss: ISSUER,
  sub: 'u_1',
  aud: 'https://api.example',
  client_id: 'c_1',
  scope: 'openid read',
  iat: 1_800_000_000,
  exp: 1_800_000_601,
  jti: `${FAMILY}.7`,
};

describe('an access token', () => {
  it('says what RFC 9068 asks for', async () => {
    const { payload, protectedHeader } = await jwtVerify(
      await mint(),
      createLocalJWKSet(ring.jwks()),
      {
        currentDate: new Date(NOW),
      },
    );
    expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: keyId });
    expect(payload).toEqual(claims);
  });

  it('says how and when the person signed in, and which key must be proved', async () => {
    const said = decodeJwt(
      await mint({
        facts: factsOf({ senderKey: 'thumbprint' }),
        authTime: 1_799_999_999_999,
        acr: 'urn:acr',
        amr: ['pwd'],
        extra: { tenant: 't_1' },
      }),
    );
    expect(said).toEqual({
      ...claims,
      auth_time: 1_799_999_999,
      acr: 'urn:acr',
      amr: ['pwd'],
      tenant: 't_1',
      cnf: { jkt: 'thumbprint' },
    });
  });

  it('lists several audiences, and leaves out what is empty', async () => {
    const facts = factsOf({ audience: ['https://a.example', 'https://b.example'], scope: [] });
    const said = decodeJwt(await mint({ facts, amr: [] }));
    expect(said.aud).toEqual(['https://a.example', 'https://b.example']);
    expect(Object.keys(said)).toEqual(['iss', 'sub', 'aud', 'client_id', 'iat', 'exp', 'jti']);
  });

  it('lets no extra claim replace its own', async () => {
    const extra = { iss: 'evil', sub: 'evil', exp: 9, jti: 'evil', acr: 'evil', cnf: 'evil' };
    expect(decodeJwt(await mint({ extra }))).toEqual(claims);
  });

  it('has the same claims in the same order whenever it is minted again', async () => {
    const [one, other] = [await mint(), await mint()].map((text) => text.split('.'));
    expect(one!.slice(0, 2)).toEqual(other!.slice(0, 2));
  });
});

describe('verification', () => {
  it('reads family and sequence back', async () => {
    expect(await verifyAt(await mint())).toEqual({
      familyId: FAMILY,
      sequence: 7,
      signingKeyId: keyId,
      claims,
    });
  });

  it('ends with the expiry', async () => {
    const text = await mint();
    expect(await verifyAt(text, 1_800_000_600_999)).toBeDefined();
    expect(await verifyAt(text, 1_800_000_601_000)).toBeUndefined();
  });

  it('asks the clock when no time is given', async () => {
    const alive = await mint({ facts: factsOf({ expiresAt: Date.now() + 60_000 }) });
    const dead = await mint({ facts: factsOf({ expiresAt: Date.now() - 1000 }) });
    expect(await verifyAccessToken(alive, { issuer: ISSUER, ring })).toBeDefined();
    expect(await verifyAccessToken(dead, { issuer: ISSUER, ring })).toBeUndefined();
  });

  const hmacKey = Buffer.alloc(32, 1);
  const changed = (change: object) =>
    ring.signJwt({ typ: 'at+jwt' }, { ...claims, ...change }, keyId);
  const forgeries: readonly (readonly [string, () => string | Promise<string>])[] = [
    ['another issuer', () => mint({ issuer: 'https://other.example' })],
    ['another type', () => ring.signJwt({ typ: 'JWT' }, claims, keyId)],
    ['a key that is not ours', foreign],
    ['no signature (alg none)', () => new UnsecuredJWT({ ...claims }).encode()],
    [
      'an HMAC under the id of our key',
      () =>
        new SignJWT({ ...claims })
          .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: keyId })
          .sign(hmacKey),
    ],
    [
      'no key id',
      async () => (await mint()).replace(/^[^.]+/, base64urlJson({ alg: 'ES256', typ: 'at+jwt' })),
    ],
    ['a signature cut short', async () => (await mint()).slice(0, -4)],
    [
      'other claims under the same signature',
      async () => (await mint()).replace(/\.[^.]+\./, otherClaims),
    ],
    ['no expiry', () => changed({ exp: undefined })],
    ['no client id', () => changed({ client_id: undefined })],
    ['no subject', () => changed({ sub: undefined })],
    ['no audience', () => changed({ aud: undefined })],
    ['no issue time', () => changed({ iat: undefined })],
    ['no token id', () => changed({ jti: undefined })],
    ['a token id that is no text', () => changed({ jti: 7 })],
    ['a token id without sequence', () => changed({ jti: FAMILY })],
    ['a sequence with a leading zero', () => changed({ jti: `${FAMILY}.07` })],
    ['a family id in capitals', () => changed({ jti: `${FAMILY.toUpperCase()}.7` })],
    ['a text of 17,000 characters', () => changed({ padding: 'x'.repeat(12_750) })],
    ['an ID token', idToken],
    ['an encrypted token', async () => `${await mint()}.x.y`],
    ['nothing', () => ''],
  ];

  it.each(forgeries)('refuses %s', async (_what, forge) => {
    expect(await verifyAt(await changed({}))).toBeDefined();
    expect(await verifyAt(await forge())).toBeUndefined();
  });

  it('throws for no text at all', async () => {
    const parts = (await mint()).split('.');
    const part = fc.oneof(fc.constantFrom(...parts, ''), fc.string({ unit: 'binary' }));
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 5 }), async (chosen) => {
        const text = chosen.join('.');
        fc.pre(text !== parts.join('.'));
        expect(await verifyAt(text)).toBeUndefined();
      }),
    );
  });
});

function otherClaims(): string {
  return `.${base64urlJson({ ...claims, sub: 'u_2' })}.`;
}

function base64urlJson(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** A token that names our key and is signed by another. */
async function foreign(): Promise<string> {
  const stranger = await newRing();
  const facts = factsOf({ signingKeyId: stranger.keyId });
  const theirs = await mintAccessToken(contentOf({ facts }), stranger.ring);
  const [, payload, signature] = theirs.split('.');
  return [(await mint()).split('.')[0], payload, signature].join('.');
}

function idToken(): Promise<string> {
  const { issuer, subject, clientId } = contentOf();
  return mintIdToken(
    { issuer, subject, clientId, issuedAt: NOW, signingKeyId: keyId, extra: { ...claims } },
    ring,
  );
}
