import type { ClientState } from '../directory/directory.state.js';
import type { AccessTokenFacts } from '../events/field-schemas.js';
import type { Instant } from '../identifiers.js';
import type { FamilyContext, RefusalError } from './family.decision.js';
import type { FamilyState } from './family.state.js';

/** What an access token is asked for: both narrowed to what was granted. */
export interface AccessRequest {
  /** In any order; undefined: all that was granted. */
  readonly scope?: readonly string[] | undefined;
  /** Absolute URIs in any order; undefined or none: all that were granted. */
  readonly resources?: readonly string[] | undefined;
}

/** What an access token will hold. */
export interface AccessTerms {
  readonly scope: readonly string[];
  readonly audience: readonly string[];
}

/**
 * What the request comes to under this grant: scope no wider than granted (RFC 6749, 6) and
 * resources out of those granted (RFC 8707, 2.2), each once and in the order of the grant, so that
 * the same request in another order is the same request. Without a resource the issuer is the audience.
 */
export function accessTerms(
  state: Pick<FamilyState, 'scope' | 'resources'>,
  request: AccessRequest,
  issuer: string,
): AccessTerms | { readonly error: Extract<RefusalError, 'invalid_scope' | 'invalid_target'> } {
  const { scope = state.scope, resources = [] } = request;
  if (scope.some((token) => !state.scope.includes(token))) return { error: 'invalid_scope' };
  if (resources.some((uri) => !state.resources.includes(uri))) return { error: 'invalid_target' };
  const audience = resources.length === 0 ? state.resources : inOrderOf(state.resources, resources);
  return {
    scope: inOrderOf(state.scope, scope),
    audience: audience.length === 0 ? [issuer] : audience,
  };
}

function inOrderOf(granted: readonly string[], asked: readonly string[]): readonly string[] {
  return granted.filter((one) => asked.includes(one));
}

function accessTokenLifetimeOf(client: ClientState | undefined, serviceDefault: number): number {
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

/** When a refresh token that is issued now expires unless it is used, or its family does first. */
export function idleExpiryOf(
  state: Pick<FamilyState, 'policy' | 'absoluteExpiresAt'>,
  context: Pick<FamilyContext, 'recordedAt'>,
): Instant {
  return Math.min(context.recordedAt + state.policy.idle, state.absoluteExpiresAt);
}

/** Whether an ID token goes with an access token of this scope (OIDC Core, 12.2). */
export function hasIdToken(state: Pick<FamilyState, 'scope' | 'subject'>): boolean {
  return state.subject !== undefined && state.scope.includes('openid');
}
