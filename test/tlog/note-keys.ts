import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import vectors from '../vectors/signed-note.json' with { type: 'json' };

/** A pair of Ed25519 keys as node:crypto holds them. */
export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** PKCS #8 of an Ed25519 seed: what stands before its 32 bytes (RFC 8410 section 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The keys of a seed of 32 bytes (RFC 8032). */
export function keysOf(seed: Buffer): KeyPair {
  const key = Buffer.concat([PKCS8_PREFIX, seed]);
  const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

/** The published keys of PeterNeumann: the last part of a signer key is its type and its seed. */
export const peterKeys = keysOf(
  Buffer.from(vectors.peter.signerKey.split('+').slice(4).join('+'), 'base64').subarray(1),
);

/** The published keys of EnochRoot. */
export const enochKeys = keysOf(Buffer.from(vectors.enoch.seed, 'hex'));
