import { type Command, InvalidArgumentError } from 'commander';
import { streamParameter } from '../access/ledger-parameters.js';
import { type At, momentText, type NoSuchMoment } from '../access/moment.js';
import type { StreamId } from '../domain/identifiers.js';
import type { ReplayedDifference } from '../replay/difference.answer.js';
import type { NoRange } from '../replay/backtest-range.reader.js';
import { ReplayDifference } from '../replay/replay-difference.query.js';
import { ReplayState } from '../replay/replay-state.query.js';
import type { ReplayedMoment } from '../replay/replayed-moment.answer.js';
import type { ReplayedState } from '../replay/state.answer.js';
import { CommandRefused } from './failure.js';
import { asOperator, type Operator } from './operator.js';
import { spanReversed } from './refusals.js';
import { memberRows, memberText } from './state-text.js';
import { countText, factsText, printJson, printLines, tableText } from './terminal.js';
import { verb } from './verb.js';

interface StateOptions {
  readonly at?: At;
  readonly json?: boolean;
}

interface DifferenceOptions {
  readonly from: At;
  readonly to?: At;
  readonly json?: boolean;
}

/** Shows what a stream was at a moment. */
export function replayStateVerb(): Command {
  return verb({
    name: 'state',
    summary: 'show what a token family, a client, an account or any stream was at a moment',
    examples: [
      'token-ledger replay state family:01939f0a7c1b7d3e8a4f5b6c7d8e9f00 --at 2026-11-21T02:14:07Z',
      `token-ledger replay state client:wYb0yqP5TRe9o5nCkXh1dA --at 1204 --json | jq .state`,
    ],
    json: '{ stream, asOf, version, last, state }, as GET /replay/state has it',
  })
    .argument('<stream>', '<kind>:<id>', stream)
    .option('--at <moment>', 'a time (RFC 3339) or a position; now when absent', moment)
    .action((streamId: StreamId, options: StateOptions) =>
      asOperator((operator) => showState(operator, streamId, options)),
    );
}

/** Shows how a stream changed between two moments, and which events changed it. */
export function replayDiffVerb(): Command {
  return verb({
    name: 'diff',
    summary: 'show how a stream changed between two moments, and which event changed what',
    examples: [
      'token-ledger replay diff family:01939f0a7c1b7d3e8a4f5b6c7d8e9f00 --from 1100 --to 1204',
      'token-ledger replay diff client:wYb0yqP5TRe9o5nCkXh1dA --from 2026-11-21T02:00:00Z --json',
    ],
    json: '{ stream, from, to, net, steps, stepsOmitted }, as GET /replay/difference has it',
  })
    .argument('<stream>', '<kind>:<id>', stream)
    .requiredOption('--from <moment>', 'a time (RFC 3339) or a position', moment)
    .option('--to <moment>', 'a time (RFC 3339) or a position; now when absent', moment)
    .action((streamId: StreamId, options: DifferenceOptions) =>
      asOperator((operator) => showDifference(operator, streamId, options)),
    );
}

/** Reads an option that is a moment of the ledger. */
export function moment(text: string): At {
  const at = momentText(text);
  if (at !== undefined) return at;
  throw new InvalidArgumentError('It must be an RFC 3339 time or a position.');
}

/** Why the ledger has no such moment, for whoever typed it. */
export function noSuchMoment({ reason }: NoSuchMoment): CommandRefused {
  return new CommandRefused(noMomentWords[reason]);
}

/** Why there is no such span, for whoever typed it. */
export function noRange(none: NoRange): CommandRefused {
  return none.kind === 'backwards' ? spanReversed() : noSuchMoment(none);
}

const noMomentWords: Readonly<Record<NoSuchMoment['reason'], string>> = {
  before_the_ledger: 'the ledger began after that time',
  beyond_the_ledger: 'that is beyond the newest event of the ledger',
  yet_to_come: 'that time is yet to come',
};

function stream(text: string): StreamId {
  const parsed = streamParameter.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError('It must be <kind>:<id>, for example family:0192….');
}

function unknownStream(): CommandRefused {
  return new CommandRefused('the ledger has no such stream');
}

async function showState(
  operator: Operator,
  streamId: StreamId,
  { at, json }: StateOptions,
): Promise<void> {
  const answer = await operator.query(new ReplayState(streamId, at));
  if (answer === undefined) throw unknownStream();
  if ('kind' in answer) throw noSuchMoment(answer);
  if (json === true) printJson(answer);
  else printState(answer);
}

function printState({ stream: name, asOf, version, last, state }: ReplayedState): void {
  const facts = factsText([
    ['Stream', name],
    ['As of', momentWords(asOf)],
    ['Events', String(version)],
    ['Last', last === null ? undefined : `${last.type}, position ${last.position}`],
  ]);
  if (state === null) printLines(facts, '', 'It did not exist yet.');
  else printLines(facts, '', tableText(['Member', 'Value'], memberRows(state)));
}

/** The name of the member that a JSON pointer ends at. */
function nameIn(pointer: string): string {
  return pointer.slice(pointer.lastIndexOf('/') + 1);
}

function momentWords({ position, at }: ReplayedMoment): string {
  return `position ${position}, recorded ${at}`;
}

async function showDifference(
  operator: Operator,
  streamId: StreamId,
  { from, to, json }: DifferenceOptions,
): Promise<void> {
  const answer = await operator.query(new ReplayDifference(streamId, from, to));
  if (answer === undefined) throw unknownStream();
  if ('kind' in answer) throw noRange(answer);
  if (json === true) printJson(answer);
  else printDifference(answer);
}

function printDifference(difference: ReplayedDifference): void {
  const { stream: name, from, to, net, steps, stepsOmitted } = difference;
  const events = countText(steps.length + stepsOmitted, 'event');
  printLines(
    factsText([
      ['Stream', name],
      ['From', momentWords(from)],
      ['To', momentWords(to)],
      ['Between', events],
    ]),
    '',
  );
  if (net.length === 0) {
    printLines('Nothing differs.');
    return;
  }
  const rows = net.map(({ path, before, after, causedBy }) => [
    path,
    memberText(nameIn(path), before),
    memberText(nameIn(path), after),
    causedBy === null ? 'not told' : `${causedBy.type}\nposition ${causedBy.position}`,
  ]);
  printLines(tableText(['Member', 'Before', 'After', 'Caused by'], rows));
}
