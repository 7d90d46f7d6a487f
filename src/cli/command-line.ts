import { Command, CommanderError } from 'commander';
import { CommandRefused, fail } from './failure.js';
import { requireNodeVersion } from './node-version.js';
import { PACKAGE_MANIFEST } from './package-manifest.js';
import { group, withOneLineComplaints } from './verb.js';

const AFTER_HELP = `
Settings come from the environment and from .env in the working directory, as the server reads them.
Everything works while the server runs. What is changed here is recorded as done by the operator.

Examples:
  $ token-ledger serve
  $ token-ledger account create --username ana --email ana@example.com
  $ token-ledger client create --preset spa --redirect-uri http://localhost:5173/
  $ token-ledger verify`;

/** Imports a verb and makes it. */
type MakeVerb = () => Promise<Command>;

/** Verbs about one thing, by their names. */
interface VerbGroup {
  readonly summary: string;
  readonly verbs: Readonly<Record<string, MakeVerb>>;
}

/** Everything in the order of the help. A verb is imported when it is called: some bring the whole service. */
const VERBS: Readonly<Record<string, MakeVerb | VerbGroup>> = {
  serve: async () => (await import('./serve-verb.js')).serveVerb(),
  client: {
    summary: 'applications and services that get tokens',
    verbs: {
      create: async () => (await import('./client-create.js')).clientCreateVerb(),
      list: async () => (await import('./client-list.js')).clientListVerb(),
      show: async () => (await import('./client-show.js')).clientShowVerb(),
      update: async () => (await import('./client-update.js')).clientUpdateVerb(),
      'rotate-secret': async () =>
        (await import('./client-rotate-secret.js')).clientRotateSecretVerb(),
      disable: async () => (await import('./client-disable.js')).clientDisableVerb(),
    },
  },
  account: {
    summary: 'people who sign in',
    verbs: {
      create: async () => (await import('./account-create.js')).accountCreateVerb(),
      list: async () => (await import('./account-list.js')).accountListVerb(),
      'set-password': async () =>
        (await import('./account-set-password.js')).accountSetPasswordVerb(),
      disable: async () => (await import('./account-disable.js')).accountDisableVerb(),
      erase: async () => (await import('./account-erase.js')).accountEraseVerb(),
      'sign-out-everywhere': async () =>
        (await import('./account-sign-out-everywhere.js')).accountSignOutEverywhereVerb(),
    },
  },
  family: {
    summary: 'token families',
    verbs: {
      list: async () => (await import('./family-list.js')).familyListVerb(),
      show: async () => (await import('./family-show.js')).familyShowVerb(),
      revoke: async () => (await import('./family-revoke.js')).familyRevokeVerb(),
    },
  },
  incident: {
    summary: 'suspicious presentations of tokens',
    verbs: {
      list: async () => (await import('./incident-list.js')).incidentListVerb(),
      show: async () => (await import('./incident-show.js')).incidentShowVerb(),
      judge: async () => (await import('./incident-judge.js')).incidentJudgeVerb(),
    },
  },
  revocation: {
    summary: 'many token families ended together',
    verbs: {
      list: async () => (await import('./revocation-list.js')).revocationListVerb(),
      preview: async () => (await import('./revocation-preview.js')).revocationPreviewVerb(),
      start: async () => (await import('./revocation-start.js')).revocationStartVerb(),
      show: async () => (await import('./revocation-show.js')).revocationShowVerb(),
    },
  },
  key: {
    summary: 'keys that tokens are signed with',
    verbs: {
      list: async () => (await import('./key-list.js')).keyListVerb(),
      create: async () => (await import('./key-create.js')).keyCreateVerb(),
      activate: async () => (await import('./key-activate.js')).keyActivateVerb(),
      retire: async () => (await import('./key-retire.js')).keyRetireVerb(),
    },
  },
  verify: async () => (await import('./verify.js')).verifyVerb(),
  checkpoint: {
    summary: 'signed heads of the ledger',
    verbs: {
      show: async () => (await import('./checkpoint-show.js')).checkpointShowVerb(),
    },
  },
  recover: async () => (await import('./recover.js')).recoverVerb(),
  'migrate-store': async () => (await import('./migrate-store.js')).migrateStoreVerb(),
  views: {
    summary: 'tables made from the ledger',
    verbs: {
      rebuild: async () => (await import('./views-rebuild.js')).viewsRebuildVerb(),
      status: async () => (await import('./views-status.js')).viewsStatusVerb(),
    },
  },
  replay: {
    summary: 'what was so at another time',
    verbs: {
      state: async () => (await import('./replay.js')).replayStateVerb(),
      diff: async () => (await import('./replay.js')).replayDiffVerb(),
      until: async () => (await import('./replay-until.js')).replayUntilVerb(),
    },
  },
  backtest: async () => (await import('./backtest.js')).backtestVerb(),
  bundle: {
    summary: 'evidence that proves itself',
    verbs: {
      export: async () => (await import('./bundle-export.js')).bundleExportVerb(),
    },
  },
  'verify-bundle': async () => (await import('./verify-bundle.js')).verifyBundleVerb(),
  'registration-token': async () =>
    (await import('./registration-token.js')).registrationTokenVerb(),
};

/** The command line as far as words name a verb of it; the whole of it where they name none. */
export async function tokenLedgerProgram(words: readonly string[] = []): Promise<Command> {
  const program = withOneLineComplaints(new Command('token-ledger'))
    .description('An OAuth and OpenID Connect server on an append-only ledger.')
    .version(PACKAGE_MANIFEST.version, '-V, --version', 'print the version');
  for (const [name, entry] of namedOf(VERBS, words[0])) {
    program.addCommand(await commandOf(name, entry, words[1]));
  }
  return program.helpCommand(false).addHelpText('after', AFTER_HELP);
}

async function commandOf(
  name: string,
  entry: MakeVerb | VerbGroup,
  word: string | undefined,
): Promise<Command> {
  if (typeof entry === 'function') return entry();
  const verbs: Command[] = [];
  for (const [, makeVerb] of namedOf(entry.verbs, word)) verbs.push(await makeVerb());
  return group(name, entry.summary, verbs);
}

/** What a word names; everything where it names nothing. */
function namedOf<Entry>(
  entries: Readonly<Record<string, Entry>>,
  word: string | undefined,
): [name: string, entry: Entry][] {
  const all = Object.entries(entries);
  const named = all.filter(([name]) => name === word);
  return named.length === 0 ? all : named;
}

/** Runs one command line, without the name of the program. Failures are one line and exit code 1. */
export async function runCommandLine(words: readonly string[]): Promise<void> {
  if (words[0] !== 'serve') process.stdout.on('error', endQuietly);
  try {
    // Before any verb is imported: what those import, an older Node does not have.
    requireNodeVersion();
    const program = await tokenLedgerProgram(words);
    if (words.length === 0) {
      program.outputHelp();
      return;
    }
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
