import { closeSync, openSync, writeSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import type { At } from '../access/moment.js';
import { recordOfBacktest } from '../directory/record-administration.handler.js';
import type { BacktestPolicy } from '../domain/backtest/backtest-policy.rules.js';
import type { BacktestSummary } from '../domain/backtest/backtest-summary.rules.js';
import {
  askedPolicyOf,
  backtestedPolicy,
  backtestPolicyOf,
} from '../replay/backtest.parameters.js';
import { type BacktestedAttempt, runBacktest } from '../replay/backtest.runner.js';
import {
  type BacktestRange,
  backtestRange,
  type NoRange,
} from '../replay/backtest-range.reader.js';
import { type BacktestResult, backtestResultOf } from '../replay/backtest-result.answer.js';
import { type ClientPolicyOptions, withPolicyOptions } from './client-policy-options.js';
import { CommandRefused } from './failure.js';
import { asOperator, type Operator } from './operator.js';
import { tellProgress } from './progress.js';
import { moment, noSuchMoment } from './replay.js';
import { countText, factsText, isoTime, printJson, printLines, tableText } from './terminal.js';
import { verb } from './verb.js';

interface Options extends ClientPolicyOptions {
  readonly retryUntilUsed?: boolean;
  readonly requireSenderConstraint?: boolean;
  readonly from?: At;
  readonly to?: At;
  readonly client?: string;
  readonly out?: string;
  readonly json?: boolean;
}

/** Decides what token families went through again, under another policy. */
export function backtestVerb(): Command {
  const command = verb({
    name: 'backtest',
    summary: 'decide what happened again under another policy, and tell what would differ',
    details: `What is left out of the policy stays as it was for each family. After the first attempt of a family
that comes out otherwise nothing more is said of it: what followed was done with other tokens.
That it was run is recorded in the ledger; nothing else is.`,
    examples: [
      'token-ledger backtest --retry-window-seconds 5',
      'token-ledger backtest --rotation rotate --client wYb0yqP5TRe9o5nCkXh1dA --out attempts.ndjson',
      'token-ledger backtest --retry-window-seconds 60 --from 2026-11-01T00:00:00Z --json',
    ],
    json: '{ from, to, policy, result }, the result as GET /replay/backtests/{id} has it',
  });
  return withPolicyOptions(command)
    .option('--retry-until-used', 'a lost answer can be fetched until the successor is used')
    .option('--no-retry-until-used', 'it cannot')
    .option('--require-sender-constraint', 'public clients without a key of their own get nothing')
    .option('--from <moment>', 'only families granted since: a time or a position', moment)
    .option('--to <moment>', 'only what happened by then: a time or a position', moment)
    .option('--client <client-id>', 'only families of this client', clientId)
    .option('--out <file>', 'write each attempt, recorded and simulated, as a line of JSON')
    .action((options: Options) => asOperator((operator) => backtest(operator, options)));
}

function clientId(text: string): string {
  if (/^[\w-]{1,128}$/.test(text)) return text;
  throw new InvalidArgumentError('It must be the id of a client.');
}

async function backtest(operator: Operator, options: Options): Promise<void> {
  const policy = policyAsked(options);
  const { ledger } = operator;
  const range = await backtestRange(ledger, options);
  if ('kind' in range) throw refusalOf(range);
  const { client } = options;
  if (client !== undefined && (await ledger.load('client', client)) === undefined) {
    throw new CommandRefused('there is no such client');
  }
  const output = options.out === undefined ? undefined : attemptsTo(options.out);
  try {
    const order = { ...range, policy, clientId: client };
    await operator.execute(recordOfBacktest(undefined, order, operator.attribution));
    const summary = await run(operator, order, options, output);
    print(options, range, policy, backtestResultOf(summary));
  } finally {
    output?.close();
  }
}

function policyAsked(options: Options): BacktestPolicy {
  const { rotation, retryUntilUsed, requireSenderConstraint } = options;
  const { retryWindowSeconds, accessTokenSeconds, idleSeconds, absoluteSeconds } = options;
  const spans = { retryWindowSeconds, accessTokenSeconds, idleSeconds, absoluteSeconds };
  const asked = { rotation, retryUntilUsed, requireSenderConstraint, ...spans };
  const { data, error } = backtestedPolicy.safeParse(asked);
  if (data !== undefined) return backtestPolicyOf(data);
  const [issue] = error.issues;
  const [rule] = issue?.path ?? [];
  throw new CommandRefused(
    rule === undefined
      ? 'say what the policy would be, such as --retry-window-seconds 5'
      : `${optionOf(String(rule))} ${issue?.message}`,
  );
}

/** The option that sets a rule: `retryWindowSeconds` is `--retry-window-seconds`. */
function optionOf(rule: string): string {
  return `--${rule.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function refusalOf(none: NoRange): CommandRefused {
  return none.kind === 'backwards'
    ? new CommandRefused('--from must not be later than --to')
    : noSuchMoment(none);
}

async function run(
  { ledger }: Operator,
  order: Parameters<typeof runBacktest>[1],
  { json }: Options,
  output: AttemptFile | undefined,
): Promise<BacktestSummary> {
  const names = { doing: 'replaying', done: 'replayed' };
  const progress = json === true ? undefined : tellProgress(names);
  try {
    const summary = await runBacktest(ledger, order, {
      ...(progress === undefined ? {} : { onProgress: progress.tell }),
      ...(output === undefined ? {} : { onAttempt: output.write }),
    });
    if (summary === undefined) throw new Error('nobody stopped it');
    return summary;
  } finally {
    progress?.end();
  }
}

interface AttemptFile {
  readonly write: (attempt: BacktestedAttempt) => void;
  readonly close: () => void;
}

const BUFFER_CHARACTERS = 64 * 1024;

/** A new file of attempts. Throws a CommandRefused when there is something of that name. */
function attemptsTo(file: string): AttemptFile {
  const descriptor = newFile(file);
  let lines = '';
  const flush = (): void => {
    writeSync(descriptor, lines);
    lines = '';
  };
  return {
    write: ({ at, ...attempt }) => {
      lines += `${JSON.stringify({ ...attempt, at: isoTime(at) })}\n`;
      if (lines.length > BUFFER_CHARACTERS) flush();
    },
    close: () => {
      flush();
      closeSync(descriptor);
    },
  };
}

function newFile(file: string): number {
  try {
    return openSync(file, 'wx', 0o600);
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST';
    throw new CommandRefused(
      isThere ? `${file} is there already` : `${file} cannot be written: check the directory`,
    );
  }
}

function print(
  { json, out }: Options,
  range: BacktestRange,
  policy: BacktestPolicy,
  result: BacktestResult,
): void {
  if (json === true) {
    printJson({ ...range, policy: askedPolicyOf(policy), result });
    return;
  }
  printLines(summaryText(result), '', outcomesText(result), '', consequencesText(result));
  if (out !== undefined) printLines('', `The attempts are in ${out}.`);
}

function summaryText({ families, attempts }: BacktestResult): string {
  const { compared, agreeing, notComparable, counted } = attempts;
  return factsText([
    ['Families', `${families.read}, ${families.diverged} would have gone on otherwise`],
    ['Attempts', `${compared} decided again, ${agreeing} of them as they were`],
    ['Not comparable', `${countText(notComparable, 'attempt')} after a family went on otherwise`],
    ['Only counted', counted === 0 ? undefined : countText(counted, 'presentation')],
  ]);
}

function outcomesText({ matrix }: BacktestResult): string {
  const rows = Object.entries(matrix).flatMap(([recorded, row]) =>
    Object.entries(row).map(([simulated, times]) => [recorded, simulated, String(times)]),
  );
  return tableText(['Was', 'Would have been', 'Attempts'], rows);
}

type Measured = BacktestResult['dwellMilliseconds']['recorded'];

/** Spans as people read them. What was not measured is said as often as it was not. */
function measuredText({ count, median, maximum, notMeasured }: Measured): string {
  const isMeasured = median !== null && maximum !== null;
  const parts = [
    ...(isMeasured ? [`median ${median / 1000} s, longest ${maximum / 1000} s`] : []),
    ...(isMeasured ? [`measured of ${countText(count, 'theft')}`] : []),
    ...(notMeasured > 0 ? [`NOT MEASURED of ${countText(notMeasured, 'theft')}`] : []),
  ];
  return parts.join(', ');
}

const NOT_MEASURED = `Not measured is no improvement: either nobody would have noticed the thief, or the family went
on otherwise before, and what the thief would have done then is not known.`;

function bothMeasured({ recorded, simulated }: BacktestResult['dwellMilliseconds']): string {
  if (recorded.count + recorded.notMeasured === 0) return 'no theft is known';
  return `was: ${measuredText(recorded)}\nwould have been: ${measuredText(simulated)}`;
}

function consequencesText(result: BacktestResult): string {
  const { sessionsEnded, dwellMilliseconds, remainingAccessMilliseconds } = result;
  const judged = ({ verdict, cause }: BacktestResult['falseAlarmsAvoided']): string =>
    `${verdict + cause} (${verdict} by verdict, ${cause} by likely cause)`;
  const { none } = result.newFalseAlarms;
  const both = <Part>(
    { recorded, simulated }: { recorded: Part; simulated: Part },
    text: (part: Part) => string,
  ): string => `${text(recorded)}; would have been ${text(simulated)}`;
  const asFarAs = result.attempts.notComparable > 0 ? ', as far as it can be compared' : '';
  const { recorded, simulated } = dwellMilliseconds;
  const isUnmeasured = recorded.notMeasured + simulated.notMeasured > 0;
  const facts = factsText([
    ['False alarms avoided', judged(result.falseAlarmsAvoided)],
    ['New false alarms', `${judged(result.newFalseAlarms)}, ${none} without an incident`],
    ['Thefts missed', judged(result.theftsMissed)],
    ['Thefts only refused', judged(result.theftsStoppedOtherwise)],
    ['Thefts caught earlier', judged(result.theftsCaughtEarlier)],
    ['Unclear ends avoided', String(result.unclearKillsAvoided)],
    ['Ends not comparable', String(result.killsNotComparable)],
    ['Ended by reuse', both(sessionsEnded, ({ byReuse }) => String(byReuse)) + asFarAs],
    ['Found expired', both(sessionsEnded, ({ byExpiry }) => String(byExpiry)) + asFarAs],
    ['Thief unnoticed', bothMeasured(dwellMilliseconds)],
    ['Access left', bothMeasured(remainingAccessMilliseconds)],
  ]);
  return isUnmeasured ? `${facts}\n\n${NOT_MEASURED}` : facts;
}
