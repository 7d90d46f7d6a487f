import type { Command } from 'commander';
import { SignOutEverywhere } from '../directory/sign-out-everywhere.handler.js';
import { namedAccount } from './account-argument.js';
import { asOperator, type Operator } from './operator.js';
import { accountRefused } from './refusals.js';
import { isoTime, printJson, printLines, timeText } from './terminal.js';
import { verb } from './verb.js';

interface Options {
  readonly json?: boolean;
}

/** Voids every session and token of an account that is older than now. */
export function accountSignOutEverywhereVerb(): Command {
  return verb({
    name: 'sign-out-everywhere',
    summary: 'end all sessions and tokens of an account; the person can sign in again',
    examples: ['token-ledger account sign-out-everywhere ana'],
    json: '{ subject, tokensNotBefore }',
  })
    .argument('<account>', 'its user name or subject')
    .action((account: string, options: Options) =>
      asOperator((operator) => signOutEverywhere(operator, account, options)),
    );
}

async function signOutEverywhere(
  operator: Operator,
  named: string,
  options: Options,
): Promise<void> {
  const { subject } = await namedAccount(operator, named);
  const outcome = await operator.execute(new SignOutEverywhere(subject, operator.attribution));
  if (outcome.kind === 'refused') throw accountRefused(outcome.reason);
  const { tokensNotBefore } = outcome;
  await operator.record('account.sign_out_everywhere', subject);
  if (options.json === true) printJson({ subject, tokensNotBefore: isoTime(tokensNotBefore) });
  else printLines(`Everything that was signed in before ${timeText(tokensNotBefore)} has ended.`);
}
