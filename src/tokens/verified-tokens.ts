import { hash, type KeyObject } from 'node:crypto';
import { BoundedMap } from '../config/bounded-map.js';
import type { Instant } from '../domain/identifiers.js';
import type { VerifiedAccessToken } from './access-token.js';
import { numericDate } from './jwt-verification.js';
import type { SigningKeyRing } from './signing-key-ring.js';

/** About 1 kB each. */
const TOKENS_MAX = 4096;

interface Kept {
  readonly token: VerifiedAccessToken;
  readonly keyId: string;
  /** The key as the ring had it: another object, or none, means that it may not verify any more. */
  readonly key: KeyObject;
}

/**
 * Access tokens whose signature was verified lately, by their digest: the signature costs ten times as
 * much to verify as all else that is asked of a token. Whether a token still counts is not kept.
 */
export class VerifiedTokens {
  private readonly tokens = new BoundedMap<string, Kept>(TOKENS_MAX);

  constructor(private readonly ring: SigningKeyRing) {}

  /** What a text was verified to say, if its key still verifies and it has not expired at `now`. */
  find(text: string, now: Instant): VerifiedAccessToken | undefined {
    const kept = this.tokens.get(digestOf(text));
    if (kept === undefined || this.ring.verificationKey(kept.keyId) !== kept.key) return undefined;
    return (kept.token.claims.exp ?? 0) > numericDate(now) ? kept.token : undefined;
  }

  /** Keeps what a text was just verified to say with a key of the ring. */
  keep(text: string, keyId: string, token: VerifiedAccessToken): void {
    const key = this.ring.verificationKey(keyId);
    if (key !== undefined) this.tokens.set(digestOf(text), { token, keyId, key });
  }
}

function digestOf(text: string): string {
  return hash('sha256', text, 'base64url');
}
