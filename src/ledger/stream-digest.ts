import { hash } from 'node:crypto';

/**
 * The digest of a stream after one more body: SHA-256(digest before || body) as base64url, with
 * nothing before the first. It stands in the stream's row, so that a body that changed by accident
 * or by hand is found before the Merkle tree covers it. It is no secret: whoever can write the whole
 * database can also write it anew, and is found by a checkpoint only.
 */
export function digestAfter(before: string | undefined, body: string): string {
  return hash('sha256', before === undefined ? body : before + body, 'base64url');
}
