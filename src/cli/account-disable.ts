import type { Command } from 'commander';
import { DisableAccount } from '../directory/disable-account.handler.js';
import { namedAccount } from './account-argument.js';
import { asOperator, type Operator } from './operator.js';
import { accountRefused } from './refusals.js';
import { printJson, printLines } from './terminal.js';
import { verb } from './verb.js';

interface Options {
  readonly json?: boolean;
}

/** Disables an account for good; its sessions and families are void with it. */
export function accountDisableVerb(): Command {
  return verb({
    name: 'disable',
    summary: 'let an account do nothing any more, for good; all its tokens are void with it',
    examples: [
      'token-ledger account disable ana',
      'token-ledger account disable Zq3kLw0vRr2nBc9eXy7aPg',
    ],
    json: '{ subject, outcome: "disabled"|"already_disabled" }',
  })
    .argument('<account>', 'its user name or subject')
    .action((account: string, options: Options) =>
      asOperator((operator) => disableAccount(operator, account, options)),
    );
}

async function disableAccount(operator: Operator, named: string, options: Options): Promise<void> {
  const { subject } = await namedAccount(operator, named);
  const outcome = await operator.execute(new DisableAccount(subject, operator.attribution));
  if (outcome.kind === 'refused') throw accountRefused(outcome.reason);
  await operator.record('account.disable', subject);
  if (options.json === true) printJson({ subject, outcome: outcome.kind });
  else if (outcome.kind === 'already_disabled') printLines('The account was disabled already.');
  else printLines('The account is disabled, and all its sessions and tokens are void.');
}
