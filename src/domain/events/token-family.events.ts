import { z } from 'zod';
import {
  accessTokenFacts,
  byFields,
  counter,
  duration,
  identifier,
  instant,
  scopeList,
  uriList,
} from './field-schemas.js';

/** Why a genuine token was refused. One closed union, recorded and never shown to the caller. */
export const rejectionReason = z.enum([
  'client_authentication_failed',
  'foreign_client',
  'sender_mismatch',
  'family_revoked',
  'expired_idle',
  'expired_absolute',
  'code_expired',
  'pkce_mismatch',
  'redirect_mismatch',
  'account_disabled',
  'client_disabled',
  'project_disabled',
  'not_before',
  'session_ended',
  'stale_inside_window',
  'scope_exceeded',
  'target_exceeded',
  'rate_limited',
]);
/** Why a genuine token was refused. */
export type RejectionReason = z.infer<typeof rejectionReason>;

/** Why a family ended before it expired. */
export const revocationReason = z.enum([
  'refresh_token_reuse',
  'code_reuse',
  'ledger_rollback',
  'client_request',
  'operator_request',
  'signed_out',
]);
/** Why a family ended before it expired. */
export type RevocationReason = z.infer<typeof revocationReason>;

/** The rules a family lives by, fixed when it was granted. Spans in milliseconds. */
export const familyPolicy = z.object({
  rotation: z.enum(['rotate', 'fixed']),
  retryWindow: duration,
  retryUntilUsed: z
    .boolean()
    .describe('the previous token also retries until its successor is used'),
  idle: duration,
  onReuse: z.enum(['revoke_family']),
  accessTokenLimit: counter.optional(),
});
/** The rules a family lives by. Spans in milliseconds. */
export type FamilyPolicy = z.infer<typeof familyPolicy>;

/** What an authorization code was issued for. */
export const codeFacts = z.object({
  expiresAt: instant,
  keyId: identifier,
  redirectUri: z.string().min(1).max(2048),
  codeChallenge: identifier.describe('S256 (RFC 7636)'),
  nonce: z.string().max(512).optional().describe('chosen by the client, returned in the ID token'),
  dpopJkt: identifier.optional(),
});
/** What an authorization code was issued for. */
export type CodeFacts = z.infer<typeof codeFacts>;

const tokenKind = z.enum(['code', 'refresh']);

/** Every event that a token family can hold: its data by type. */
export const tokenFamilyEvents = {
  GrantIssued: z
    .object({
      ...byFields,
      subject: identifier.optional(),
      sessionId: identifier.optional(),
      grantType: identifier,
      scope: scopeList,
      resources: uriList,
      offline: z.boolean(),
      authTime: instant.optional(),
      acr: identifier.optional(),
      amr: z.array(identifier),
      consentId: identifier.optional(),
      absoluteExpiresAt: instant,
      policy: familyPolicy,
      code: codeFacts.optional(),
    })
    .describe(
      'A resource owner authorized a client: the family begins, its code is its first token.',
    ),
  GrantRedeemed: z
    .object({
      ...byFields,
      generation: counter.nullable().describe('0, or null when no refresh token was issued'),
      keyId: identifier.optional(),
      idleExpiresAt: instant.optional(),
      boundSenderKey: identifier.optional(),
      token: accessTokenFacts,
      idToken: z.boolean(),
    })
    .describe('The authorization code was exchanged for the first tokens.'),
  RefreshTokenRotated: z
    .object({
      ...byFields,
      presentedGeneration: counter,
      age: duration.describe('since the presented token was issued, ms'),
      generation: counter,
      keyId: identifier,
      idleExpiresAt: instant,
      requestHash: identifier,
      token: accessTokenFacts,
      idToken: z.boolean(),
    })
    .describe('The current refresh token was used: it has exactly this one successor.'),
  AccessTokenRefreshed: z
    .object({
      ...byFields,
      generation: counter,
      age: duration.describe('since the token was used before, or else issued, ms'),
      idleExpiresAt: instant,
      requestHash: identifier,
      token: accessTokenFacts,
      idToken: z.boolean(),
    })
    .describe('A new access token under the same refresh token (policy `fixed`).'),
  RefreshRetried: z
    .object({
      ...byFields,
      presentedGeneration: counter,
      age: duration.describe('since the rotation, ms'),
      requestHash: identifier,
      servedSequence: counter,
      token: accessTokenFacts.optional().describe('only when one had to be minted'),
      otherParty: z
        .boolean()
        .optional()
        .describe('from another network and agent than the rotation'),
      incidentId: identifier.optional(),
    })
    .describe('The previous token came again inside the retry window and got the same successor.'),
  RefreshRejected: z
    .object({
      ...byFields,
      kind: tokenKind,
      presentedGeneration: counter.optional(),
      currentGeneration: counter.optional(),
      reason: rejectionReason,
      age: duration.optional(),
      incidentId: identifier.optional(),
    })
    .describe('A genuine token was refused; the state of the family is as before.'),
  PresentationsCounted: z
    .object({
      outcome: z.enum(['retried', 'rejected']),
      reason: rejectionReason.optional(),
      generation: counter.optional(),
      count: counter,
      firstAt: instant,
      lastAt: instant,
    })
    .describe(
      'Presentations beyond what is recorded one by one, counted per minute; the envelope commits to the origin of the newest.',
    ),
  RefreshTokenReuseDetected: z
    .object({
      ...byFields,
      kind: tokenKind,
      presentedGeneration: counter,
      currentGeneration: counter,
      gap: counter.describe('generations between the presented and the current one'),
      age: duration.describe('since the presented token was consumed, ms'),
      cause: z.enum(['superseded_generation', 'retry_window_passed', 'code_redeemed_twice']),
      incidentId: identifier,
    })
    .describe('A consumed token was presented again: a thief or a broken client has it.'),
  FamilyRevoked: z
    .object({
      reason: revocationReason,
      incidentId: identifier.optional(),
      revocationId: identifier.optional(),
      actor: identifier,
    })
    .describe(
      'The family ended: refresh tokens at once, access tokens at introspection and userinfo.',
    ),
  AccessTokenRevoked: z
    .object({
      sequence: counter,
      expiresAt: instant,
      reason: z.enum(['client_request', 'operator_request']),
    })
    .describe('One access token ended before it expired.'),
  LedgerRollbackSuspected: z
    .object({
      ...byFields,
      kind: tokenKind,
      presentedGeneration: counter,
      currentGeneration: counter.optional(),
      keyId: identifier,
      incidentId: identifier,
    })
    .describe('We minted a token that this ledger does not know: an old copy of it was restored.'),
};

/** Events of a stream that one client_credentials token has to itself (RFC 6749, 4.4). */
export const clientTokenEvents = {
  ClientTokenIssued: z
    .object({ ...byFields, token: accessTokenFacts })
    .describe('A client got an access token for itself (client_credentials).'),
};
