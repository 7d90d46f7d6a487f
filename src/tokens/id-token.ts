import { hash } from 'node:crypto';
import type { JWTPayload } from 'jose';
import type { Instant } from '../domain/identifiers.js';
import { numericDate, verifyJwt, type JwtTrust } from './jwt-verification.js';
import type { JwtClaims, JwtSigner } from './signing-key-ring.js';

const TYPE = 'JWT';
const LIFETIME_SECONDS = 3600;

/** What an ID token says (OIDC Core, 2). */
export interface IdTokenContent {
  readonly issuer: string;
  readonly subject: string;
  /** The client that it is for: its audience. */
  readonly clientId: string;
  readonly issuedAt: Instant;
  readonly authTime?: Instant | undefined;
  readonly signingKeyId: string;
  /** The access token issued with it, hashed into `at_hash`. */
  readonly accessToken?: string | undefined;
  readonly nonce?: string | undefined;
  readonly acr?: string | undefined;
  readonly amr?: readonly string[] | undefined;
  /** The session, as `sid` (OIDC Front-Channel Logout, 3). */
  readonly sessionId?: string | undefined;
  /** More claims, of the profile for example; they never replace those that are made here. */
  readonly extra?: JwtClaims | undefined;
}

/** An ID token that is good for one hour. Rejected when the signer lacks the private key. */
export function mintIdToken(content: IdTokenContent, signer: JwtSigner): Promise<string> {
  const { accessToken, amr, authTime } = content;
  const issuedAt = numericDate(content.issuedAt);
  const claims: JwtClaims = {
    ...content.extra,
    iss: content.issuer,
    sub: content.subject,
    aud: content.clientId,
    exp: issuedAt + LIFETIME_SECONDS,
    iat: issuedAt,
    auth_time: authTime === undefined ? undefined : numericDate(authTime),
    nonce: content.nonce,
    acr: content.acr,
    amr: amr === undefined || amr.length === 0 ? undefined : amr,
    at_hash: accessToken === undefined ? undefined : accessTokenHash(accessToken),
    sid: content.sessionId,
  };
  return signer.signJwt({ typ: TYPE }, claims, content.signingKeyId);
}

/**
 * The claims of an ID token that this issuer signed, expired or not, as a hint at who is meant
 * (OIDC RP-Initiated Logout, 2); undefined for anything else. `text` is attacker-controlled.
 */
export async function readIdTokenHint(
  text: string,
  trust: Omit<JwtTrust, 'now'>,
): Promise<JWTPayload | undefined> {
  const requiredClaims = ['sub', 'aud', 'exp', 'iat'];
  const verified = await verifyJwt(text, { ...trust, now: 0 }, { typ: TYPE, requiredClaims });
  return verified?.claims;
}

/** The left half of the SHA-256 of an access token, base64url (OIDC Core, 3.1.3.6). */
function accessTokenHash(accessToken: string): string {
  return hash('sha256', accessToken, 'buffer').subarray(0, 16).toString('base64url');
}
