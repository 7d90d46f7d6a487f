import { z } from 'zod';

/** Milliseconds since 1970-01-01T00:00:00Z. */
export const instant = z.int().nonnegative().describe('instant, ms UTC');
/** A span of time in milliseconds; never negative. */
export const duration = z.int().nonnegative().describe('milliseconds');
/** A counter: 0, 1, 2 … */
export const counter = z.int().nonnegative().describe('counter from 0');
/** A generated identifier, a registered name from a closed set, a digest or a key thumbprint. */
export const identifier = z.string().min(1).max(512);
/** Scope tokens (RFC 6749, 3.3), sorted. */
export const scopeList = z
  .array(z.string().min(1).max(256))
  .max(64)
  .describe('scope tokens, sorted');
/** Absolute URIs (RFC 8707). */
export const uriList = z.array(z.string().min(1).max(2048)).max(32).describe('absolute URIs');

/** How a client proved itself at the token endpoint (OIDC Core, 9). */
export const authMethod = z
  .enum(['none', 'client_secret_basic', 'client_secret_post'])
  .describe('OIDC Core, 9');
/** How a client proves itself at the token endpoint (OIDC Core, 9). */
export type AuthMethod = z.infer<typeof authMethod>;

/**
 * Who asked: stands in every event that a request caused. `clientId` is absent when the request
 * named no registered client; the commitment to its origin stands in the envelope.
 */
export const byFields = {
  clientId: identifier.optional().describe('absent when the request named no registered client'),
  clientAuthenticated: z.boolean().describe('whether the client proved itself'),
  authMethod,
  senderKey: identifier.optional().describe('thumbprint of a key it proved to hold (RFC 9449)'),
  policyRevision: identifier.describe('names the token policy of that moment'),
  receivedAt: instant.describe('when the request arrived, ms UTC'),
};
/** Who asked, and when the request arrived. */
export type By = z.infer<z.ZodObject<typeof byFields>>;

/** The facts of one access token; its `jti` is `<familyId>.<sequence>`. */
export const accessTokenFacts = z.object({
  sequence: counter.describe('which access token of its family, from 0'),
  format: z.enum(['jwt', 'opaque']),
  issuedAt: instant,
  expiresAt: instant,
  scope: scopeList,
  audience: uriList,
  signingKeyId: identifier,
  senderKey: identifier.optional().describe('thumbprint of the key it is bound to (RFC 9449)'),
  claimsCommitment: identifier.optional().describe('digest of further claims'),
});
/** The facts of one access token: all that is needed to mint it, and nothing secret. */
export type AccessTokenFacts = z.infer<typeof accessTokenFacts>;
