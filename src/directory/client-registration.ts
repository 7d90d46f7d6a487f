import type { OperatorTerms } from '../domain/directory/client-metadata.rules.js';

/** What a client asks to be registered with, and what it is given by whoever registers it. */
export interface ClientRegistration extends OperatorTerms {
  /** Members by their names in RFC 7591, 2; unvalidated. */
  readonly metadata: unknown;
  /** False for a client that registered itself: marked so on the consent page. */
  readonly verified: boolean;
  /** Assigned by an operator, for client_credentials. */
  readonly operatorScopes: readonly string[];
  /** Whether it may introspect tokens of any audience. */
  readonly mayIntrospect: boolean;
  /** The resource server that it is: absolute URIs, unvalidated; absent: none. */
  readonly resources?: readonly string[] | undefined;
}

/** What a client that registers itself is given: nothing that an operator would have to vouch for. */
export const SELF_REGISTERED: Omit<ClientRegistration, 'metadata'> = {
  firstParty: false,
  verified: false,
  operatorScopes: [],
  mayIntrospect: false,
};

const CODE_AND_REFRESH = {
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
};
const CLIENT_CREDENTIALS = {
  grant_types: ['client_credentials'],
  response_types: [],
  token_endpoint_auth_method: 'client_secret_basic',
};

const presets = {
  auditor: { ...CLIENT_CREDENTIALS, scope: 'audit:read' },
  machine: CLIENT_CREDENTIALS,
  native: {
    ...CODE_AND_REFRESH,
    token_endpoint_auth_method: 'none',
    application_type: 'native',
  },
  'resource-server': CLIENT_CREDENTIALS,
  spa: { ...CODE_AND_REFRESH, token_endpoint_auth_method: 'none' },
  web: { ...CODE_AND_REFRESH, token_endpoint_auth_method: 'client_secret_basic' },
} as const satisfies Record<string, Readonly<Record<string, unknown>>>;

/** A kind of client that most people need: it decides grant types and client authentication. */
export type ClientPreset = keyof typeof presets;

/** The names of the presets, for the command line. */
export const CLIENT_PRESETS = Object.keys(presets) as readonly ClientPreset[];

/** What an operator says of a client beyond its preset. */
export interface PresetChoices {
  readonly name?: string | undefined;
  readonly redirectUris?: readonly string[] | undefined;
  readonly postLogoutRedirectUris?: readonly string[] | undefined;
  /** Scopes it may ask for, separated by spaces; absent: any but operator scopes. */
  readonly scope?: string | undefined;
  readonly firstParty?: boolean | undefined;
  readonly mayIntrospect?: boolean | undefined;
  readonly resources?: readonly string[] | undefined;
  readonly policy?: OperatorTerms['policy'];
}

/** What an operator registers for a preset. An auditor is a first party with `audit:read`. */
export function presetRegistration(
  preset: ClientPreset,
  choices: PresetChoices = {},
): ClientRegistration {
  const isAuditor = preset === 'auditor';
  const { name, redirectUris, postLogoutRedirectUris, scope } = choices;
  return {
    metadata: {
      ...presets[preset],
      ...(name === undefined ? {} : { client_name: name }),
      ...(redirectUris === undefined ? {} : { redirect_uris: redirectUris }),
      ...(postLogoutRedirectUris === undefined
        ? {}
        : { post_logout_redirect_uris: postLogoutRedirectUris }),
      ...(scope === undefined ? {} : { scope }),
    },
    firstParty: isAuditor || choices.firstParty === true,
    verified: true,
    operatorScopes: isAuditor ? ['audit:read'] : [],
    mayIntrospect: choices.mayIntrospect === true,
    resources: choices.resources,
    policy: choices.policy,
  };
}
