import { closeSync, openSync, writeSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import type { At } from '../access/moment.js';
import { jsonLine } from '../access/streamed-lines.js';
import { recordOfBacktest } from '../directory/record-administration.handler.js';
import type { BacktestPolicy } from '../domain/backtest/backtest-policy.rules.js';
import type { BacktestSummary } from '../domain/backtest/backtest-summary.rules.js';
import {
  askedPolicyOf,
  backtestedPolicy,
  backtestPolicyOf,
} from '../replay/backtest.parameters.js';
import { backtestedAttemptOf } from '../replay/backtested-attempt.answer.js';
import { type BacktestedAttempt, runBacktest } from '../replay/backtest.runner.js';
import { type BacktestRange, backtestRange } from '../replay/backtest-range.reader.js';
import { type BacktestResult, backtestResultOf } from '../replay/backtest-result.answer.js';
import { backtestText } from './backtest-text.js';
import { type ClientPolicyOptions, withPolicyOptions } from './client-policy-options.js';
import { CommandRefused } from './failure.js';
import { asOperator, type Operator } from './operator.js';
import { withProgress } from './progress.js';
import { moment, noRange } from './replay.js';
import { printJson, printLines } from './terminal.js';
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
    details: `What is left out of the policy stays as it was for each family. Rules can be asked about that no client
can have, such as a retry window of more than 60 s, up to a day (86400). After the first attempt of a family
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
    .option(
      '--out <file>',
      'write each attempt, recorded and simulated, as a line of JSON, as GET /replay/backtests/{id}/attempts has it',
    )
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
  if ('kind' in range) throw noRange(range);
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

async function run(
  { ledger }: Operator,
  order: Parameters<typeof runBacktest>[1],
  { json }: Options,
  output: AttemptFile | undefined,
): Promise<BacktestSummary> {
  const names = { doing: 'replaying', done: 'replayed' };
  return withProgress(names, json === true, async (onProgress) => {
    const onAttempt = output === undefined ? {} : { onAttempt: output.write };
    const summary = await runBacktest(ledger, order, { onProgress, ...onAttempt });
    if (summary === undefined) throw new Error('nobody stopped it');
    return summary;
  });
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
    write: (attempt) => {
      lines += jsonLine(backtestedAttemptOf(attempt));
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
  printLines(backtestText(result));
  if (out !== undefined) printLines('', `The attempts are in ${out}.`);
}
