import type { AccountState } from '../domain/directory/directory.state.js';
import type { Profile } from '../vault/vault.port.js';
import { type Fact, isoTime, timeText } from './terminal.js';

/** An account with what the vault still knows of its person. */
export interface KnownAccount {
  readonly account: AccountState;
  readonly profile: Profile | undefined;
}

/** An account as `--json` shows it. */
export function accountJson({ account, profile }: KnownAccount): Readonly<Record<string, unknown>> {
  const { subject, status, roles, tokensNotBefore, createdAt } = account;
  return {
    subject,
    username: profile?.username ?? null,
    email: profile?.email ?? null,
    name: profile?.name ?? null,
    roles,
    status,
    tokensNotBefore: tokensNotBefore === 0 ? null : isoTime(tokensNotBefore),
    createdAt: isoTime(createdAt),
  };
}

/** The members of `accountJson`, for the help texts. */
export const ACCOUNT_SHAPE = `{ subject, username, email, name (null: not given, or erased), roles: [],
  status: "active"|"disabled"|"erased", tokensNotBefore (null: never signed out everywhere), createdAt }`;

/** An account as people read it. */
export function accountFacts({ account, profile }: KnownAccount): Fact[] {
  return [
    ['User name', profile?.username],
    ['Subject', account.subject],
    ['E-mail', profile?.email],
    ['Name', profile?.name],
    ['Roles', account.roles.length === 0 ? 'none' : account.roles.join(', ')],
    ['Status', account.status],
    ['Created', timeText(account.createdAt)],
  ];
}
