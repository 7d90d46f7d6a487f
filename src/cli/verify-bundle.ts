import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import {
  type BundleVerdict,
  type IntactBundle,
  verifyBundle,
} from '../replay/bundle/bundle.verification.js';
import { CommandRefused } from './failure.js';
import { countText, factsText, printable, printJson, printLines } from './terminal.js';
import { verb } from './verb.js';

interface Options {
  readonly key?: string;
  readonly json?: boolean;
}

/** No bundle of ours is larger, in bytes. */
const FILE_BYTES_MAX = 128 * 1024 * 1024;

/** Verifies an evidence bundle, without any ledger. */
export function verifyBundleVerb(): Command {
  return verb({
    name: 'verify-bundle',
    summary: 'verify an evidence bundle: signature, proofs, origins and the report itself',
    details: `It needs nothing but the file and the verifier key of the ledger, which is to come from whoever runs the
ledger and not from the file. Without --key it says UNPINNED and fails: then anybody can have made it.`,
    examples: [
      'token-ledger verify-bundle incident.html --key "$(cat ledger.key)"',
      'token-ledger verify-bundle incident.html --key "$(cat ledger.key)" --json',
    ],
    json: `{ kind: "verified"|"unpinned", asked, exported, events, originsAbsent, checkpoint, signedBy } or
{ kind: "refused", fault, detail, position? }`,
  })
    .argument('<file>')
    .option('--key <verifier-key>', 'what the checkpoint must be signed with: <name>+<id>+<key>')
    .action((file: string, options: Options) => verify(file, options));
}

function verify(file: string, { key, json }: Options): void {
  const verdict = verifyBundle(textOf(file), key?.trim());
  if (json === true) printJson(verdict);
  else if (verdict.kind !== 'refused') printFacts(verdict);
  if (verdict.kind === 'verified') return;
  throw new CommandRefused(refusalWords(verdict));
}

function printFacts(facts: IntactBundle): void {
  const { asked, exported, events, originsAbsent, checkpoint, signedBy } = facts;
  const isVerified = facts.kind === 'verified';
  const absent = `${countText(originsAbsent, 'origin')} erased or left out`;
  printLines(
    factsText([
      [
        'Bundle',
        isVerified ? 'verified' : 'UNPINNED: it fits together, but anybody can have made it',
      ],
      ['About', `${asked.kind} ${asked.id}`],
      ['Events', `${countText(events, 'event')}, each with its proof; ${absent}`],
      [
        'Not covered',
        exported.newer.length === 0 ? undefined : `${exported.newer.join(', ')}, as the file says`,
      ],
      ['Checkpoint', `${checkpoint.origin}, ${countText(checkpoint.size, 'event')}`],
      ['Root', checkpoint.root],
      ['Signed by', signedBy],
      ['Exported', `${exported.at} by ${exported.by}, as the file says`],
    ]),
  );
}

function refusalWords(verdict: BundleVerdict): string {
  if (verdict.kind !== 'refused') return 'UNPINNED: name the verifier key with --key';
  const { fault, detail, position } = verdict;
  const place = position === undefined ? '' : `position ${position}: `;
  return `the bundle is refused (${fault}): ${place}${printable(detail)}`;
}

/** The text of a file of a bounded size. Throws a CommandRefused for what is none. */
function textOf(file: string): string {
  let descriptor: number | undefined;
  try {
    // A pipe without a writer would be waited for.
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const status = fstatSync(descriptor);
    if (!status.isFile()) throw new CommandRefused(`${file} is no file`);
    if (status.size > FILE_BYTES_MAX) throw new CommandRefused(`${file} is larger than any bundle`);
    const bytes = readFileSync(descriptor);
    const text = bytes.toString('utf8');
    if (Buffer.from(text).equals(bytes)) return text;
    throw new CommandRefused(`${file} is no text`);
  } catch (error) {
    if (error instanceof CommandRefused) throw error;
    throw new CommandRefused(`${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
