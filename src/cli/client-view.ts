import type { ClientState } from '../domain/directory/directory.state.js';
import { type Fact, isoTime, timeText } from './terminal.js';

/** A client as `--json` shows it. */
export function clientJson(client: ClientState): Readonly<Record<string, unknown>> {
  const { metadata, registeredAt } = client;
  return {
    clientId: client.clientId,
    name: metadata.name,
    status: client.status,
    applicationType: metadata.applicationType,
    authMethod: metadata.authMethod,
    grantTypes: metadata.grantTypes,
    redirectUris: metadata.redirectUris,
    postLogoutRedirectUris: metadata.postLogoutRedirectUris ?? [],
    scope: metadata.scope,
    operatorScopes: client.operatorScopes,
    firstParty: client.firstParty,
    verified: client.verified,
    mayIntrospect: client.mayIntrospect,
    resources: client.resources,
    policy: policyJson(client),
    registeredAt: isoTime(registeredAt),
  };
}

/** The members of `clientJson`, for the help texts. */
export const CLIENT_SHAPE = `{ clientId, name, status: "active"|"disabled", applicationType: "web"|"native",
  authMethod, grantTypes: [], redirectUris: [], postLogoutRedirectUris: [],
  scope: []|null (null: any but operator scopes), operatorScopes: [], firstParty, verified,
  mayIntrospect, resources: [],
  policy: { rotation?, retryWindowSeconds?, accessTokenSeconds?, idleSeconds?, absoluteSeconds? },
  registeredAt }`;

/** A client's overrides of the service's token policy, spans in seconds as the options have them. */
function policyJson({ metadata }: ClientState): Readonly<Record<string, unknown>> {
  const { rotation, retryWindow, retryUntilUsed, accessTokenLifetime, idle, absolute } =
    metadata.policy;
  return {
    rotation,
    retryWindowSeconds: inSeconds(retryWindow),
    retryUntilUsed,
    accessTokenSeconds: inSeconds(accessTokenLifetime),
    idleSeconds: inSeconds(idle),
    absoluteSeconds: inSeconds(absolute),
  };
}

/** A client as people read it. */
export function clientFacts(client: ClientState): Fact[] {
  const { metadata } = client;
  const policy = Object.entries(policyJson(client)).filter(([, value]) => value !== undefined);
  return [
    ['Client ID', client.clientId],
    ['Name', metadata.name],
    ['Status', client.status],
    ['Kind', kindOf(client)],
    ['Authentication', metadata.authMethod],
    ['Grant types', metadata.grantTypes.join(', ')],
    ['Redirect URIs', someLines(metadata.redirectUris)],
    ['After sign-out', someLines(metadata.postLogoutRedirectUris ?? [])],
    ['Scope', metadata.scope === null ? 'any but operator scopes' : metadata.scope.join(' ')],
    ['Operator scopes', someLines(client.operatorScopes)],
    ['Resources', someLines(client.resources)],
    ['Introspection', introspectionOf(client)],
    ['Policy', someLines(policy.map(([name, value]) => `${name} ${String(value)}`))],
    ['Registered', timeText(client.registeredAt)],
  ];
}

function introspectionOf({ mayIntrospect, resources }: ClientState): string | undefined {
  if (mayIntrospect) return 'tokens of any audience';
  return resources.length === 0 ? undefined : 'tokens for its resources';
}

/** What a client is to the operator, in a few words. */
export function kindOf({ metadata, firstParty, verified, resources }: ClientState): string {
  const secrecy = metadata.authMethod === 'none' ? 'public' : 'confidential';
  const isForPeople = metadata.grantTypes.includes('authorization_code');
  return [
    isForPeople ? `${secrecy} ${metadata.applicationType}` : 'machine',
    ...(resources.length === 0 ? [] : ['resource server']),
    ...(firstParty ? ['first party'] : []),
    ...(verified ? [] : ['unverified']),
  ].join(', ');
}

function inSeconds(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : milliseconds / 1000;
}

function someLines(lines: readonly string[]): string | undefined {
  return lines.length === 0 ? undefined : lines.join('\n');
}
