import { setTimeout as wait } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Settings } from '../config/settings.js';
import { EraseAccount } from '../directory/erase-account.handler.js';
import type { Position } from '../domain/identifiers.js';
import { namedAccount } from './account-argument.js';
import { confirm } from './confirmation.js';
import { CommandRefused } from './failure.js';
import { asOperator, type Operator } from './operator.js';
import { accountRefused } from './refusals.js';
import { publishedAddress } from './server-address.js';
import { printJson, printLines } from './terminal.js';
import { verb } from './verb.js';
import { standingOf } from './views-current.js';
import { followLedger, viewsPlaceOf, viewsShelfOf } from './views-thread.js';

interface Options {
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** How long the views are waited for, and how often they are looked at, in milliseconds. */
const VIEWS_PATIENCE = 20_000;
const PAUSE = 100;

/** Forgets who somebody is, for good; what they did stays in the ledger, as nobody's. */
export function accountEraseVerb(): Command {
  return verb({
    name: 'erase',
    summary: 'forget who somebody is, for good: profile, password, addresses and user agents',
    details: `The account can do nothing any more. Its events stay, and every proof over them: what they say is
random ids. Where requests about this person came from is gone, thieves' included: export a bundle before if it
may be needed. What was cut short is completed when it is asked for again. Backups and log files are not reached.`,
    examples: [
      'token-ledger account erase ana',
      'token-ledger account erase Zq3kLw0vRr2nBc9eXy7aPg --yes',
    ],
    json: '{ subject, outcome: "erased"|"already_erased", complete }',
  })
    .argument('<account>', 'its user name or subject')
    .option('--yes', 'do not ask')
    .action((account: string, options: Options) =>
      asOperator((operator) => eraseAccount(operator, account, options)),
    );
}

async function eraseAccount(operator: Operator, named: string, options: Options): Promise<void> {
  const { subject } = await namedAccount(operator, named);
  if (options.yes !== true) await confirm(`Erase the account ${subject} for good?`);
  const outcome = await operator.execute(new EraseAccount(subject, operator.attribution));
  if (outcome.kind === 'refused') throw accountRefused(outcome.reason);
  await operator.record('account.erase', subject);
  const complete = (await viewsHaveForgotten(operator, outcome.position)) && outcome.isSettled;
  if (options.json === true) printJson({ subject, outcome: outcome.kind, complete });
  else if (complete) printLines(...erasedText(operator.settings));
  if (complete) return;
  throw new CommandRefused(
    'the account is erased, but others still read or build files that name it: ask again later',
  );
}

/** Views of other nodes are out of reach from here: each forgets with what it next reads of the ledger. */
function erasedText({ postgresUrl }: Settings): readonly string[] {
  const here = 'The account is erased: no file of the data directory names it.';
  if (postgresUrl === undefined) return [here];
  return [
    here,
    'Every other node has views of its own: one that is stopped keeps what it had until it runs again.',
  ];
}

/**
 * Whether the views were told of the erasure in time, by the server that runs or else from here, and no
 * file of theirs is left that knows more.
 */
async function viewsHaveForgotten({ settings }: Operator, position: Position): Promise<boolean> {
  const place = viewsPlaceOf(settings);
  const shelf = viewsShelfOf(place);
  const isServed = publishedAddress(settings.dataDirectory) !== undefined;
  const follower = isServed ? undefined : await followLedger(place, () => undefined);
  const deadline = performance.now() + VIEWS_PATIENCE;
  try {
    while (performance.now() < deadline) {
      await wait(PAUSE);
      const events = ((await standingOf(place)).newest?.position ?? -1) + 1;
      if (events >= position && shelf.settle()) return true;
    }
    return false;
  } finally {
    await follower?.stop();
  }
}
