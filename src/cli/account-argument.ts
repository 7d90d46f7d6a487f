import { DirectoryReader } from '../directory/directory.reader.js';
import type { AccountState } from '../domain/directory/directory.state.js';
import type { Operator } from './operator.js';
import { accountRefused } from './refusals.js';

/** The account that a subject or a user name stands for. Throws a CommandRefused when there is none. */
export async function namedAccount(operator: Operator, text: string): Promise<AccountState> {
  const directory = operator.get(DirectoryReader);
  const account = (await directory.account(text)) ?? (await directory.accountByUsername(text));
  if (account === undefined) throw accountRefused('unknown_account');
  return account;
}
