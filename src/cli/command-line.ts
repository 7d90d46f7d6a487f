import { Command, CommanderError } from 'commander';
import { accountCreateVerb } from './account-create.js';
import { accountDisableVerb } from './account-disable.js';
import { accountEraseVerb } from './account-erase.js';
import { accountListVerb } from './account-list.js';
import { accountSetPasswordVerb } from './account-set-password.js';
import { accountSignOutEverywhereVerb } from './account-sign-out-everywhere.js';
import { backtestVerb } from './backtest.js';
import { bundleExportVerb } from './bundle-export.js';
import { checkpointShowVerb } from './checkpoint-show.js';
import { clientCreateVerb } from './client-create.js';
import { clientDisableVerb } from './client-disable.js';
import { clientListVerb } from './client-list.js';
import { clientRotateSecretVerb } from './client-rotate-secret.js';
import { clientShowVerb } from './client-show.js';
import { clientUpdateVerb } from './client-update.js';
import { packageVersion } from './environment.js';
import { CommandRefused, fail } from './failure.js';
import { familyListVerb } from './family-list.js';
import { familyRevokeVerb } from './family-revoke.js';
import { familyShowVerb } from './family-show.js';
import { incidentJudgeVerb } from './incident-judge.js';
import { incidentListVerb } from './incident-list.js';
import { incidentShowVerb } from './incident-show.js';
import { keyActivateVerb } from './key-activate.js';
import { keyCreateVerb } from './key-create.js';
import { keyListVerb } from './key-list.js';
import { keyRetireVerb } from './key-retire.js';
import { migrateStoreVerb } from './migrate-store.js';
import { recoverVerb } from './recover.js';
import { registrationTokenVerb } from './registration-token.js';
import { replayDiffVerb, replayStateVerb } from './replay.js';
import { replayUntilVerb } from './replay-until.js';
import { revocationListVerb } from './revocation-list.js';
import { revocationPreviewVerb } from './revocation-preview.js';
import { revocationShowVerb } from './revocation-show.js';
import { revocationStartVerb } from './revocation-start.js';
import { serveVerb } from './serve-verb.js';
import { group, withOneLineComplaints } from './verb.js';
import { verifyBundleVerb } from './verify-bundle.js';
import { verifyVerb } from './verify.js';
import { viewsRebuildVerb } from './views-rebuild.js';
import { viewsStatusVerb } from './views-status.js';

/** The whole command line. */
export function tokenLedgerProgram(): Command {
  const client = [
    clientCreateVerb(),
    clientListVerb(),
    clientShowVerb(),
    clientUpdateVerb(),
    clientRotateSecretVerb(),
    clientDisableVerb(),
  ];
  const account = [
    accountCreateVerb(),
    accountListVerb(),
    accountSetPasswordVerb(),
    accountDisableVerb(),
    accountEraseVerb(),
    accountSignOutEverywhereVerb(),
  ];
  const family = [familyListVerb(), familyShowVerb(), familyRevokeVerb()];
  const incident = [incidentListVerb(), incidentShowVerb(), incidentJudgeVerb()];
  const key = [keyListVerb(), keyCreateVerb(), keyActivateVerb(), keyRetireVerb()];
  const revocation = [
    revocationListVerb(),
    revocationPreviewVerb(),
    revocationStartVerb(),
    revocationShowVerb(),
  ];
  return withOneLineComplaints(new Command('token-ledger'))
    .description('An OAuth and OpenID Connect server on an append-only ledger.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .addCommand(serveVerb())
    .addCommand(group('client', 'applications and services that get tokens', client))
    .addCommand(group('account', 'people who sign in', account))
    .addCommand(group('family', 'token families', family))
    .addCommand(group('incident', 'suspicious presentations of tokens', incident))
    .addCommand(group('revocation', 'many token families ended together', revocation))
    .addCommand(group('key', 'keys that tokens are signed with', key))
    .addCommand(verifyVerb())
    .addCommand(group('checkpoint', 'signed heads of the ledger', [checkpointShowVerb()]))
    .addCommand(recoverVerb())
    .addCommand(migrateStoreVerb())
    .addCommand(
      group('views', 'tables made from the ledger', [viewsRebuildVerb(), viewsStatusVerb()]),
    )
    .addCommand(
      group('replay', 'what was so at another time', [
        replayStateVerb(),
        replayDiffVerb(),
        replayUntilVerb(),
      ]),
    )
    .addCommand(backtestVerb())
    .addCommand(group('bundle', 'evidence that proves itself', [bundleExportVerb()]))
    .addCommand(verifyBundleVerb())
    .addCommand(registrationTokenVerb())
    .helpCommand(false)
    .addHelpText(
      'after',
      `
Settings come from the environment and from .env in the working directory, as the server reads them.
Everything works while the server runs. What is changed here is recorded as done by the operator.

Examples:
  $ token-ledger serve
  $ token-ledger account create --username ana --email ana@example.com
  $ token-ledger client create --preset spa --redirect-uri http://localhost:5173/
  $ token-ledger verify`,
    );
}

/** Runs one command line, without the name of the program. Failures are one line and exit code 1. */
export async function runCommandLine(words: readonly string[]): Promise<void> {
  if (words[0] !== 'serve') process.stdout.on('error', endQuietly);
  const program = tokenLedgerProgram();
  if (words.length === 0) {
    program.outputHelp();
    return;
  }
  try {
    requireVerb(program, words);
    await program.parseAsync(withDashedIds(program, words), { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode;
    else fail(error);
  }
}

/** Throws a CommandRefused for a word that others have to follow, when it stands alone. */
function requireVerb(program: Command, words: readonly string[]): void {
  const verbs = named(program, words[0])?.commands.map((verb) => verb.name()) ?? [];
  if (words.length > 1 || verbs.length === 0) return;
  throw new CommandRefused(`token-ledger ${words[0]} needs a verb: ${verbs.join(', ')}`);
}

function named(parent: Command | undefined, name: string | undefined): Command | undefined {
  return parent?.commands.find((command) => command.name() === name);
}

/** The ids of clients and accounts have 22 characters, those of signing keys 43. */
const DASHED_ID = /^-[\w-]{21}(?:[\w-]{21})?$/;

/**
 * One id in 64 begins with a dash. It stands for itself and not for an option: it is moved behind
 * `--`.
 */
function withDashedIds(program: Command, words: readonly string[]): readonly string[] {
  const verb = named(named(program, words[0]), words[1]);
  if (verb === undefined || verb.registeredArguments.length === 0) return words;
  const isDashedId = (word: string): boolean =>
    DASHED_ID.test(word) && !verb.options.some(({ long }) => long === word);
  const ids = words.filter(isDashedId);
  if (ids.length === 0 || words.includes('--')) return words;
  return [...words.filter((word) => !isDashedId(word)), '--', ...ids];
}

/** Whoever read our output has enough of it, as `head` does. */
function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
}
