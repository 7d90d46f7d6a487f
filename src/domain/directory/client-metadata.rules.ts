import { z } from 'zod';
import { type ClientMetadata, clientPolicy } from '../events/directory.events.js';
import { authMethod } from '../events/field-schemas.js';
import { isOperatorScope } from './operator-scopes.rules.js';
import { isHomePage, redirectUriFault } from './redirect-uri.rules.js';
import { parseScope, SCOPE_TOKENS_MAX } from './scope.rules.js';

/** Why a registration was refused (RFC 7591, 3.2.2). The description names the member, never a value. */
export interface MetadataRefusal {
  readonly error: 'invalid_redirect_uri' | 'invalid_client_metadata';
  readonly description: string;
}

/** A refusal, or the metadata to register. */
export type MetadataJudgement = { readonly metadata: ClientMetadata } | MetadataRefusal;

/** What only an operator can ask for; a client that registers itself has none of it. */
export interface OperatorTerms {
  /** Only a first-party client may name operator scopes. */
  readonly firstParty: boolean;
  /** Assigned to it beside what it registers. */
  readonly operatorScopes?: readonly string[] | undefined;
  /** Overrides of the service's token policy, spans in milliseconds; unvalidated. */
  readonly policy?: Readonly<Record<string, unknown>> | undefined;
}

/** The name of a client that registered none. */
export const UNNAMED_CLIENT = 'Unnamed client';

const NAME_CHARACTERS_MAX = 200;
const REDIRECT_URIS_MAX = 32;
const DECADE = 315_360_000_000;
/** The least and the most that an operator may set, in milliseconds: the same as for the service. */
const policyBounds = [
  ['retryWindow', 0, 60_000],
  ['accessTokenLifetime', 10_000, 86_400_000],
  ['idle', 60_000, DECADE],
  ['absolute', 60_000, DECADE],
] as const;

/** Control characters, line separators, and marks that reorder the text around them (UTR 36, 2.10). */
const UNPRINTABLE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;

const textList = z.array(z.string()).max(REDIRECT_URIS_MAX);
/** The members that are understood; every other one is ignored (RFC 7591, 2). */
const wireMetadata = z.object({
  redirect_uris: textList.nullish(),
  post_logout_redirect_uris: textList.nullish(),
  grant_types: z
    .array(z.enum(['authorization_code', 'refresh_token', 'client_credentials']))
    .nullish(),
  response_types: z.array(z.literal('code')).nullish(),
  token_endpoint_auth_method: authMethod.nullish(),
  application_type: z.enum(['web', 'native']).nullish(),
  scope: z.string().nullish(),
  client_name: z.string().nullish(),
  client_uri: z.string().nullish(),
});

/**
 * Judges client metadata as it came over the wire (RFC 7591, 2; OIDC RP-Initiated Logout, 3.1), with
 * RFC 7591's defaults: a web application, `authorization_code`, `client_secret_basic`.
 * Attacker-controlled when self-registered.
 */
export function judgeClientMetadata(requested: unknown, terms: OperatorTerms): MetadataJudgement {
  const parsed = wireMetadata.safeParse(requested);
  if (!parsed.success) return unreadable(parsed.error.issues[0]?.path[0]);
  const wire = parsed.data;
  const scope = typeof wire.scope === 'string' ? parseScope(wire.scope) : null;
  if (scope === undefined) return invalid('scope must be a list of at most 64 scope tokens');
  const policy = clientPolicy.strict().safeParse(terms.policy ?? {});
  if (!policy.success) return invalid(`policy.${nameOf(policy.error)} is not supported as given`);
  const name = wire.client_name?.trim() ?? '';
  const postLogoutRedirectUris = [...new Set(wire.post_logout_redirect_uris ?? [])];
  const metadata: ClientMetadata = {
    name: name === '' ? UNNAMED_CLIENT : name,
    applicationType: wire.application_type ?? 'web',
    redirectUris: [...new Set(wire.redirect_uris ?? [])],
    ...(postLogoutRedirectUris.length === 0 ? {} : { postLogoutRedirectUris }),
    grantTypes: [...new Set(wire.grant_types ?? (['authorization_code'] as const))],
    authMethod: wire.token_endpoint_auth_method ?? 'client_secret_basic',
    scope,
    ...(typeof wire.client_uri === 'string' ? { clientUri: wire.client_uri } : {}),
    policy: policy.data,
  };
  for (const fault of faults) {
    const refusal = fault(metadata, terms);
    if (refusal !== undefined) return refusal;
  }
  return responseFault(metadata, wire.response_types) ?? policyFault(metadata) ?? { metadata };
}

type Fault = (metadata: ClientMetadata, terms: OperatorTerms) => MetadataRefusal | undefined;

const grantFault: Fault = ({ grantTypes, authMethod }) => {
  if (grantTypes.length === 0) return invalid('grant_types must name at least one grant type');
  if (grantTypes.includes('refresh_token') && !grantTypes.includes('authorization_code')) {
    return invalid('grant_types must have authorization_code where it has refresh_token');
  }
  return grantTypes.includes('client_credentials') && authMethod === 'none'
    ? invalid('grant_types may have client_credentials only for a client with a secret')
    : undefined;
};

const redirectFault: Fault = ({ redirectUris, applicationType, grantTypes }) => {
  if (grantTypes.includes('authorization_code') && redirectUris.length === 0) {
    return invalidRedirectUri('redirect_uris must have at least one URI');
  }
  const fault = firstUriFault(redirectUris, applicationType);
  return fault === undefined ? undefined : invalidRedirectUri(`a redirect URI ${fault}`);
};

const postLogoutFault: Fault = ({ postLogoutRedirectUris = [], applicationType }) => {
  const fault = firstUriFault(postLogoutRedirectUris, applicationType);
  return fault === undefined ? undefined : invalid(`a post-logout redirect URI ${fault}`);
};

function firstUriFault(
  uris: readonly string[],
  applicationType: ClientMetadata['applicationType'],
): string | undefined {
  return uris
    .map((uri) => redirectUriFault(uri, applicationType))
    .find((fault) => fault !== undefined);
}

const scopeFault: Fault = ({ scope }, { firstParty, operatorScopes = [] }) => {
  const operator = scope?.find(isOperatorScope);
  if (operator !== undefined && !firstParty) {
    return invalid(`scope may have ${operator} only for a first-party client`);
  }
  // A client that names no scope gets all of them in one access token.
  return new Set([...(scope ?? []), ...operatorScopes]).size > SCOPE_TOKENS_MAX
    ? invalid(`scope must have at most ${SCOPE_TOKENS_MAX} scope tokens with those assigned to it`)
    : undefined;
};

const nameFault: Fault = ({ name }) => {
  if (name.length > NAME_CHARACTERS_MAX) {
    return invalid(`client_name must have at most ${NAME_CHARACTERS_MAX} characters`);
  }
  return name.isWellFormed() && VISIBLE.test(name) && !UNPRINTABLE.test(name)
    ? undefined
    : invalid('client_name must be readable text without control characters');
};

const homePageFault: Fault = ({ clientUri }) =>
  clientUri === undefined || isHomePage(clientUri)
    ? undefined
    : invalid('client_uri must be an https URL');

const faults: readonly Fault[] = [
  grantFault,
  redirectFault,
  postLogoutFault,
  scopeFault,
  nameFault,
  homePageFault,
];

/** RFC 7591, 2.1: `code` goes with `authorization_code`, and neither without the other. */
function responseFault(
  { grantTypes }: ClientMetadata,
  responseTypes: readonly 'code'[] | null | undefined,
): MetadataRefusal | undefined {
  if (responseTypes === undefined || responseTypes === null) return undefined;
  return responseTypes.includes('code') === grantTypes.includes('authorization_code')
    ? undefined
    : invalid('response_types must be ["code"] exactly when grant_types has authorization_code');
}

function policyFault({ policy, authMethod }: ClientMetadata): MetadataRefusal | undefined {
  const isPublic = authMethod === 'none';
  if (isPublic && (policy.rotation === 'fixed' || policy.retryUntilUsed === true)) {
    return invalid('policy.rotation fixed and policy.retryUntilUsed need a client with a secret');
  }
  for (const [name, least, most] of policyBounds) {
    const span = policy[name];
    if (span !== undefined && (span < least || span > most)) {
      return invalid(`policy.${name} must be between ${least} and ${most} milliseconds`);
    }
  }
  return undefined;
}

function unreadable(member: PropertyKey | undefined): MetadataRefusal {
  if (member === undefined) return invalid('the metadata must be a JSON object');
  const description = `${String(member)} is not supported as given`;
  return member === 'redirect_uris' ? invalidRedirectUri(description) : invalid(description);
}

function nameOf(error: z.ZodError): string {
  const issue = error.issues[0] as z.core.$ZodIssue;
  return String(issue.code === 'unrecognized_keys' ? issue.keys[0] : issue.path[0]);
}

function invalid(description: string): MetadataRefusal {
  return { error: 'invalid_client_metadata', description };
}

function invalidRedirectUri(description: string): MetadataRefusal {
  return { error: 'invalid_redirect_uri', description };
}
