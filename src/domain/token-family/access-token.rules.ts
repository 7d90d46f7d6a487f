import type { ClientState } from '../directory/directory.state.js';
import type { AccessTokenFacts } from '../events/field-schemas.js';
import type { RejectionReason } from '../events/token-family.events.js';
import type { Instant } from '../identifiers.js';
import type { FamilyContext } from './family.decision.js';
import type { FamilyState } from './family.state.js';

/** Milliseconds. */
const SECOND = 1000;

/** What cannot be had: a scope (RFC 6749, 5.2) or a resource (RFC 8707, 2). */
export type RequestFault = 'invalid_scope' | 'invalid_target';

/** Whom an access token is asked for. */
export interface ResourceRequest {
  /** Absolute URIs in any order; undefined or none: all that were granted. */
  readonly resources?: readonly string[] | undefined;
  /** Something that was named is malformed: refused like what is too wide, after client and token. */
  readonly fault?: RequestFault | undefined;
}

/** What an access token is asked for: both narrowed to what was granted. */
export interface AccessRequest extends ResourceRequest {
  /** In any order; undefined: all that was granted. */
  readonly scope?: readonly string[] | undefined;
}

/** What an access token will hold. */
export interface AccessTerms {
  readonly scope: readonly string[];
  readonly audience: readonly string[];
}

/** More was asked for than was granted, or something that is none. */
export interface TermsRefused {
  readonly error: RequestFault;
  readonly reason: Extract<RejectionReason, 'scope_exceeded' | 'target_exceeded'>;
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
): AccessTerms | TermsRefused {
  const { scope = state.scope, resources = [], fault } = request;
  if (fault !== undefined) return refused(fault);
  if (scope.some((token) => !state.scope.includes(token))) return refused('invalid_scope');
  if (resources.some((uri) => !state.resources.includes(uri))) return refused('invalid_target');
  const audience = resources.length === 0 ? state.resources : inOrderOf(state.resources, resources);
  return {
    scope: inOrderOf(state.scope, scope),
    audience: audience.length === 0 ? [issuer] : audience,
  };
}

function refused(error: RequestFault): TermsRefused {
  return { error, reason: error === 'invalid_scope' ? 'scope_exceeded' : 'target_exceeded' };
}

function inOrderOf(granted: readonly string[], asked: readonly string[]): readonly string[] {
  return granted.filter((one) => asked.includes(one));
}

function accessTokenLifetimeOf(client: ClientState | undefined, serviceDefault: number): number {
  return client?.metadata.policy.accessTokenLifetime ?? serviceDefault;
}

/**
 * When an access token that is issued now expires: on a whole second, as a JWT says it, and never after
 * its family. A client's own token has no such end.
 */
export function accessTokenExpiryOf(
  { absoluteExpiresAt }: Partial<Pick<FamilyState, 'absoluteExpiresAt'>>,
  context: Pick<FamilyContext, 'client' | 'recordedAt' | 'accessTokenLifetime'>,
): Instant {
  const lifetime = accessTokenLifetimeOf(context.client, context.accessTokenLifetime);
  const end = Math.ceil((context.recordedAt + lifetime) / SECOND) * SECOND;
  return absoluteExpiresAt === undefined ? end : Math.min(end, lastSecondOf(absoluteExpiresAt));
}

/**
 * Whether a family that ends then can have no more access token: none would live for a second, and in
 * whole seconds it would expire when it is issued.
 */
export function isTooLateFor(absoluteExpiresAt: Instant, now: Instant): boolean {
  return lastSecondOf(absoluteExpiresAt) - now < SECOND;
}

function lastSecondOf(instant: Instant): Instant {
  return Math.floor(instant / SECOND) * SECOND;
}

/** The facts of the next access token of a family, or of a client for itself. */
export function nextAccessToken(
  state: Pick<FamilyState, 'nextSequence'> & Partial<Pick<FamilyState, 'absoluteExpiresAt'>>,
  terms: AccessTerms,
  context: Pick<FamilyContext, 'client' | 'recordedAt' | 'accessTokenLifetime' | 'signingKeyId'>,
  senderKey?: string,
): AccessTokenFacts {
  return {
    audience: [...terms.audience],
    expiresAt: accessTokenExpiryOf(state, context),
    format: 'jwt',
    issuedAt: context.recordedAt,
    scope: [...terms.scope],
    senderKey,
    sequence: state.nextSequence,
    signingKeyId: context.signingKeyId,
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
