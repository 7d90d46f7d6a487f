import { Inject, Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { AccessTokenStatuses } from '../access/access-token-status.js';
import type { Interaction } from '../access/interaction-token.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.tokens.js';
import { DirectoryReader, type LiveSession } from '../directory/directory.reader.js';
import { consentIdOf, covers } from '../domain/directory/consent.decider.js';
import { familyPolicyFor } from '../domain/directory/family-policy.rules.js';
import { IssueGrant, type IssueGrantOutcome } from '../grants/issue-grant.command.js';
import type { RequestContext } from '../grants/request-context.js';
import { type AuthorizationRequest, grantedScopeOf } from './authorization-request.js';
import { OAuthError } from './oauth.error.js';

/** What has to happen next for an authorization request. */
export type AuthorizationStep =
  | { readonly kind: 'sign_in' }
  | { readonly kind: 'consent' }
  | { readonly kind: 'code'; readonly code: string };

/** The browser that a request came with. */
export interface Visitor {
  readonly sessionId: string | undefined;
  readonly interaction: Interaction;
  readonly context: RequestContext;
}

/** Takes an authorization request to its next step (OIDC Core, 3.1.2.3 and 3.1.2.4). */
@Injectable()
export class Authorizations {
  constructor(
    private readonly commands: CommandBus,
    private readonly directory: DirectoryReader,
    private readonly statuses: AccessTokenStatuses,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** The next step. Throws an OAuthError that goes to the redirect URI. */
  async advance(request: AuthorizationRequest, visitor: Visitor): Promise<AuthorizationStep> {
    const { interaction, sessionId, context } = visitor;
    if (interaction.consent === 'denied') {
      throw new OAuthError('access_denied', 'the request was denied');
    }
    const live =
      sessionId === undefined
        ? undefined
        : await this.directory.liveSession(sessionId, context.receivedAt);
    if (live === undefined || (await this.needsSignIn(request, live, visitor))) {
      return signIn(request);
    }
    const scope = grantedScopeOf(request, live.account);
    const consent = await this.consentOf(request, live, visitor, scope);
    if (consent === undefined) {
      if (isSilent(request)) throw new OAuthError('consent_required', 'consent is needed');
      return { kind: 'consent' };
    }
    const issued = await this.issue(request, live, context, scope, consent.consentId);
    return issued.kind === 'granted' ? { kind: 'code', code: issued.code } : signIn(request);
  }

  private async needsSignIn(
    request: AuthorizationRequest,
    { session }: LiveSession,
    { interaction, context }: Visitor,
  ): Promise<boolean> {
    const hasSignedIn = interaction.signedInSessionId === session.sessionId;
    if (request.idTokenHint !== undefined) {
      const hint = await this.statuses.readIdToken(request.idTokenHint);
      if (hint === undefined) throw new OAuthError('invalid_request', 'id_token_hint is not ours');
      if (hint.sub !== session.subject) {
        if (!hasSignedIn) return true;
        throw new OAuthError('login_required', 'somebody else has signed in');
      }
    }
    if (hasSignedIn) return false;
    if (request.prompt.has('login') || request.prompt.has('select_account')) return true;
    const age = context.receivedAt - session.authTime;
    return request.maxAge !== undefined && age >= request.maxAge * 1000;
  }

  /** What the grant rests on: no consent for a first party. Undefined: the person has to be asked. */
  private async consentOf(
    request: AuthorizationRequest,
    { session }: LiveSession,
    { interaction }: Visitor,
    scope: readonly string[],
  ): Promise<{ readonly consentId: string | undefined } | undefined> {
    const { consent } = interaction;
    if (typeof consent === 'object' && consent.sessionId === session.sessionId) {
      return consent;
    }
    if (request.prompt.has('consent')) return undefined;
    const { client } = request;
    if (!mayRemember(request)) return undefined;
    if (client.firstParty) return { consentId: undefined };
    const given = await this.directory.consent(session.subject, client.clientId);
    return covers(given, scope, request.resources)
      ? { consentId: consentIdOf(session.subject, client.clientId) }
      : undefined;
  }

  private async issue(
    request: AuthorizationRequest,
    { session }: LiveSession,
    context: RequestContext,
    scope: readonly string[],
    consentId: string | undefined,
  ): Promise<IssueGrantOutcome> {
    const { client, resources, redirectUri, codeChallenge, nonce } = request;
    const { policy, absoluteLifetime } = familyPolicyFor(client, this.settings);
    const { subject, sessionId, authTime, amr } = session;
    const caller = { clientId: client.clientId, authMethod: client.metadata.authMethod };
    return this.commands.execute(
      new IssueGrant(
        {
          caller,
          subject,
          sessionId,
          scope,
          resources,
          authTime,
          amr,
          consentId,
          policy,
          absoluteLifetime,
          codeLifetime: this.settings.codeLifetime,
          code: { redirectUri, codeChallenge, nonce },
        },
        context,
      ),
    );
  }
}

function signIn(request: AuthorizationRequest): AuthorizationStep {
  if (isSilent(request)) throw new OAuthError('login_required', 'nobody is signed in');
  return { kind: 'sign_in' };
}

function isSilent({ prompt }: AuthorizationRequest): boolean {
  return prompt.has('none');
}

/**
 * A consent is remembered only where nobody else can take the client's place: it has a secret, or its
 * redirect URI is https and its own (RFC 8252, 8.6).
 */
function mayRemember({ client, redirectUri }: AuthorizationRequest): boolean {
  return client.metadata.authMethod !== 'none' || redirectUri.startsWith('https://');
}
