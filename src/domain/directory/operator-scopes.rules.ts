import type { AccountRole, AccountState, ClientState } from './directory.state.js';

/** The scopes that reach other people's tokens. Everything else is the resource servers' business. */
export const OPERATOR_SCOPES = ['admin', 'audit:read', 'replay:run'] as const;

/** A scope that reaches other people's tokens. */
export type OperatorScope = (typeof OPERATOR_SCOPES)[number];

const scopesOfRole: Readonly<Record<AccountRole, readonly OperatorScope[]>> = {
  administrator: OPERATOR_SCOPES,
  auditor: ['audit:read'],
  responder: ['audit:read', 'replay:run'],
};

/** Whether a scope is one of the operator scopes. */
export function isOperatorScope(scope: string): scope is OperatorScope {
  return (OPERATOR_SCOPES as readonly string[]).includes(scope);
}

/** The operator scopes that an account's roles allow it to pass on. */
export function operatorScopesOf(account: Pick<AccountState, 'roles'>): readonly OperatorScope[] {
  return OPERATOR_SCOPES.filter((scope) =>
    account.roles.some((role) => scopesOfRole[role].includes(scope)),
  );
}

/** The audience that an access token needs for its operator scopes to count. */
export function operatorAudienceOf(issuer: string): string {
  return `${issuer}/admin`;
}

/**
 * Which of the requested scopes this client may be granted, each once and sorted: for an account, or
 * for itself when `account` is absent (client_credentials). A scope that is left out is refused or
 * ignored, as the caller's RFC says.
 */
export function grantableScopes(
  client: ClientState,
  account: Pick<AccountState, 'roles'> | undefined,
  requested: readonly string[],
): string[] {
  const granted = [...new Set(requested)].filter((scope) => {
    if (isOperatorScope(scope)) return mayOperate(client, account, scope);
    if (client.metadata.scope !== null && !client.metadata.scope.includes(scope)) return false;
    if (scope === 'openid') return account !== undefined;
    if (scope !== 'offline_access') return true;
    return account !== undefined && client.metadata.grantTypes.includes('refresh_token');
  });
  return granted.sort();
}

function mayOperate(
  client: ClientState,
  account: Pick<AccountState, 'roles'> | undefined,
  scope: OperatorScope,
): boolean {
  if (!client.firstParty) return false;
  if (account === undefined) return client.operatorScopes.includes(scope);
  const asksForIt = client.metadata.scope?.includes(scope) === true;
  return asksForIt && operatorScopesOf(account).includes(scope);
}
