import type { ClientState } from '../directory/directory.state.js';
import type { AccessTokenFacts } from '../events/field-schemas.js';
import type { FamilyContext, RefusalError } from './family.decision.js';
import type { FamilyState } from './family.state.js';

/** What an access token is asked for: both narrowed to what was granted. */
export interface AccessRequest {
  /** Sorted; undefined: all that was granted. */
  readonly scope?: readonly string[] | undefined;
  /** Absolute URIs; undefined: all that were granted. */
  readonly resources?: readonly string[] | undefined;
}

/** What an access token will hold. */
export interface AccessTerms {
  readonly scope: readonly string[];
  readonly audience: readonly string[];
}

/**
 * What the request comes to under this grant: scope no wider than granted (RFC 6749, 6) and
 * resources out of those granted (RFC 8707, 2.2). Without a resource the issuer is the audience.
 */
export function accessTerms(
  state: Pick<FamilyState, 'scope' | 'resources'>,
  request: AccessRequest,
  issuer: string,
): AccessTerms | { readonly error: Extract<RefusalError, 'invalid_scope' | 'invalid_target'> } {
  const scope = request.scope ?? state.scope;
  if (scope.some((token) => !state.scope.includes(token))) return { error: 'invalid_scope' };
  const resources = request.resources ?? state.resources;
  if (resources.some((uri) => !state.resources.includes(uri))) return { error: 'invalid_target' };
  return { scope, audience: resources.length === 0 ? [issuer] : resources };
}

/** Milliseconds that an access token of this client lives. */
export function accessTokenLifetimeOf(client: ClientState | undefined, serviceDefault: number): number {
  return client?.metadata.policy.accessTokenLifetime ?? serviceDefault;
}

/** The facts of the family's next access token. It expires on a whole second, as a JWT says it. */
export function nextAccessToken(
  state: Pick<FamilyState, 'nextSequence'>,
  terms: AccessTerms,
  context: Pick<FamilyContext, 'client' | 'recordedAt' | 'accessTokenLifetime' | 'signingKeyId'>,
  senderKey?: string,
): AccessTokenFacts {
  const lifetime = accessTokenLifetimeOf(context.client, context.accessTokenLifetime);
  return {
    sequence: state.nextSequence,
    format: 'jwt',
    issuedAt: context.recordedAt,
    expiresAt: Math.ceil((context.recordedAt + lifetime) / 1000) * 1000,
    scope: [...terms.scope],
    audience: [...terms.audience],
    signingKeyId: context.signingKeyId,
    ...(senderKey === undefined ? {} : { senderKey }),
  };
}

/** Whether an ID token goes with an access token of this scope (OIDC Core, 12.2). */
export function hasIdToken(state: Pick<FamilyState, 'scope' | 'subject'>): boolean {
  return state.subject !== undefined && state.scope.includes('openid');
}
