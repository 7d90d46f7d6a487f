import { type Command, Option } from 'commander';
import { CreateAccount } from '../directory/create-account.handler.js';
import type { AccountRole } from '../domain/directory/directory.state.js';
import { ACCOUNT_SHAPE, accountFacts, accountJson } from './account-view.js';
import { asOperator, type Operator } from './operator.js';
import { operatorSettings } from './operator-settings.js';
import { PASSWORD_HELP, readPassword } from './password-input.js';
import { accountRefused } from './refusals.js';
import { factsText, printJson, printLines } from './terminal.js';
import { verb } from './verb.js';

interface Options {
  readonly username: string;
  readonly email?: string;
  readonly name?: string;
  readonly role?: readonly AccountRole[];
  readonly json?: boolean;
}

const ROLES = ['administrator', 'auditor', 'responder'] as const satisfies readonly AccountRole[];

const DETAILS = `${PASSWORD_HELP}

Roles, for first-party clients that ask for their scopes:
  administrator  admin, audit:read, replay:run
  auditor        audit:read
  responder      audit:read, replay:run`;

/** Creates an account for a person. */
export function accountCreateVerb(): Command {
  return verb({
    name: 'create',
    summary: 'create an account for a person; the password comes from standard input',
    details: DETAILS,
    examples: [
      'token-ledger account create --username ana --email ana@example.com --name "Ana Lima"',
      'token-ledger account create --username noor --role auditor < password.txt',
    ],
    json: ACCOUNT_SHAPE,
  })
    .requiredOption('--username <name>', 'what the person signs in with')
    .option('--email <address>', 'the e-mail address')
    .option('--name <name>', 'the name that applications are told')
    .addOption(
      new Option('--role <role...>', 'what the person may operate; repeatable').choices(ROLES),
    )
    .action(async (options: Options) => {
      // Nothing is open while a person types, and nobody types before it is known to be of use.
      operatorSettings();
      const password = await readPassword();
      await asOperator((operator) => createAccount(operator, options, password));
    });
}

async function createAccount(
  operator: Operator,
  { username, email, name, role = [], json }: Options,
  password: string,
): Promise<void> {
  const account = { username, password, roles: role, email, name };
  const outcome = await operator.execute(new CreateAccount(account, operator.attribution));
  if (outcome.kind === 'refused') throw accountRefused(outcome.reason);
  const { subject } = outcome;
  await operator.record('account.create', subject);
  const state = await operator.ledger.load('account', subject);
  if (state === undefined) throw new Error(`account ${subject} is not in the ledger`);
  const known = { account: state, profile: await operator.vault.profile(subject) };
  if (json === true) printJson(accountJson(known));
  else printLines('The account exists.', '', factsText(accountFacts(known)));
}
