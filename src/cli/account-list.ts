import type { Command } from 'commander';
import { statesOfKind } from '../directory/stream-states.reader.js';
import type { AccountState } from '../domain/directory/directory.state.js';
import { ACCOUNT_SHAPE, accountJson } from './account-view.js';
import { asOperator, type Operator } from './operator.js';
import { countText, printJson, printLines, tableText, timeText } from './terminal.js';
import { verb } from './verb.js';

interface Options {
  readonly json?: boolean;
}

/** Lists all accounts, disabled and erased ones included. */
export function accountListVerb(): Command {
  return verb({
    name: 'list',
    summary: 'list all accounts, oldest first',
    examples: [
      'token-ledger account list',
      `token-ledger account list --json | jq -r '.[] | select(.roles != []).username'`,
    ],
    json: `an array of ${ACCOUNT_SHAPE}`,
  }).action((options: Options) => asOperator((operator) => listAccounts(operator, options)));
}

async function listAccounts({ ledger, vault }: Operator, options: Options): Promise<void> {
  const accounts: AccountState[] = [];
  for await (const account of statesOfKind(ledger, 'account')) accounts.push(account);
  accounts.sort((one, other) => one.createdAt - other.createdAt);
  const profiles = await vault.profiles(accounts.map(({ subject }) => subject));
  const known = accounts.map((account) => ({ account, profile: profiles.get(account.subject) }));
  if (options.json === true) {
    printJson(known.map(accountJson));
    return;
  }
  const rows = known.map(({ account, profile }) => [
    profile?.username ?? '(erased)',
    account.subject,
    profile?.email ?? '',
    account.roles.join('\n'),
    account.status,
    timeText(account.createdAt),
  ]);
  const head = ['User name', 'Subject', 'E-mail', 'Roles', 'Status', 'Created'];
  printLines(tableText(head, rows), countText(accounts.length, 'account'));
}
