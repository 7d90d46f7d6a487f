import { writeFileSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { BUNDLE_EVENTS_MAX, type Selection } from '../replay/bundle/bundle.evidence.js';
import {
  ExportBundle,
  type ExportedBundle,
  type NoBundle,
} from '../replay/bundle/export-bundle.query.js';
import { namedAccount } from './account-argument.js';
import { CommandRefused } from './failure.js';
import { requireId } from './id-argument.js';
import { asOperator, type Operator } from './operator.js';
import { publishedAddress } from './server-address.js';
import { countText, printJson, printLines } from './terminal.js';
import { seconds, verb } from './verb.js';

interface Options {
  readonly family?: string;
  readonly incident?: string;
  readonly account?: string;
  readonly out: string;
  readonly wait: number;
  readonly json?: boolean;
}

/** Writes all that the ledger has about one thing into a file that proves itself. */
export function bundleExportVerb(): Command {
  return verb({
    name: 'export',
    summary: 'write all evidence about a family, an incident or an account into one file',
    details: `The file is a report that any browser shows, with the events and their proofs inside. It names people's
addresses and user agents unless they were erased: give it only to who may know them. Events that no
checkpoint covers yet are waited for; a server that runs seals every few seconds.`,
    examples: [
      'token-ledger bundle export --incident 01939f0a7c1b7d3e8a4f5b6c7d8e9f01 --out incident.html',
      'token-ledger bundle export --account ana --out ana.html',
      'token-ledger verify-bundle incident.html --key "$(cat ledger.key)"',
    ],
    json: '{ file, asked: { kind, id }, events, sealedEvents, newer: [position] }',
  })
    .option('--family <id>', 'a token family, with its incidents')
    .option('--incident <id>', 'an incident, with its family')
    .option('--account <account>', 'all of one person: user name or subject')
    .requiredOption('--out <file>', 'where to write it; a file that is there is kept', path)
    .option('--wait <seconds>', 'how long to wait for a checkpoint', seconds, 15)
    .action((options: Options) => asOperator((operator) => exportBundle(operator, options)));
}

function path(text: string): string {
  if (text !== '') return text;
  throw new InvalidArgumentError('It must be the name of a file.');
}

async function exportBundle(operator: Operator, options: Options): Promise<void> {
  const asked = await selectionOf(operator, options);
  // Nobody seals while no server runs: there is nothing to wait for. A node may run anywhere.
  const { dataDirectory, postgresUrl } = operator.settings;
  const isServed = postgresUrl !== undefined || publishedAddress(dataDirectory) !== undefined;
  const patience = isServed ? options.wait * 1000 : 0;
  const terms = { patience, eventsMax: BUNDLE_EVENTS_MAX };
  const answer = await operator.query(new ExportBundle(asked, 'operator', terms));
  if (answer.kind === 'none') throw new CommandRefused(noBundleText(answer, asked));
  writeNew(options.out, answer.file);
  tell(asked, options, answer);
}

async function selectionOf(
  operator: Operator,
  { family, incident, account }: Options,
): Promise<Selection> {
  const given = [family, incident, account].filter((one) => one !== undefined);
  if (given.length !== 1) {
    throw new CommandRefused('give one of --family, --incident and --account');
  }
  if (account !== undefined) {
    return { kind: 'subject', id: (await namedAccount(operator, account)).subject };
  }
  const kind = family === undefined ? 'incident' : 'family';
  const id = given[0] ?? '';
  requireId(kind, id);
  return { kind, id };
}

/** Why there is no bundle of what was asked for, for whoever asked. */
export function noBundleText({ reason }: NoBundle, { kind, id }: Selection): string {
  if (reason === 'unknown') return 'the ledger has nothing of that id';
  if (reason === 'not_sealed') {
    return 'no checkpoint covers it yet: start the server, or wait longer (--wait)';
  }
  const eventsMax = countText(BUNDLE_EVENTS_MAX, 'event');
  const instead = {
    subject: 'export its families one by one (family list --account)',
    family: `GET /audit/events?stream=family:${id} streams them, and /ledger/ proves them`,
    incident: 'its family is too long, see token-ledger incident show',
  };
  return `it has more than the ${eventsMax} that one bundle holds: ${instead[kind]}`;
}

/** It is for its owner alone, and never in place of another file. Throws a CommandRefused. */
function writeNew(file: string, content: string): void {
  try {
    writeFileSync(file, content, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandRefused(
      code === 'EEXIST' ? `${file} is there already` : `${file} cannot be written (${code})`,
    );
  }
}

function tell(asked: Selection, { out, json }: Options, exported: ExportedBundle): void {
  const { events, sealedEvents, newer } = exported;
  if (json === true) {
    printJson({ file: out, asked, events, sealedEvents, newer });
    return;
  }
  const checkpoint = `the checkpoint over ${countText(sealedEvents, 'event')}`;
  printLines(`${countText(events, 'event')} in ${out}, proved against ${checkpoint}.`);
  if (newer.length === 0) return;
  const [are, them] = newer.length === 1 ? ['is', 'it'] : ['are', 'them'];
  printLines(
    `${countText(newer.length, 'event')} ${are} not in it, as no checkpoint covers ${them} yet.`,
  );
}
