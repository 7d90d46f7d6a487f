import { createHash } from 'node:crypto';

/** The entity tag of a body (RFC 9110, section 8.8.3): the same bytes have the same one. */
export function entityTagOf(body: string | Buffer): string {
  return `"${createHash('sha256').update(body).digest('base64url')}"`;
}

/**
 * Whether `If-None-Match` names a tag, so that whoever asks has the body already (RFC 9110, section
 * 13.1.2). The comparison is weak: a proxy that compresses makes a tag weak.
 */
export function isKnownTo(ifNoneMatch: string | undefined, entityTag: string): boolean {
  const known = (ifNoneMatch ?? '').split(',').map((one) => one.trim().replace(/^W\//, ''));
  return known.some((one) => one === entityTag || one === '*');
}
