import { hash } from 'node:crypto';
import { canonicalJson } from '../domain/canonical-json.js';
import type { Origin } from '../domain/envelope.js';

/** How many random bytes keep an origin from being guessed out of its commitment. */
export const ORIGIN_SALT_BYTES = 32;

/**
 * Binds an event to an erasable origin: SHA-256(salt || canonical origin) as base64url. Throws a RangeError
 * unless `salt` is the base64url of exactly `ORIGIN_SALT_BYTES` bytes: where it ends and the origin begins
 * must not be for whoever writes it to choose.
 */
export function originCommitment(salt: string, origin: Origin): string {
  if (!isOriginSalt(salt)) throw new RangeError('the salt of an origin must have 32 bytes');
  const { address, requestId, userAgent } = origin;
  const text = canonicalJson({ address, requestId, userAgent });
  const bytes = Buffer.allocUnsafe(ORIGIN_SALT_BYTES + Buffer.byteLength(text));
  bytes.write(salt, 'base64url');
  bytes.write(text, ORIGIN_SALT_BYTES);
  return hash('sha256', bytes, 'base64url');
}

/** So many characters of base64url are 32 bytes; the last one has two bits to spare, which are 0. */
const SALT = /^[\w-]{42}[AEIMQUYcgkosw048]$/;

/** Whether a text can be a salt. Base64url is read generously: another text could stand for the same bytes. */
export function isOriginSalt(salt: string): boolean {
  return SALT.test(salt);
}
