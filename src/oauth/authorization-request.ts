import { isRegisteredRedirectUri } from '../domain/directory/redirect-uri.rules.js';
import {
  grantableScopes,
  isOperatorScope,
  operatorAudienceOf,
} from '../domain/directory/operator-scopes.rules.js';
import type { AccountState, ClientState } from '../domain/directory/directory.state.js';
import type { ResourceRules } from '../domain/directory/resource.rules.js';
import { OAuthError } from './oauth.error.js';
import type { Parameters } from './parameters.js';
import { requestedResources, requestedScope } from './request-parameters.js';

/** An authorization request whose client and redirect URI are known to belong together. */
export interface AuthorizationRequest {
  readonly client: ClientState;
  readonly redirectUri: string;
  readonly state?: string | undefined;
  /** As asked for, sorted; what is granted depends on the account too. */
  readonly scope: readonly string[];
  readonly resources: readonly string[];
  readonly codeChallenge: string;
  readonly nonce?: string | undefined;
  readonly prompt: ReadonlySet<string>;
  /** Seconds. */
  readonly maxAge?: number | undefined;
  readonly idTokenHint?: string | undefined;
}

/** Where answers to a request go, errors included. */
export interface RedirectTarget {
  readonly client: ClientState;
  readonly redirectUri: string;
}

const CHALLENGE = /^[A-Za-z0-9_-]{43}$/;
const PROMPTS = new Set(['none', 'login', 'consent', 'select_account']);
const NONCE_CHARACTERS_MAX = 512;

/**
 * Where to answer. Throws an OAuthError to be shown to the person and never redirected: the client or
 * the redirect URI is unknown, or stands twice (RFC 6749, 4.1.2.1).
 */
export function redirectTargetOf(
  parameters: Parameters,
  client: ClientState | undefined,
): RedirectTarget {
  for (const name of ['client_id', 'redirect_uri']) {
    if (parameters.repeated.has(name)) {
      throw new OAuthError('invalid_request', `${name} is repeated`);
    }
  }
  const mayAuthorize = client?.metadata.grantTypes.includes('authorization_code') === true;
  if (client?.status !== 'active' || !mayAuthorize) {
    throw new OAuthError('invalid_request', 'the application is not known here', { status: 400 });
  }
  const redirectUri = parameters.get('redirect_uri');
  if (redirectUri === undefined || !isRegisteredRedirectUri(client.metadata, redirectUri)) {
    throw new OAuthError(
      'invalid_request',
      'the redirect URI is not registered by the application',
    );
  }
  return { client, redirectUri };
}

/** Reads the rest of a request. Throws an OAuthError that goes to the redirect URI. */
export function readAuthorizationRequest(
  parameters: Parameters,
  target: RedirectTarget,
  rules: ResourceRules,
): AuthorizationRequest {
  if (parameters.repeated.size > 0) throw invalid('a parameter is repeated');
  refuseUnsupported(parameters);
  const scope = requestedScope(parameters);
  if (scope === undefined) throw new OAuthError('invalid_scope', 'scope is missing');
  const operator = scope.some((one) => isOperatorScope(one))
    ? [operatorAudienceOf(rules.issuer)]
    : [];
  const resources = requestedResources(parameters, rules) ?? operator;
  if (operator.length > 0 && resources.some((uri) => !operator.includes(uri))) {
    // Whoever else is an audience could present the token here (RFC 9068, 5).
    throw new OAuthError('invalid_target', 'operator scopes are for the operator audience alone');
  }
  const nonce = parameters.get('nonce');
  if (nonce !== undefined && nonce.length > NONCE_CHARACTERS_MAX)
    throw invalid('nonce is too long');
  return {
    ...target,
    state: parameters.get('state'),
    scope,
    resources,
    codeChallenge: codeChallengeOf(parameters),
    nonce,
    prompt: promptOf(parameters),
    maxAge: maxAgeOf(parameters),
    idTokenHint: parameters.get('id_token_hint'),
  };
}

/** The scope that this account can grant of what was asked. Throws `invalid_scope` when nothing is left. */
export function grantedScopeOf(request: AuthorizationRequest, account: AccountState): string[] {
  const scope = grantableScopes(request.client, account, request.scope);
  if (scope.length === 0) throw new OAuthError('invalid_scope', 'none of the scope can be granted');
  return scope;
}

function refuseUnsupported(parameters: Parameters): void {
  if (parameters.get('request') !== undefined) {
    throw new OAuthError('request_not_supported', 'request objects are not supported');
  }
  if (parameters.get('request_uri') !== undefined) {
    throw new OAuthError('request_uri_not_supported', 'request objects are not supported');
  }
  const responseType = parameters.get('response_type');
  if (responseType === undefined) throw invalid('response_type is missing');
  if (responseType !== 'code') {
    throw new OAuthError('unsupported_response_type', 'response_type must be code');
  }
  if ((parameters.get('response_mode') ?? 'query') !== 'query') {
    throw invalid('response_mode must be query');
  }
}

/** RFC 7636, 4.3; RFC 9700, 2.1.1: for every client, and never `plain`. */
function codeChallengeOf(parameters: Parameters): string {
  const challenge = parameters.get('code_challenge');
  if (challenge === undefined) throw invalid('code_challenge is missing: PKCE is required');
  if (parameters.get('code_challenge_method') !== 'S256') {
    throw invalid('code_challenge_method must be S256');
  }
  if (!CHALLENGE.test(challenge)) throw invalid('code_challenge is malformed');
  return challenge;
}

function promptOf(parameters: Parameters): ReadonlySet<string> {
  const prompt = new Set((parameters.get('prompt') ?? '').split(' ').filter((one) => one !== ''));
  if ([...prompt].some((one) => !PROMPTS.has(one))) throw invalid('prompt is not supported');
  if (prompt.has('none') && prompt.size > 1) throw invalid('prompt none stands alone');
  return prompt;
}

function maxAgeOf(parameters: Parameters): number | undefined {
  const text = parameters.get('max_age');
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw invalid('max_age must be a number of seconds');
  return Number(text);
}

function invalid(description: string): OAuthError {
  return new OAuthError('invalid_request', description);
}
