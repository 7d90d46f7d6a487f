/**
 * Measures how fast a ledger is verified: `node bench/verify.js [--events N] [--threads N] [--file
 * LEDGER]`. It makes a ledger in the system's temporary directory unless a file is named.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { verificationThreads } from '../dist/cli/verification-threads.js';
import { openSqliteSource } from '../dist/ledger/sqlite/sqlite-ledger.source.js';
import { verifyLedger } from '../dist/ledger/verification/verify-ledger.js';
import { fillLedger } from './filled-ledger.js';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '300000' },
    threads: { type: 'string' },
    file: { type: 'string' },
  },
});

const directory = mkdtempSync(path.join(os.tmpdir(), 'token-ledger-bench-'));
try {
  const file = values.file ?? (await fillLedger(directory, Number(values.events)));
  console.log(await measure(file));
} finally {
  rmSync(directory, { recursive: true, force: true });
}

/** @param {string} file */
async function measure(file) {
  const threads = values.threads === undefined ? undefined : Number(values.threads);
  const runner = threads === 0 ? undefined : verificationThreads({ ledgerFile: file }, threads);
  const source = openSqliteSource(file);
  const start = performance.now();
  const startCpu = process.cpuUsage();
  const { events, ok, problems } = await verifyLedger(source, { runner });
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(startCpu);
  await runner?.close();
  await source.close();
  if (!ok) throw new Error(`the ledger is not intact: ${JSON.stringify(problems)}`);
  const megabytes = Math.round(statSync(file).size / 1e6);
  const memory = Math.round(process.resourceUsage().maxRSS / 1e3);
  const rate = Math.round(events / seconds).toLocaleString('en-US');
  const cpu = ((user + system) / events).toFixed(1);
  return `${rate} events/s, ${cpu} µs of CPU each: ${events} events, ${megabytes} MB, ${runner?.threads ?? 1} threads, ${memory} MB of memory`;
}
