// @ts-check
/**
 * Measures how fast the ledger is read again: a stream at a moment, a difference, a database of views
 * up to a moment, and a backtest. `npm run bench:replay -- --help`.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runCommand } from './bench.js';
import { describeMachine } from './machine.js';
import { wholeNumber } from './options.js';
import { conditions } from './report.js';
import { buildReplayLedger } from './replay-ledger.js';
import { PHASES } from './replay-phases.js';
import { table } from './table.js';

/** @typedef {import('./replay-phases.js').Measured} Measured */

const HELP = `How fast the ledger is read again, on a ledger made for it.

Usage: npm run bench:replay -- [flags]

  --events N        events in the ledger (1000000)
  --directory DIR   where the temporary ledger goes (the system's temporary directory)
  --help
`;

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '1000000' },
    directory: { type: 'string', default: os.tmpdir() },
    phase: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

await runCommand(async () => {
  if (values.help) process.stdout.write(HELP);
  else if (values.phase !== undefined) {
    process.send?.(await PHASES[values.phase]?.(values.directory));
  } else await main(wholeNumber('--events', values.events), values.directory);
});

/**
 * @param {number} events
 * @param {string} parent
 */
async function main(events, parent) {
  const directory = mkdtempSync(path.join(parent, 'token-ledger-replay-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  const machine = describeMachine(directory);
  console.error(`making a ledger of ${events} events`);
  await buildReplayLedger(directory, events);
  const rows = [];
  for (const phase of Object.keys(PHASES)) {
    console.error(phase);
    rows.push({ phase, ...(await measure(phase, directory)) });
  }
  /** @type {import('./table.js').Column<{ phase: string } & Measured>[]} */
  const columns = [
    { heading: 'what', cell: ({ phase }) => phase, left: true },
    { heading: 'events', cell: (row) => row.events.toLocaleString('en-US') },
    { heading: 'seconds', cell: ({ seconds }) => seconds.toFixed(2) },
    {
      heading: 'events/s',
      cell: (row) => Math.round(row.events / row.seconds).toLocaleString('en-US'),
    },
    { heading: 'longest turn ms', cell: (row) => row.turnMilliseconds.toFixed(1) },
    { heading: 'peak RSS MB', cell: (row) => String(Math.round(row.rssMegabytes)) },
  ];
  process.stdout.write(`${conditions(machine)}\n\n${table(columns, rows)}\n`);
}

/**
 * Measures in a process of its own, so that its peak of memory is its own too.
 * @param {string} phase
 * @param {string} directory
 * @returns {Promise<Measured>}
 */
async function measure(phase, directory) {
  const words = ['--phase', phase, '--directory', directory];
  const child = fork(fileURLToPath(import.meta.url), words);
  process.once('exit', () => child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  const [measured] = await once(child, 'message');
  await exited;
  return measured;
}
