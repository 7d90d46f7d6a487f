import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  mintAccessToken,
  type VerifiedAccessToken,
  verifyAccessToken,
} from '../../src/tokens/access-token.js';
import { generateSigningKey, type SigningKeyRing } from '../../src/tokens/signing-key-ring.js';
import { VerifiedTokens } from '../../src/tokens/verified-tokens.js';
import { newRing, stateOf } from './fixed-keys.js';

const ISSUER = 'https://as.example';
const NOW = 1_800_000_000_500;
const EXPIRES_AT = 1_800_000_601_000;

let ring: SigningKeyRing;
let keyId: string;
let text: string;
let token: VerifiedAccessToken;
let verified: VerifiedTokens;

beforeEach(async () => {
  ({ ring, keyId } = await newRing());
  text = await mintAccessToken(
    {
      facts: {
        sequence: 7,
        format: 'jwt',
        issuedAt: NOW,
        expiresAt: EXPIRES_AT,
        scope: ['read'],
        audience: ['https://api.example'],
        signingKeyId: keyId,
      },
      familyId: '0192f3a4b5c67d8e8f90a1b2c3d4e5f6',
      issuer: ISSUER,
      subject: 'u_1',
      clientId: 'c_1',
    },
    ring,
  );
  const found = await verifyAccessToken(text, { issuer: ISSUER, ring, now: NOW });
  if (found === undefined) throw new Error('the token is not verified');
  token = found;
  verified = new VerifiedTokens(ring);
});

describe('verified access tokens', () => {
  it('are found again by the same text, and by no other', () => {
    expect(verified.find(text, NOW)).toBeUndefined();
    verified.keep(text, keyId, token);
    expect(verified.find(text, NOW)).toBe(token);
    const last = text.at(-1) === 'A' ? 'B' : 'A';
    expect(verified.find(`${text.slice(0, -1)}${last}`, NOW)).toBeUndefined();
    expect(verified.find(`${text} `, NOW)).toBeUndefined();
  });

  it('are found until the second that they expire in', () => {
    verified.keep(text, keyId, token);
    expect(verified.find(text, EXPIRES_AT - 1)).toBe(token);
    expect(verified.find(text, EXPIRES_AT)).toBeUndefined();
  });

  it('are not found once their key is gone, or is another one of the same name', async () => {
    verified.keep(text, keyId, token);
    ring.remove(keyId);
    expect(verified.find(text, NOW)).toBeUndefined();
    ring.put(stateOf(await generateSigningKey(), { keyId }));
    expect(verified.find(text, NOW)).toBeUndefined();
  });

  it('are not kept when their key is not in the ring', () => {
    ring.remove(keyId);
    verified.keep(text, keyId, token);
    expect(verified.find(text, NOW)).toBeUndefined();
  });
});
