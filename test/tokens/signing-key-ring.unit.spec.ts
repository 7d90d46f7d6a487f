import { createPrivateKey, verify } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { calculateJwkThumbprint, createLocalJWKSet, importPKCS8, jwtVerify, SignJWT } from 'jose';
import {
  generateSigningKey,
  SigningKeyRing,
  type GeneratedSigningKey,
} from '../../src/tokens/signing-key-ring.js';
import { stateOf } from './fixed-keys.js';

let key: GeneratedSigningKey;
let other: GeneratedSigningKey;

beforeAll(async () => {
  [key, other] = await Promise.all([generateSigningKey(), generateSigningKey()]);
});

function ringOf(...keys: readonly GeneratedSigningKey[]): SigningKeyRing {
  const ring = new SigningKeyRing();
  for (const [index, each] of keys.entries()) {
    ring.put(stateOf(each, { createdAt: index }), each.privateKey);
  }
  return ring;
}

describe('a generated key', () => {
  it('is named by its thumbprint and says nothing private in public', async () => {
    expect(key.keyId).toBe(await calculateJwkThumbprint(key.publicJwk));
    expect(Object.keys(key.publicJwk)).toEqual(['kty', 'crv', 'x', 'y']);
    expect(key.publicJwk).toMatchObject({ kty: 'EC', crv: 'P-256' });
    expect(key.keyId).not.toBe(other.keyId);
  });
});

describe('signing', () => {
  const claims = {
    iss: 'https://as.example',
    name: 'Zoë 🔑',
    absent: undefined,
    nested: { a: [1] },
  };

  it('makes what jose verifies', async () => {
    const ring = ringOf(key, other);
    for (const { keyId } of [key, other]) {
      const jwt = await ring.signJwt({ typ: 'at+jwt' }, claims, keyId);
      const { payload, protectedHeader } = await jwtVerify(jwt, createLocalJWKSet(ring.jwks()));
      expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: keyId });
      expect(payload).toEqual({ iss: 'https://as.example', name: 'Zoë 🔑', nested: { a: [1] } });
    }
  });

  it('gives the key that verifies what jose signs', async () => {
    const pem = createPrivateKey({ key: key.privateKey, format: 'der', type: 'pkcs8' })
      .export({ format: 'pem', type: 'pkcs8' })
      .toString();
    const jwt = await new SignJWT({ sub: 'u_1' })
      .setProtectedHeader({ alg: 'ES256', kid: key.keyId })
      .sign(await importPKCS8(pem, 'ES256'));
    const [header, payload, signature] = jwt.split('.');
    const publicKey = ringOf(key).verificationKey(key.keyId)!;
    const isValid = (content: string) =>
      verify(
        'sha256',
        Buffer.from(content),
        { key: publicKey, dsaEncoding: 'ieee-p1363' },
        Buffer.from(signature!, 'base64url'),
      );
    expect(isValid(`${header}.${payload}`)).toBe(true);
    expect(isValid(`${header}.${payload}A`)).toBe(false);
    expect((await jwtVerify(jwt, publicKey)).payload).toEqual({ sub: 'u_1' });
  });

  it('throws without the private key', async () => {
    const ring = new SigningKeyRing();
    ring.put(stateOf(key));
    expect(ring.canSign(key.keyId)).toBe(false);
    await expect(ring.signJwt({ typ: 'JWT' }, {}, key.keyId)).rejects.toThrow(key.keyId);
    await expect(ring.signJwt({ typ: 'JWT' }, {}, 'unknown')).rejects.toThrow('unknown');
  });
});

describe('the ring', () => {
  it('publishes published, active and retired keys, and no private member', () => {
    const ring = ringOf(key);
    ring.put(stateOf(other, { status: 'retired' }), other.privateKey);
    const published = ({ keyId, publicJwk }: GeneratedSigningKey) =>
      Object.assign({ kid: keyId, alg: 'ES256', use: 'sig' }, publicJwk);
    expect(ring.jwks()).toEqual({ keys: [published(key), published(other)] });
  });

  it('signs new tokens with the youngest active key', () => {
    const ring = new SigningKeyRing();
    expect(ring.activeKeyId).toBeUndefined();
    ring.put(stateOf(key, { status: 'published' }), key.privateKey);
    expect(ring.activeKeyId).toBeUndefined();
    ring.put(stateOf(key, { createdAt: 2 }));
    ring.put(stateOf(other, { createdAt: 1 }), other.privateKey);
    expect(ring.activeKeyId).toBe(key.keyId);
    ring.put(stateOf(key, { createdAt: 2, status: 'retired' }));
    expect(ring.activeKeyId).toBe(other.keyId);
  });

  it('keeps the private key when only the state changes', () => {
    const ring = new SigningKeyRing();
    ring.put(stateOf(key, { status: 'published' }), key.privateKey);
    ring.put(stateOf(key));
    expect(ring.canSign(key.keyId)).toBe(true);
    expect(ring.signableKeyIds).toEqual([key.keyId]);
  });

  it('drops the private key when the key is retired, and takes none of a retired key', async () => {
    const ring = ringOf(key, other);
    ring.put(stateOf(key, { status: 'retired' }));
    ring.put(stateOf(other, { status: 'retired' }), other.privateKey);
    expect(ring.signableKeyIds).toEqual([]);
    expect([key, other].map(({ keyId }) => ring.canSign(keyId))).toEqual([false, false]);
    await expect(ring.signJwt({ typ: 'JWT' }, {}, key.keyId)).rejects.toThrow(key.keyId);
    expect(ring.verificationKey(key.keyId)).toBeDefined();
  });

  it('signs with what it was for whoever has asked for that', async () => {
    const ring = ringOf(key);
    const signer = ring.asOfNow();
    ring.put(stateOf(key, { status: 'retired' }));
    ring.put(stateOf(other), other.privateKey);
    const jwt = await signer.signJwt({ typ: 'JWT' }, { sub: 'u_1' }, key.keyId);
    const { payload } = await jwtVerify(jwt, createLocalJWKSet(ring.jwks()));
    expect(payload).toEqual({ sub: 'u_1' });
    await expect(signer.signJwt({ typ: 'JWT' }, {}, other.keyId)).rejects.toThrow(other.keyId);
  });

  it('forgets a key that is removed', () => {
    const ring = ringOf(key, other);
    ring.remove(other.keyId);
    expect(ring.activeKeyId).toBe(key.keyId);
    expect(ring.verificationKey(other.keyId)).toBeUndefined();
    expect(ring.canSign(other.keyId)).toBe(false);
    expect(ring.jwks().keys).toHaveLength(1);
  });

  it('refuses a private key that belongs to another public key', () => {
    expect(() => new SigningKeyRing().put(stateOf(key), other.privateKey)).toThrow(key.keyId);
  });
});
