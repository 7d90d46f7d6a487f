import { PASSWORD_BYTES_MAX } from '../config/password-limits.js';
import type { AccountRefusal } from '../domain/directory/account.decider.js';
import { type AccountFault, PASSWORD_CHARACTERS_MIN } from '../domain/directory/account.rules.js';
import type { ClientRefusal } from '../domain/directory/client.decider.js';
import type { SigningKeyRefusal } from '../domain/directory/signing-key.decider.js';
import { CommandRefused } from './failure.js';

const accountWords: Readonly<Record<AccountRefusal | AccountFault, string>> = {
  account_exists: 'the account exists already',
  account_disabled: 'the account is disabled',
  account_erased: 'the account was erased',
  email_invalid: '--email must be an e-mail address',
  name_invalid: '--name must be readable text of at most 200 characters',
  password_too_long: `the password must have at most ${PASSWORD_BYTES_MAX} bytes`,
  password_too_short: `the password must have at least ${PASSWORD_CHARACTERS_MIN} characters`,
  project_unavailable: 'the first start was not completed: start the server first',
  unknown_account: 'there is no such account',
  username_invalid: '--username must be readable text of at most 128 characters',
  username_taken: 'the user name is taken',
};

const clientWords: Readonly<Record<ClientRefusal, string>> = {
  already_registered: 'the client is registered already',
  authentication_changed: 'a client cannot change whether it has a secret',
  client_disabled: 'the client is disabled',
  operator_scope_refused: 'operator scopes are only for first-party clients',
  project_unavailable: accountWords.project_unavailable,
  public_client: 'the client is public: it has no secret',
  resource_refused:
    '--resource needs a client with a secret, and absolute URIs that tokens may be asked for',
  secret_mismatch: 'a client has a secret exactly when it is confidential',
  unknown_client: 'there is no such client',
};

const signingKeyWords: Readonly<Record<SigningKeyRefusal, string>> = {
  key_exists: 'the key exists already',
  key_in_use: 'new tokens are signed with this key: let another one sign first',
  key_retired: 'the key is retired for good: create another one',
  unknown_key: 'there is no such key',
};

/** What an operator is told when nothing was done about an account. */
export function accountRefused(reason: AccountRefusal | AccountFault): CommandRefused {
  return new CommandRefused(accountWords[reason]);
}

/** What an operator is told when nothing was done about a client. */
export function clientRefused(reason: ClientRefusal): CommandRefused {
  return new CommandRefused(clientWords[reason]);
}

/** What an operator is told when nothing was done about a signing key. */
export function signingKeyRefused(reason: SigningKeyRefusal): CommandRefused {
  return new CommandRefused(signingKeyWords[reason]);
}

const optionOfMember: Readonly<Record<string, string>> = {
  redirect_uris: '--redirect-uri',
  post_logout_redirect_uris: '--post-logout-redirect-uri',
  client_name: '--name',
  scope: '--scope',
};
const optionOfSpan: Readonly<Record<string, string>> = {
  retryWindow: '--retry-window-seconds',
  accessTokenLifetime: '--access-token-seconds',
  idle: '--idle-seconds',
  absolute: '--absolute-seconds',
};
const SPAN_FAULT = /^policy\.(\w+) must be between (\d+) and (\d+) milliseconds$/;

/** What an operator is told when a client's metadata were refused, in the words of the options. */
export function metadataRefusal(description: string): CommandRefused {
  const [, span = '', least, most] = SPAN_FAULT.exec(description) ?? [];
  const option = optionOfSpan[span];
  if (option !== undefined) {
    const bounds = `${Number(least) / 1000} and ${Number(most) / 1000}`;
    return new CommandRefused(`${option} must be between ${bounds}`);
  }
  if (description.startsWith('policy.rotation')) {
    return new CommandRefused('--rotation fixed needs a client with a secret');
  }
  const member = /^\w+/.exec(description)?.[0] ?? '';
  const named = optionOfMember[member] ?? member;
  return new CommandRefused(`${named}${description.slice(member.length)}`);
}

/** What an operator is told whose span of time ends before it begins. */
export function spanReversed(): CommandRefused {
  return new CommandRefused('--from must not be later than --to');
}
