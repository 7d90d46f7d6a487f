import { hash } from 'node:crypto';
import { canonicalJson } from '../domain/canonical-json.js';
import type { Origin } from '../domain/envelope.js';

/** How many random bytes keep an origin from being guessed out of its commitment. */
export const ORIGIN_SALT_BYTES = 32;

/**
 * Binds an event to an erasable origin: SHA-256(salt || canonical origin) as base64url. `salt` is
 * base64url of `ORIGIN_SALT_BYTES` bytes.
 */
export function originCommitment(salt: string, origin: Origin): string {
  const { address, requestId, userAgent } = origin;
  const text = canonicalJson({ address, requestId, userAgent });
  const bytes = Buffer.allocUnsafe(ORIGIN_SALT_BYTES + Buffer.byteLength(text));
  const salted = bytes.write(salt, 'base64url');
  const end = salted + bytes.write(text, salted);
  return hash('sha256', bytes.subarray(0, end), 'base64url');
}
