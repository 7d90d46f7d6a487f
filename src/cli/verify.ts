import { resolve } from 'node:path';
import { SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import { openSqliteSource } from '../ledger/sqlite/sqlite-ledger.source.js';
import {
  type VerificationProgress,
  type VerificationReport,
  verifyLedger,
} from '../ledger/verification/verify-ledger.js';
import { CommandRefused } from './failure.js';
import { operatorSettings } from './operator.js';
import { countText, printJson, printLines, tableText } from './terminal.js';
import { verb } from './verb.js';

interface Options {
  readonly file?: string;
  readonly json?: boolean;
}

/** How often progress is told where there is no terminal, in milliseconds. */
const TELL_INTERVAL = 1000;

/** Verifies a ledger file, the live one or a copy. */
export function verifyVerb(): Command {
  return verb({
    name: 'verify',
    summary: 'verify the whole ledger: every event, every chain, every state',
    details: `It reads only, beside a server that may be running; what that adds is left out. The directory of
the file must be writable all the same: SQLite makes a -shm file there.`,
    examples: [
      'token-ledger verify',
      'token-ledger verify --file /backup/ledger.sqlite',
      'token-ledger verify --json',
    ],
    json: '{ file, ok, events, streams, problems: [{ position?, streamId?, problem }] (the first 20) }',
  })
    .option('--file <path>', 'another ledger file than the one of the settings')
    .action(verify);
}

async function verify(options: Options): Promise<void> {
  const file = options.file === undefined ? operatorSettings().ledgerFile : resolve(options.file);
  const source = openSqliteSource(file);
  const progress = options.json === true ? undefined : tellProgress();
  let report: VerificationReport;
  try {
    report = await verifyLedger(source, progress?.tell);
  } finally {
    progress?.end();
    source.close();
  }
  if (options.json === true) printJson({ file, ...report });
  else printReport(report);
  if (!report.ok) throw new CommandRefused(`the ledger is not intact: ${problemsText(report)}`);
}

function printReport({ ok, events, streams, problems }: VerificationReport): void {
  if (ok) {
    const counts = `${countText(events, 'event')} in ${countText(streams, 'stream')}`;
    printLines(`The ledger is intact: ${counts}.`);
    return;
  }
  const rows = problems.map(({ position, streamId, problem }) => [
    position === undefined ? '' : String(position),
    streamId ?? '',
    problem,
  ]);
  printLines(tableText(['Position', 'Stream', 'Problem'], rows));
}

function problemsText({ problems }: VerificationReport): string {
  const known = countText(problems.length, 'problem');
  return problems.length < 20 ? known : `at least ${known}`;
}

interface Progress {
  readonly tell: VerificationProgress;
  readonly end: () => void;
}

function tellProgress(): Progress {
  if (process.stderr.isTTY) return progressBar();
  let toldAt = Date.now();
  return {
    tell: (done, total) => {
      if (Date.now() - toldAt < TELL_INTERVAL) return;
      toldAt = Date.now();
      printLines(`${done.toLocaleString('en-US')} of ${countText(total, 'event')} verified`);
    },
    end: () => undefined,
  };
}

function progressBar(): Progress {
  const bar = new SingleBar({
    format: 'verifying {bar} {percentage} %  {value} of {total} events',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
    linewrap: null,
  });
  let isStarted = false;
  return {
    tell: (done, total) => {
      if (!isStarted) bar.start(total, done);
      isStarted = true;
      bar.setTotal(total);
      bar.update(done);
    },
    end: () => bar.stop(),
  };
}
