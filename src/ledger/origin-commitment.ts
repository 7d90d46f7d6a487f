import { createHash } from 'node:crypto';
import { canonicalJson } from '../domain/canonical-json.js';
import type { Origin } from '../domain/envelope.js';

/** SHA-256(32-byte salt || canonical origin) as base64url: binds an event to an erasable origin. */
export function originCommitment(salt: Buffer, origin: Origin): string {
  return createHash('sha256')
    .update(salt)
    .update(
      canonicalJson({
        address: origin.address,
        requestId: origin.requestId,
        userAgent: origin.userAgent,
      }),
    )
    .digest('base64url');
}
