import { type Decision, noEvents } from '../decision.js';
import type { EventOf } from '../events/event-catalogue.js';
import type { Instant } from '../identifiers.js';
import type { AccountRole, AccountState, ProjectState } from './directory.state.js';

/** Why nothing was done about an account. */
export type AccountRefusal =
  | 'account_exists'
  | 'username_taken'
  | 'project_unavailable'
  | 'unknown_account'
  | 'account_disabled'
  | 'account_erased';

/** Nothing was done about an account. */
export interface AccountRefused {
  readonly kind: 'refused';
  readonly reason: AccountRefusal;
}

type AccountDecision<Done> = Decision<'account', Done | AccountRefused>;

/** Create an account. Its password hash and its profile are in the vault. */
export interface CreateAccount {
  readonly credentialId: string;
  readonly roles: readonly AccountRole[];
  /** HMAC of the user name under a key derived from the master key. */
  readonly usernameDigest: string;
}

/** What else decides whether an account can be created, read in the same transaction. */
export interface AccountSurroundings {
  readonly project: ProjectState | undefined;
  /** Whether another account of the project has the user name. */
  readonly isUsernameTaken: boolean;
}

/** Creates an account once, with a user name that nobody else in its project has. */
export function decideCreateAccount(
  state: AccountState | undefined,
  command: CreateAccount,
  surroundings: AccountSurroundings,
): AccountDecision<{ readonly kind: 'created' }> {
  if (state !== undefined) return refuse('account_exists');
  if (surroundings.project?.status !== 'active') return refuse('project_unavailable');
  if (surroundings.isUsernameTaken) return refuse('username_taken');
  const { credentialId, usernameDigest } = command;
  const roles = [...new Set(command.roles)].sort();
  return {
    events: [{ type: 'AccountCreated', data: { credentialId, roles, usernameDigest } }],
    outcome: { kind: 'created' },
  };
}

/** Let another password count. Its hash is in the vault. */
export interface ChangePassword {
  readonly credentialId: string;
  /** Whether everything that was signed in with the old password ends too. */
  readonly signOutEverywhere: boolean;
}

/** Lets another password of an active account count from now on. */
export function decideChangePassword(
  state: AccountState | undefined,
  command: ChangePassword,
  recordedAt: Instant,
): AccountDecision<{ readonly kind: 'changed' }> {
  const refusal = refusalOf(state);
  if (refusal !== undefined) return refuse(refusal);
  return {
    events: [
      { type: 'AccountPasswordChanged', data: { credentialId: command.credentialId } },
      ...(command.signOutEverywhere ? moved(state as AccountState, recordedAt + 1) : []),
    ],
    outcome: { kind: 'changed' },
  };
}

/** Disables an account: it cannot sign in, and all its families and sessions are void with it. */
export function decideDisableAccount(
  state: AccountState | undefined,
): AccountDecision<{ readonly kind: 'disabled' | 'already_disabled' }> {
  const refusal = refusalOf(state);
  if (refusal === 'account_disabled') return noEvents({ kind: 'already_disabled' });
  if (refusal !== undefined) return refuse(refusal);
  return { events: [{ type: 'AccountDisabled', data: {} }], outcome: { kind: 'disabled' } };
}

/** Records that an account is erased: void for good, as when it is disabled, and nobody's any more. */
export function decideEraseAccount(
  state: AccountState | undefined,
): AccountDecision<{ readonly kind: 'erased' | 'already_erased' }> {
  const refusal = refusalOf(state);
  if (refusal === 'account_erased') return noEvents({ kind: 'already_erased' });
  if (refusal === 'unknown_account') return refuse(refusal);
  return { events: [{ type: 'AccountErased', data: {} }], outcome: { kind: 'erased' } };
}

/**
 * Voids every grant and session of an account that is older than now, those of this very millisecond
 * included. The instant only ever moves forwards.
 */
export function decideSignOutEverywhere(
  state: AccountState | undefined,
  recordedAt: Instant,
): AccountDecision<{
  readonly kind: 'signed_out' | 'unchanged';
  readonly tokensNotBefore: Instant;
}> {
  const refusal = refusalOf(state);
  if (refusal !== undefined) return refuse(refusal);
  const account = state as AccountState;
  const [event] = moved(account, recordedAt + 1);
  if (event === undefined) {
    return noEvents({ kind: 'unchanged', tokensNotBefore: account.tokensNotBefore });
  }
  return { events: [event], outcome: { kind: 'signed_out', ...event.data } };
}

/** Voids what an account signed in to before an instant, which only ever moves forwards. */
export function decideMoveAccountTokensNotBefore(
  state: AccountState | undefined,
  tokensNotBefore: Instant,
): AccountDecision<{ readonly kind: 'moved' | 'unchanged' }> {
  if (state === undefined) return refuse('unknown_account');
  const events = moved(state, tokensNotBefore);
  return { events, outcome: { kind: events.length === 0 ? 'unchanged' : 'moved' } };
}

type Moved = Extract<EventOf<'account'>, { readonly type: 'AccountTokensNotBeforeMoved' }>;

function moved(state: AccountState, tokensNotBefore: Instant): Moved[] {
  if (tokensNotBefore <= state.tokensNotBefore) return [];
  return [{ type: 'AccountTokensNotBeforeMoved', data: { tokensNotBefore } }];
}

function refusalOf(state: AccountState | undefined): AccountRefusal | undefined {
  switch (state?.status) {
    case undefined:
      return 'unknown_account';
    case 'active':
      return undefined;
    case 'disabled':
      return 'account_disabled';
    case 'erased':
      return 'account_erased';
  }
}

function refuse(reason: AccountRefusal): Decision<'account', AccountRefused> {
  return noEvents({ kind: 'refused', reason });
}
