import type { Command } from 'commander';
import { ChangePassword } from '../directory/change-password.handler.js';
import { namedAccount } from './account-argument.js';
import { asOperator, type Operator } from './operator.js';
import { operatorSettings } from './operator-settings.js';
import { PASSWORD_HELP, readPassword } from './password-input.js';
import { accountRefused } from './refusals.js';
import { printJson, printLines } from './terminal.js';
import { verb } from './verb.js';

interface Options {
  readonly keepSessions?: boolean;
  readonly json?: boolean;
}

/** Gives an account another password, as for one that was lost; its sessions and tokens end with it. */
export function accountSetPasswordVerb(): Command {
  return verb({
    name: 'set-password',
    summary: 'give an account another password, and end all its sessions and tokens',
    details: PASSWORD_HELP,
    examples: [
      'token-ledger account set-password admin',
      'token-ledger account set-password ana --keep-sessions < password.txt',
    ],
    json: '{ subject, signedOutEverywhere }',
  })
    .argument('<account>', 'its user name or subject')
    .option('--keep-sessions', 'what is signed in stays signed in')
    .action(async (account: string, options: Options) => {
      // Nothing is open while a person types, and nobody types before it is known to be of use.
      operatorSettings();
      const password = await readPassword();
      await asOperator((operator) => setPassword(operator, account, password, options));
    });
}

async function setPassword(
  operator: Operator,
  named: string,
  password: string,
  { keepSessions, json }: Options,
): Promise<void> {
  const { subject } = await namedAccount(operator, named);
  const signedOutEverywhere = keepSessions !== true;
  const change = { password, signOutEverywhere: signedOutEverywhere };
  const outcome = await operator.execute(new ChangePassword(subject, change, operator.attribution));
  if (outcome.kind === 'refused') throw accountRefused(outcome.reason);
  await operator.record('account.set_password', subject);
  if (json === true) printJson({ subject, signedOutEverywhere });
  else if (signedOutEverywhere)
    printLines('The password is changed, and all sessions and tokens of the account have ended.');
  else printLines('The password is changed; what is signed in stays signed in.');
}
