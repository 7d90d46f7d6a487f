// @ts-check
/**
 * Measures how fast the ledger answers an investigator, on a ledger made for it: each query of the
 * audit API over HTTP, the start of a server, the rebuild of its views and the verification of its
 * ledger. `npm run bench:audit -- --help`.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { AuditService } from './audit-service.js';
import { QUERIES } from './audit-queries.js';
import { runCommand } from './bench.js';
import { Latencies } from './latencies.js';
import { describeMachine } from './machine.js';
import { wholeNumber } from './options.js';
import { conditions } from './report.js';
import { buildReplayLedger } from './replay-ledger.js';
import { table, whole } from './table.js';

const HELP = `How fast the ledger answers an investigator, on a ledger made for it.

Usage: npm run bench:audit -- [flags]

  --events N        events in the ledger (1000000)
  --requests N      of each query (500)
  --directory DIR   where the temporary ledger goes (the system's temporary directory)
  --ledger DIR      keep the ledger in DIR, and use the one of so many events that is there
  --record          write bench/AUDIT.md
  --help
`;
const WARM_UP_REQUESTS = 20;
const STARTS = 5;
const FILE = fileURLToPath(new URL('AUDIT.md', import.meta.url));

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '1000000' },
    requests: { type: 'string', default: '500' },
    directory: { type: 'string', default: os.tmpdir() },
    ledger: { type: 'string' },
    record: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

await runCommand(async () => {
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const events = wholeNumber('--events', values.events);
  const requests = wholeNumber('--requests', values.requests);
  await main(events, requests, values.ledger ?? temporaryDirectory(values.directory));
});

/** @param {string} parent */
function temporaryDirectory(parent) {
  const directory = mkdtempSync(path.join(parent, 'token-ledger-audit-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/**
 * @param {number} events
 * @param {number} requests
 * @param {string} directory
 */
async function main(events, requests, directory) {
  const data = path.join(directory, 'data');
  if (!existsSync(data)) {
    mkdirSync(data, { mode: 0o700, recursive: true });
    console.error(`making a ledger of ${events} events`);
    await buildReplayLedger(data, events);
  }
  const machine = describeMachine(directory);
  const service = new AuditService(directory);
  const verbs = await measureVerbs(service);
  const sections = [`${conditions(machine)}; ${whole(verbs.events)} events.`, verbs.text];
  sections.push(await measureStart(service), await measureQueries(service, requests));
  sections.push(sizes(data, verbs.events));
  const text = sections.join('\n\n');
  process.stdout.write(`${text}\n`);
  if (values.record) {
    writeFileSync(
      FILE,
      `# Answers to an investigator\n\nWritten by \`npm run bench:audit -- --record\`.\n\n${text}\n`,
    );
  }
}

/** @param {AuditService} service */
async function measureVerbs(service) {
  console.error('sealing everything');
  await service.start();
  await service.untilSettled();
  await service.stop();
  const rows = [];
  let said = '';
  for (const verb of [['views', 'rebuild'], ['verify']]) {
    console.error(verb.join(' '));
    const begun = performance.now();
    said = await service.commandLine([...verb, '--json']);
    const seconds = (performance.now() - begun) / 1000;
    console.error(`${seconds.toFixed(1)} s`);
    rows.push({ verb: verb.join(' '), seconds });
  }
  /** @type {{ events: number }} */
  const { events } = JSON.parse(said);
  const text = table(
    [
      { heading: 'verb', cell: ({ verb }) => verb, left: true },
      { heading: 'seconds', cell: ({ seconds }) => seconds.toFixed(1) },
      { heading: 'events/s', cell: ({ seconds }) => whole(events / seconds) },
    ],
    rows,
  );
  return { events, text };
}

/** @param {AuditService} service */
async function measureStart(service) {
  const times = [];
  for (let run = 0; run < STARTS; run += 1) {
    const begun = performance.now();
    await service.start();
    times.push(performance.now() - begun);
    await service.stop();
  }
  times.sort((left, right) => left - right);
  return `From the start of the process to the first answer: ${whole(times[(STARTS - 1) / 2] ?? NaN)} ms (median of ${STARTS}).`;
}

/**
 * @param {AuditService} service
 * @param {number} requests
 */
async function measureQueries(service, requests) {
  await service.start();
  await service.untilSettled();
  const known = await service.sample();
  const rows = [];
  for (const { title, urlOf } of QUERIES) {
    console.error(title);
    const latencies = new Latencies();
    let bytes = 0;
    for (let index = -WARM_UP_REQUESTS; index < requests; index += 1) {
      const url = urlOf(known, index + WARM_UP_REQUESTS);
      const begun = performance.now();
      const body = await service.get(url);
      if (index >= 0) latencies.add(performance.now() - begun);
      bytes = Math.max(bytes, body.length);
    }
    const [p50 = NaN, p99 = NaN] = latencies.percentiles([0.5, 0.99]);
    rows.push({ title, p50, p99, bytes });
  }
  await service.stop();
  return table(
    [
      { heading: 'query', cell: ({ title }) => title, left: true },
      { heading: 'p50 ms', cell: ({ p50 }) => p50.toFixed(2) },
      { heading: 'p99 ms', cell: ({ p99 }) => p99.toFixed(2) },
      { heading: 'largest answer, bytes', cell: ({ bytes }) => whole(bytes) },
    ],
    rows,
  );
}

/**
 * @param {string} data
 * @param {number} events
 */
function sizes(data, events) {
  const ledger = bytesIn(data, (name) => name.startsWith('ledger.sqlite'));
  const views = bytesIn(path.join(data, 'views'), () => true);
  return `Bytes per event: ${whole(ledger / events)} in the ledger, ${whole(views / events)} in the views.`;
}

/**
 * @param {string} directory
 * @param {(name: string) => boolean} isCounted
 */
function bytesIn(directory, isCounted) {
  const names = readdirSync(directory).filter(isCounted);
  return names.reduce((sum, name) => sum + statSync(path.join(directory, name)).size, 0);
}
