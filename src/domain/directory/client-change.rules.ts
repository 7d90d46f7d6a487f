import type { ClientMetadata } from '../events/directory.events.js';
import {
  judgeClientMetadata,
  type MetadataJudgement,
  type OperatorTerms,
} from './client-metadata.rules.js';
import type { ClientState } from './directory.state.js';

/** What becomes different about a client; what is not named here stays. */
export interface ClientChange {
  /** Members by their names in RFC 7591, 2, unvalidated; null: as if it had registered none. */
  readonly members: Readonly<Record<string, unknown>>;
  /** Overrides of the service's token policy, spans in milliseconds; unvalidated. */
  readonly policy?: OperatorTerms['policy'];
  /** Whether the overrides that it has are dropped first. */
  readonly dropsPolicy?: boolean;
  /** Whether it may introspect tokens of any audience. */
  readonly mayIntrospect?: boolean;
  /** The resource server that it is: absolute URIs, unvalidated; none: it is none. */
  readonly resources?: readonly string[];
}

const memberNames: Readonly<Record<Exclude<keyof ClientMetadata, 'policy' | 'scope'>, string>> = {
  name: 'client_name',
  applicationType: 'application_type',
  redirectUris: 'redirect_uris',
  postLogoutRedirectUris: 'post_logout_redirect_uris',
  grantTypes: 'grant_types',
  authMethod: 'token_endpoint_auth_method',
  clientUri: 'client_uri',
};

/** What a client registered, by the names of RFC 7591, 2: judged again it is the same. */
export function membersOf({
  policy: _policy,
  scope,
  ...metadata
}: ClientMetadata): Readonly<Record<string, unknown>> {
  const names = Object.keys(memberNames) as (keyof typeof memberNames)[];
  const members = names
    .filter((name) => metadata[name] !== undefined)
    .map((name) => [memberNames[name], metadata[name]] as const);
  return {
    ...Object.fromEntries(members),
    ...(scope === null ? {} : { scope: scope.join(' ') }),
  };
}

/** Judges a client's metadata as they would be after a change, by the rules of a registration. */
export function judgeClientChange(client: ClientState, change: ClientChange): MetadataJudgement {
  const { metadata, firstParty, operatorScopes } = client;
  const kept = change.dropsPolicy === true ? {} : metadata.policy;
  const members = { ...membersOf(metadata), ...change.members };
  const policy = { ...kept, ...change.policy };
  return judgeClientMetadata(members, { firstParty, operatorScopes, policy });
}
