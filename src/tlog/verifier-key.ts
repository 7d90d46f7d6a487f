import { createPublicKey, hash, type KeyObject } from 'node:crypto';
import { decodeBase64 } from './base64.js';
import { isKeyName } from './note-text.js';

/** A key that signatures on notes are verified with. */
export interface NoteVerifier {
  readonly name: string;
  /** Four bytes of the key's digest as 8 lower-case hexadecimal digits: a hint, no proof. */
  readonly keyId: string;
  /** An Ed25519 public key. */
  readonly publicKey: KeyObject;
}

/** Why a text is no verifier key. */
export type VerifierKeyFault = 'malformed_key' | 'key_id_mismatch' | 'unknown_algorithm';

/** What `parseVerifierKey` made of a text. */
export type ParsedVerifierKey =
  | { readonly kind: 'parsed'; readonly verifier: NoteVerifier }
  | { readonly kind: 'refused'; readonly reason: VerifierKeyFault };

/** The signature type of Ed25519 (C2SP signed-note, "Signature types"). */
const ED25519 = 0x01;
const PUBLIC_KEY_BYTES = 32;

/** The length of a key id in bytes. */
export const KEY_ID_BYTES = 4;

/**
 * The verifier of a named key that is trusted (C2SP signed-note, "Ed25519 signatures"). Throws a
 * RangeError for a name that `isKeyName` refuses, and for a key that is not an Ed25519 public key.
 */
export function noteVerifier(name: string, publicKey: KeyObject): NoteVerifier {
  return { name, keyId: keyIdOf(name, encodedKey(name, publicKey)), publicKey };
}

/**
 * A key as a text to be given to whoever verifies: `<name>+<key id>+<base64(0x01 || public key)>`
 * (C2SP signed-note, "Verifier keys"). Throws a RangeError as `noteVerifier` does.
 */
export function verifierKeyText(name: string, publicKey: KeyObject): string {
  const key = encodedKey(name, publicKey);
  return `${name}+${keyIdOf(name, key)}+${key.toString('base64')}`;
}

/**
 * Reads a text that `verifierKeyText` wrote. The text is to come from somebody trusted, for it
 * decides what is believed; its form may be anything, and nothing is thrown.
 */
export function parseVerifierKey(text: string): ParsedVerifierKey {
  const [, name, keyId, base64] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text) ?? [];
  if (name === undefined || keyId === undefined || base64 === undefined || !isKeyName(name)) {
    return refused('malformed_key');
  }
  const key = decodeBase64(base64);
  if (key === undefined) return refused('malformed_key');
  if (keyIdOf(name, key) !== keyId) return refused('key_id_mismatch');
  if (key[0] !== ED25519) return refused('unknown_algorithm');
  if (key.length !== 1 + PUBLIC_KEY_BYTES) return refused('malformed_key');
  return { kind: 'parsed', verifier: { name, keyId, publicKey: publicKeyOf(key.subarray(1)) } };
}

/** The signature type and the raw public key, as they stand in a verifier key. */
function encodedKey(name: string, publicKey: KeyObject): Buffer {
  if (!isKeyName(name)) throw new RangeError('a key of notes needs a name without space or plus');
  if (publicKey.type !== 'public' || publicKey.asymmetricKeyType !== 'ed25519') {
    throw new RangeError('a note is verified with an Ed25519 public key');
  }
  const { x } = publicKey.export({ format: 'jwk' });
  return Buffer.concat([Buffer.of(ED25519), Buffer.from(x as string, 'base64url')]);
}

function publicKeyOf(bytes: Buffer): KeyObject {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: bytes.toString('base64url') };
  return createPublicKey({ key: jwk, format: 'jwk' });
}

function keyIdOf(name: string, key: Buffer): string {
  const named = Buffer.concat([Buffer.from(`${name}\n`), key]);
  return hash('sha256', named, 'hex').slice(0, 2 * KEY_ID_BYTES);
}

function refused(reason: VerifierKeyFault): ParsedVerifierKey {
  return { kind: 'refused', reason };
}
