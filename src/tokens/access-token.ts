import type { JWTPayload } from 'jose';
import type { AccessTokenFacts } from '../domain/events/field-schemas.js';
import type { Instant } from '../domain/identifiers.js';
import { numericDate, verifyJwt, type JwtTrust } from './jwt-verification.js';
import type { JwtClaims, JwtSigner } from './signing-key-ring.js';

const TYPE = 'at+jwt';
const REQUIRED_CLAIMS = ['sub', 'aud', 'client_id', 'iat', 'exp', 'jti'];
const TOKEN_ID = /^([0-9a-f]{32})\.(0|[1-9]\d{0,14})$/;

/** What an access token says beyond its facts. */
export interface AccessTokenContent {
  readonly facts: AccessTokenFacts;
  /** The family, or the stream of a client_credentials token: 32 lower-case hexadecimal digits. */
  readonly familyId: string;
  readonly issuer: string;
  /** The account's subject; for client_credentials the client id (RFC 9068, 2.2). */
  readonly subject: string;
  readonly clientId: string;
  readonly authTime?: Instant | undefined;
  readonly acr?: string | undefined;
  readonly amr?: readonly string[] | undefined;
  /** More claims; they never replace those that are made here. */
  readonly extra?: JwtClaims | undefined;
}

/** An access token that we signed and that has not expired; whether it was revoked is not said. */
export interface VerifiedAccessToken {
  readonly familyId: string;
  readonly sequence: number;
  /** Of the key that signed it. */
  readonly signingKeyId: string;
  readonly claims: JWTPayload;
}

/**
 * A JWT access token (RFC 9068) signed with `facts.signingKeyId`. The same content gives the same
 * claims; the signature differs, as ECDSA is randomized. Rejected when the signer lacks the private key.
 */
export function mintAccessToken(content: AccessTokenContent, signer: JwtSigner): Promise<string> {
  const { facts, amr, authTime } = content;
  const claims: JwtClaims = {
    ...content.extra,
    iss: content.issuer,
    sub: content.subject,
    aud: facts.audience.length === 1 ? facts.audience[0] : facts.audience,
    client_id: content.clientId,
    scope: facts.scope.length === 0 ? undefined : facts.scope.join(' '),
    iat: numericDate(facts.issuedAt),
    exp: numericDate(facts.expiresAt),
    jti: `${content.familyId}.${facts.sequence}`,
    auth_time: authTime === undefined ? undefined : numericDate(authTime),
    acr: content.acr,
    amr: amr === undefined || amr.length === 0 ? undefined : amr,
    // RFC 9449, 6.1: the thumbprint of the key that the sender must prove.
    cnf: facts.senderKey === undefined ? undefined : { jkt: facts.senderKey },
  };
  return signer.signJwt({ typ: TYPE }, claims, facts.signingKeyId);
}

/**
 * What a JWT access token says if this issuer signed it and it has not expired (RFC 9068, 4);
 * undefined for anything else. The audience is the caller's to check. `text` is attacker-controlled.
 */
export async function verifyAccessToken(
  text: string,
  trust: JwtTrust,
): Promise<VerifiedAccessToken | undefined> {
  const verified = await verifyJwt(text, trust, { typ: TYPE, requiredClaims: REQUIRED_CLAIMS });
  if (verified === undefined) return undefined;
  const { claims, keyId: signingKeyId } = verified;
  const [, familyId, sequence] = TOKEN_ID.exec(String(claims.jti)) ?? [];
  if (familyId === undefined) return undefined;
  return { familyId, sequence: Number(sequence), signingKeyId, claims };
}
