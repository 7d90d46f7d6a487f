import type { Decision } from '../decision.js';
import { noEvents } from '../decision.js';
import type { AccessTokenFacts } from '../events/field-schemas.js';
import { nextAccessToken, type ResourceRequest } from '../token-family/access-token.rules.js';
import {
  byOf,
  type Caller,
  type FamilyContext,
  isAuthenticated,
  type RefusalError,
} from '../token-family/family.decision.js';
import type { ClientTokenState } from './directory.state.js';
import { grantableScopes, isOperatorScope, operatorAudienceOf } from './operator-scopes.rules.js';
import { SCOPE_TOKENS_MAX } from './scope.rules.js';

/** A client asks for an access token for itself (RFC 6749, 4.4). */
export interface IssueClientToken extends ResourceRequest {
  readonly caller: Caller;
  /** Undefined: the operator scopes assigned to it, else what it registered. */
  readonly scope?: readonly string[] | undefined;
}

/** What asking for a client's own token came to. */
export type ClientTokenOutcome =
  | { readonly kind: 'granted'; readonly token: AccessTokenFacts }
  | { readonly kind: 'refused'; readonly error: RefusalError };

/** Issues a client's own access token; never a refresh token (RFC 6749, 4.4.3). */
export function decideIssueClientToken(
  command: IssueClientToken,
  context: FamilyContext,
): Decision<'client_token', ClientTokenOutcome> {
  const { client } = context;
  const { caller } = command;
  const refuse = (error: RefusalError) =>
    noEvents<'client_token', ClientTokenOutcome>({ kind: 'refused', error });
  if (client === undefined || !isAuthenticated(caller, client, context.receivedAt)) {
    return refuse('invalid_client');
  }
  if (client.status !== 'active' || context.project?.status !== 'active') {
    return refuse('invalid_client');
  }
  const mayAsk = client.metadata.grantTypes.includes('client_credentials');
  if (caller.authMethod === 'none' || !mayAsk) return refuse('unauthorized_client');
  if (command.fault !== undefined) return refuse(command.fault);
  const usual = [...client.operatorScopes, ...(client.metadata.scope ?? [])];
  const requested = command.scope ?? grantableScopes(client, undefined, usual);
  const scope = grantableScopes(client, undefined, requested);
  if (scope.length !== requested.length) return refuse('invalid_scope');
  // The event has room for no more, and what a client registered is not all that it is given.
  if (scope.length > SCOPE_TOKENS_MAX) return refuse('invalid_scope');
  const audience = audienceOf(command, scope, context.issuer);
  if (audience === undefined) return refuse('invalid_target');
  const token = nextAccessToken(
    { nextSequence: 0 },
    { scope, audience },
    context,
    caller.senderKey,
  );
  return {
    events: [{ type: 'ClientTokenIssued', data: { ...byOf(caller, context), token } }],
    outcome: { kind: 'granted', token },
  };
}

/** Operator scopes count only at the operator's audience: it is implied, and nothing else fits. */
function audienceOf(
  command: IssueClientToken,
  scope: readonly string[],
  issuer: string,
): readonly string[] | undefined {
  const operator = operatorAudienceOf(issuer);
  if (scope.some((one) => isOperatorScope(one))) {
    const asked = command.resources ?? [operator];
    return asked.every((uri) => uri === operator) ? [operator] : undefined;
  }
  return command.resources === undefined || command.resources.length === 0
    ? [issuer]
    : command.resources;
}

/** Ends a client's own token before it expires (RFC 7009, 2.1). */
export function decideRevokeClientToken(
  state: ClientTokenState | undefined,
  reason: 'client_request' | 'operator_request',
): Decision<'client_token', 'revoked' | 'already_revoked' | 'unknown'> {
  if (state === undefined) return noEvents('unknown');
  if (state.revoked) return noEvents('already_revoked');
  return {
    events: [
      { type: 'AccessTokenRevoked', data: { sequence: 0, expiresAt: state.expiresAt, reason } },
    ],
    outcome: 'revoked',
  };
}
