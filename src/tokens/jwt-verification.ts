import type { JWTPayload } from 'jose';
import { JWKSNoMatchingKey } from 'jose/errors';
import { jwtVerify } from 'jose/jwt/verify';
import type { Instant } from '../domain/identifiers.js';
import type { SigningKeyRing } from './signing-key-ring.js';

const TEXT_LENGTH_MAX = 16_384;

/** Whose tokens are believed, and at what time. */
export interface JwtTrust {
  readonly issuer: string;
  readonly ring: SigningKeyRing;
  /** Undefined: the system's clock. */
  readonly now?: Instant | undefined;
}

/** What a JWT says, and the key that signed it. */
export interface VerifiedJwt {
  readonly claims: JWTPayload;
  readonly keyId: string;
}

/**
 * The claims of a JWT of this type (RFC 7515, 4.1.9) that the issuer signed with ES256 by a key of
 * the ring, and that has not expired; undefined for anything else. `text` is attacker-controlled.
 */
export async function verifyJwt(
  text: string,
  trust: JwtTrust,
  expected: { readonly typ: string; readonly requiredClaims: readonly string[] },
): Promise<VerifiedJwt | undefined> {
  if (text.length > TEXT_LENGTH_MAX) return undefined;
  try {
    const { payload, protectedHeader } = await jwtVerify(
      text,
      ({ kid }) => keyOf(trust.ring, kid),
      {
        algorithms: ['ES256'],
        typ: expected.typ,
        issuer: trust.issuer,
        requiredClaims: [...expected.requiredClaims],
        currentDate: new Date(trust.now ?? Date.now()),
      },
    );
    // A JWT without a key id has no key.
    return { claims: payload, keyId: protectedHeader.kid as string };
  } catch {
    // Whatever the library says of an untrusted text: it is not a token of ours.
    return undefined;
  }
}

/** An instant as JWTs say it (RFC 7519, 2): whole seconds since 1970-01-01T00:00:00Z. */
export function numericDate(instant: Instant): number {
  return Math.floor(instant / 1000);
}

function keyOf(ring: SigningKeyRing, keyId: string | undefined) {
  const key = keyId === undefined ? undefined : ring.verificationKey(keyId);
  if (key === undefined) throw new JWKSNoMatchingKey();
  return key;
}
