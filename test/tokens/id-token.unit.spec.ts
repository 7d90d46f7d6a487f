import { beforeAll, describe, expect, it } from '@jest/globals';
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import { mintIdToken, readIdTokenHint, type IdTokenContent } from '../../src/tokens/id-token.js';
import type { SigningKeyRing } from '../../src/tokens/signing-key-ring.js';
import { newRing } from './fixed-keys.js';

const ISSUER = 'https://as.example';
const NOW = 1_800_000_000_500;
let ring: SigningKeyRing;
let keyId: string;

beforeAll(async () => {
  ({ ring, keyId } = await newRing());
});

function mint(change: Partial<IdTokenContent> = {}): Promise<string> {
  const content = {
    issuer: ISSUER,
    subject: 'u_1',
    clientId: 'c_1',
    issuedAt: NOW,
    authTime: NOW - 9000,
    signingKeyId: keyId,
  };
  return mintIdToken({ ...content, ...change }, ring);
}

const claims = {
  iss: ISSUER,
  sub: 'u_1',
  aud: 'c_1',
  exp: 1_800_003_600,
  iat: 1_800_000_000,
  auth_time: 1_799_999_991,
};

describe('an ID token', () => {
  it('says what OIDC asks for, for one hour', async () => {
    const { payload, protectedHeader } = await jwtVerify(
      await mint(),
      createLocalJWKSet(ring.jwks()),
      {
        currentDate: new Date(NOW),
      },
    );
    expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'JWT', kid: keyId });
    expect(payload).toEqual(claims);
  });

  it('returns the nonce and names session, sign-in and more', async () => {
    const said = decodeJwt(
      await mint({
        nonce: 'n-1',
        acr: '1',
        amr: ['pwd', 'otp'],
        sessionId: 's_1',
        extra: { name: 'A' },
      }),
    );
    const more = { nonce: 'n-1', acr: '1', amr: ['pwd', 'otp'], sid: 's_1', name: 'A' };
    expect(said).toEqual({ ...claims, ...more });
  });

  it('hashes the access token', async () => {
    // Source: OpenID Connect Core 1.0, A.3 (access token and at_hash of the example).
    const accessToken = 'jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y';
    expect(decodeJwt(await mint({ accessToken })).at_hash).toBe('77QmUPtjPfzWtF2AnpK9RQ');
  });

  it('leaves out what is unknown, and lets no extra claim replace its own', async () => {
    const said = decodeJwt(
      await mint({ authTime: undefined, amr: [], extra: { sub: 'evil', acr: '9' } }),
    );
    expect(said).toEqual({ iss: ISSUER, sub: 'u_1', aud: 'c_1', exp: claims.exp, iat: claims.iat });
  });
});

describe('an ID token hint', () => {
  it('is read after it expired', async () => {
    const text = await mint({ issuedAt: Date.now() - 86_400_000 * 365 });
    expect(await readIdTokenHint(text, { issuer: ISSUER, ring })).toMatchObject({ sub: 'u_1' });
  });

  it('is refused from others, of other types, and when it was changed', async () => {
    const stranger = await newRing();
    const text = await mint();
    expect(await readIdTokenHint(text, { issuer: ISSUER, ring: stranger.ring })).toBeUndefined();
    expect(await readIdTokenHint(text, { issuer: 'https://b.example', ring })).toBeUndefined();
    expect(await readIdTokenHint(text.slice(0, -4), { issuer: ISSUER, ring })).toBeUndefined();
    const accessToken = await ring.signJwt({ typ: 'at+jwt' }, claims, keyId);
    expect(await readIdTokenHint(accessToken, { issuer: ISSUER, ring })).toBeUndefined();
  });
});
