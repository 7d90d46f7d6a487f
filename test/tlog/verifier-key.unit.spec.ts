import { createSecretKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { noteVerifier, parseVerifierKey, verifierKeyText } from '../../src/tlog/verifier-key.js';
import vectors from '../vectors/signed-note.json' with { type: 'json' };
import { enochKeys, keysOf, peterKeys } from './note-keys.js';
import { sha256 } from './reference-tree.js';

const { peter, enoch, specification } = vectors;
const PUBLISHED = [peter.verifierKey, enoch.verifierKey, specification.verifierKey];

/** A verifier key with the key id of its bytes, whatever they are (C2SP signed-note, "Signatures"). */
const withKeyId = (name: string, key: Buffer): string => {
  const digest = sha256(Buffer.from(`${name}\n`), key);
  return `${name}+${digest.toString('hex', 0, 4)}+${key.toString('base64')}`;
};

const reasonOf = (text: string): string | undefined => {
  const parsed = parseVerifierKey(text);
  return parsed.kind === 'refused' ? parsed.reason : undefined;
};

describe('a verifier key', () => {
  it('is the published text of the published key', () => {
    expect(verifierKeyText(peter.name, peterKeys.publicKey)).toBe(peter.verifierKey);
    expect(verifierKeyText(enoch.name, enochKeys.publicKey)).toBe(enoch.verifierKey);
    expect(noteVerifier(peter.name, peterKeys.publicKey).keyId).toBe(peter.keyId);
  });

  it.each(PUBLISHED)('is read: %s', (text) => {
    const parsed = parseVerifierKey(text);
    if (parsed.kind === 'refused') throw new Error(parsed.reason);
    const { name, keyId, publicKey } = parsed.verifier;
    expect(`${name}+${keyId}`).toBe(text.slice(0, text.lastIndexOf('+A')));
    expect(verifierKeyText(name, publicKey)).toBe(text);
  });

  it.each(vectors.refusedKeys)('is refused as published: $says', ({ key, reason }) => {
    expect(reasonOf(key)).toBe(reason);
  });

  it('is no part of itself, and nothing with one character changed', () => {
    const text = peter.verifierKey;
    const places = Array.from({ length: text.length }, (_, index) => index);
    const parts = places.flatMap((start) =>
      places.map((end) => text.slice(start, end + 1)).filter((part) => part !== text),
    );
    const changed = places.map(
      (at) =>
        text.slice(0, at) + String.fromCodePoint(text.codePointAt(at)! + 1) + text.slice(at + 1),
    );
    expect([...parts, ...changed].filter((each) => reasonOf(each) === undefined)).toEqual([]);
  });

  it('is bound to its name by its key id', () => {
    expect(reasonOf(peter.verifierKey.replace('Peter', 'Pieter'))).toBe('key_id_mismatch');
    expect(reasonOf(peter.verifierKey.replace('c74f20a3', 'c74f20a4'))).toBe('key_id_mismatch');
  });

  it.each([
    ['an upper-case key id', peter.verifierKey.replace('c74f20a3', 'C74F20A3')],
    ['base64 without a canonical end', enoch.verifierKey.replace(/p$/, 'q=')],
    ['base64url', specification.verifierKey.replace('+Aeky', '+Ae-y')],
    ['a space at the end', `${peter.verifierKey} `],
    ['a newline at the end', `${peter.verifierKey}\n`],
    ['a space in the name', peter.verifierKey.replace('rN', 'r N')],
    ['no name', peter.verifierKey.replace('PeterNeumann', '')],
    ['no key', 'PeterNeumann+c74f20a3+'],
  ])('is refused with %s', (_why, text) => {
    expect(reasonOf(text)).toBe('malformed_key');
  });

  it('is read again as what it was made of', () => {
    const names = fc.stringMatching(/^[a-z0-9./é-]{1,40}$/);
    const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(names, seeds, (name, seed) => {
        const { publicKey } = keysOf(Buffer.from(seed));
        const parsed = parseVerifierKey(verifierKeyText(name, publicKey));
        if (parsed.kind === 'refused') throw new Error(parsed.reason);
        expect(parsed.verifier).toMatchObject({ name, keyId: noteVerifier(name, publicKey).keyId });
        expect(parsed.verifier.publicKey.equals(publicKey)).toBe(true);
      }),
    );
  });

  it('is refused or written again as it was, whatever the text', () => {
    const near = fc
      .tuple(fc.string(), fc.stringMatching(/^[0-9a-f]{8}$/), fc.base64String())
      .map((parts) => parts.join('+'));
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), near), (text) => {
        const parsed = parseVerifierKey(text);
        if (parsed.kind === 'refused') return;
        expect(verifierKeyText(parsed.verifier.name, parsed.verifier.publicKey)).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });

  it('may be any 32 bytes under their own key id', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.constantFrom(Buffer.alloc(32), Buffer.alloc(32, 0xff)),
    );
    fc.assert(
      fc.property(bytes, (bytes) => {
        const key = Buffer.concat([Buffer.of(1), bytes]);
        expect(reasonOf(withKeyId('name', key))).toBeUndefined();
        expect(reasonOf(withKeyId('name', key.subarray(0, 32)))).toBe('malformed_key');
        expect(reasonOf(withKeyId('name', Buffer.alloc(0)))).toBe('malformed_key');
      }),
    );
  });
});

describe('the name of a key', () => {
  it.each(['ledger.example/0', 'a', 'è', '名'])('may be %j', (name) => {
    expect(noteVerifier(name, peterKeys.publicKey).name).toBe(name);
  });

  it.each([
    '',
    'a b',
    'a+b',
    'a\n',
    'a\u0001',
    'a\u0085',
    'a\u00a0b',
    'a\u2028',
    'a\u3000',
    'a\ud800',
  ])('is not %j', (name) => {
    expect(() => noteVerifier(name, peterKeys.publicKey)).toThrow(RangeError);
    expect(() => verifierKeyText(name, peterKeys.publicKey)).toThrow(RangeError);
  });

  it('is that of an Ed25519 public key', () => {
    const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const others = [p256.publicKey, peterKeys.privateKey, createSecretKey(Buffer.alloc(32))];
    for (const key of others) expect(() => noteVerifier('name', key)).toThrow(RangeError);
  });
});
