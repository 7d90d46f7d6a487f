import { z } from 'zod';
import { authMethod, duration, identifier, instant, scopeList, uriList } from './field-schemas.js';

/** A display name that an operator or a developer chose for a client; never about a person. */
const clientName = z.string().min(1).max(200);

/** Overrides of the service's token policy for one client. Spans in milliseconds. */
export const clientPolicy = z.object({
  rotation: z.enum(['rotate', 'fixed']).optional(),
  retryWindow: duration.optional(),
  retryUntilUsed: z.boolean().optional(),
  accessTokenLifetime: duration.optional(),
  idle: duration.optional(),
  absolute: duration.optional(),
});

/** What a client registered (RFC 7591). */
export const clientMetadata = z.object({
  name: clientName,
  applicationType: z.enum(['web', 'native']),
  redirectUris: uriList,
  postLogoutRedirectUris: uriList
    .optional()
    .describe('where browsers may be sent after signing out (OIDC RP-Initiated Logout, 3.1)'),
  grantTypes: z.array(z.enum(['authorization_code', 'refresh_token', 'client_credentials'])),
  authMethod,
  scope: scopeList.nullable().describe('what it may ask for; null: any but operator scopes'),
  clientUri: z.string().max(2048).optional(),
  policy: clientPolicy,
});
/** What a client registered (RFC 7591). */
export type ClientMetadata = z.infer<typeof clientMetadata>;

/** Events of a client. */
export const clientEvents = {
  ClientRegistered: z
    .object({
      metadata: clientMetadata,
      secretId: identifier.optional().describe('names the digest kept in the vault'),
      firstParty: z.boolean(),
      verified: z.boolean().describe('false for a client that registered itself'),
      operatorScopes: scopeList.describe('assigned by an operator, for client_credentials'),
      mayIntrospect: z.boolean().describe('may introspect tokens of any audience'),
      resources: uriList
        .optional()
        .describe('the resource server that it is: tokens for these it may introspect'),
    })
    .describe('A client became known.'),
  ClientUpdated: z
    .object({
      metadata: clientMetadata,
      mayIntrospect: z.boolean().optional().describe('absent: as before'),
      resources: uriList.optional().describe('absent: as before; empty: no resource server'),
    })
    .describe('What a client registered was changed, or what an operator lets it do.'),
  ClientSecretRotated: z
    .object({ secretId: identifier, previousUntil: instant })
    .describe('A client got another secret; the one before works until the given instant.'),
  ClientDisabled: z.object({}).describe('A client may do nothing any more.'),
  ClientTokensNotBeforeMoved: z
    .object({ tokensNotBefore: instant })
    .describe(
      'What the client was given before this instant is void: an operator revoked all of it.',
    ),
};

/** Events of an account. Personal data stays in the vault. */
export const accountEvents = {
  AccountCreated: z
    .object({
      credentialId: identifier.describe('names the password hash kept in the vault'),
      roles: z.array(z.enum(['administrator', 'auditor', 'responder'])),
      usernameDigest: identifier.describe(
        'HMAC of the user name under a key derived from the master key; says nothing without it',
      ),
    })
    .describe('An account exists and can sign in.'),
  AccountPasswordChanged: z
    .object({ credentialId: identifier })
    .describe('Another password counts from now on.'),
  AccountDisabled: z.object({}).describe('The account can do nothing any more.'),
  AccountErased: z.object({}).describe('Profile, password and origins of the account were erased.'),
  AccountTokensNotBeforeMoved: z
    .object({ tokensNotBefore: instant })
    .describe('Grants older than this instant are void: signed out everywhere.'),
};

/** Events of a project (tenant). */
export const projectEvents = {
  ProjectCreated: z.object({ slug: identifier }).describe('A tenant exists.'),
  ProjectDisabled: z.object({}).describe('Nothing of this tenant is valid any more.'),
};

/** Events of a signing key: its public part only. */
export const signingKeyEvents = {
  SigningKeyCreated: z
    .object({
      algorithm: z.enum(['ES256']),
      publicJwk: z.record(z.string(), z.string()).describe('RFC 7517, public members only'),
      vaultId: identifier.describe('names the wrapped private key kept in the vault'),
    })
    .describe('A key exists and is published.'),
  SigningKeyActivated: z.object({}).describe('New tokens are signed with this key.'),
  SigningKeyRetired: z.object({}).describe('The key signs nothing any more; it still verifies.'),
  SigningKeyTokensNotBeforeMoved: z
    .object({ tokensNotBefore: instant.describe('a whole second, as tokens say when they are of') })
    .describe(
      'Access tokens that the key signed before this instant are void: an operator revoked all of it.',
    ),
};

/** Why a session ends before it expires. */
const sessionEndReason = z
  .enum(['signed_out', 'renewed', 'replaced', 'operator_request'])
  .describe(
    '`renewed`: the same person signed in again, and what was granted in it lives on; `replaced`: somebody else did',
  );
/** Why a session ends before it expires. */
export type SessionEndReason = z.infer<typeof sessionEndReason>;

/** Events of a sign-in session of a browser. */
export const sessionEvents = {
  SessionStarted: z
    .object({
      subject: identifier,
      authTime: instant,
      amr: z.array(identifier),
      expiresAt: instant,
      replaces: identifier.optional().describe('the session this sign-in took the place of'),
      rootSessionId: identifier
        .optional()
        .describe(
          'the first of the sessions that this one goes on from, all of the same person: it is over when that is; absent for a first one',
        ),
    })
    .describe('A person signed in with this browser.'),
  SessionEnded: z
    .object({ reason: sessionEndReason })
    .describe(
      'The session ended; one that was renewed can end once more, with what it granted. All sessions of its root are over with it.',
    ),
};

/** Events of what one subject allowed one client. */
export const consentEvents = {
  ConsentGiven: z
    .object({ subject: identifier, clientId: identifier, scope: scopeList, resources: uriList })
    .describe('A person allowed a client these scopes and resources.'),
  ConsentWithdrawn: z.object({}).describe('What was allowed is allowed no more.'),
};

/** Events of an incident: one suspicious presentation. */
export const incidentEvents = {
  IncidentOpened: z
    .object({
      kind: z.enum([
        'refresh_token_reuse',
        'code_reuse',
        'stale_inside_window',
        'foreign_client',
        'client_authentication_failed',
        'ledger_rollback',
        'suspected_shadow',
      ]),
      familyId: identifier,
      clientId: identifier.optional(),
      subject: identifier.optional(),
    })
    .describe('Something suspicious was presented; the evidence stands in the family.'),
  IncidentVerdictGiven: z
    .object({
      verdict: z.enum(['theft', 'broken_client', 'false_alarm', 'unclear']),
      noteId: identifier
        .optional()
        .describe('names what the operator wrote about it, kept erasable in the vault'),
    })
    .describe('An operator judged the incident; the newest verdict counts.'),
};

const position = z.int().nonnegative().describe('position in the ledger');

/** What a backtest was asked for with. */
const askedBacktest = z.object({
  policy: clientPolicy
    .extend({ requireSenderConstraint: z.boolean().optional() })
    .describe('absent members: as they were for each family'),
  clientId: identifier.optional().describe('absent: families of every client'),
  from: position,
  to: position,
});
/** What a backtest was asked for with. */
export type AskedBacktest = z.infer<typeof askedBacktest>;

/** Events of the administration stream: every administrative call. */
export const administrationEvents = {
  AdministrationRecorded: z
    .object({
      action: identifier,
      target: identifier.optional(),
      backtest: askedBacktest.optional().describe('of `replay.backtest`'),
    })
    .describe('An administrator or the command line did something.'),
};
