/**
 * Measures refresh-token rotations a second over HTTP, token-ledger beside oidc-provider:
 * `npm run bench:rotate -- --help`. Linux only: it pins processes and reads /proc.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { topCosts } from './cpu-profile.js';
import { compareGenerations, GENERATION_FAMILIES } from './generations.js';
import { allowedCores } from './linux-proc.js';
import { Load } from './load.js';
import { describeMachine } from './machine.js';
import { HELP, readOptions, UsageError } from './options.js';
import { record } from './record.js';
import { report } from './report.js';
import { SYSTEMS } from './systems/system.js';

const COSTS_SHOWN = 15;

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

/** @param {string[]} words */
async function main(words) {
  const systemNames = SYSTEMS.map(({ name }) => name);
  const options = readOptions(words, systemNames);
  if (options.help) {
    process.stdout.write(HELP);
    return;
  }
  const result = await measureAll(options);
  process.stdout.write(`${options.json ? JSON.stringify(result, null, 2) : report(result)}\n`);
  if (options.record) progress(`wrote ${path.relative('.', record(result))}`);
}

/**
 * @param {import('./options.js').Options} options
 * @returns {Promise<import('./report.js').Result>}
 */
async function measureAll(options) {
  const directory = temporaryDirectory(options);
  const benches = divisionsOf(options.cores).map((cores) => ({ options, cores, directory }));
  const machine = describeMachine(directory);
  const levels = [];
  for (const bench of benches) {
    const cores = bench.cores.server.length;
    const asked = SYSTEMS.filter(({ name }) => options.only.includes(name));
    for (const system of asked.filter(({ coresMax = Infinity }) => cores <= coresMax)) {
      levels.push(...(await measureLevels(bench, system)));
    }
  }
  const generations = await measureGenerations(benches);
  return { machine, seconds: options.seconds, levels, generations };
}

/**
 * @typedef {{ options: import('./options.js').Options, cores: Cores, directory: string }} Bench
 * @typedef {{ server: number[], load: number[] }} Cores
 */

/**
 * @param {Bench} bench
 * @param {import('./systems/system.js').System} system
 */
async function measureLevels(bench, system) {
  const { concurrency, seconds, warmUpSeconds } = bench.options;
  return withServer(bench, system, Math.max(...concurrency), async (load, running) => {
    /** @type {import('./report.js').Level[]} */
    const levels = [];
    for (const clients of concurrency) {
      const watched = watchedOf(running, bench);
      const order = { from: 0, to: clients, warmUpSeconds, seconds, ...watched };
      const measurement = await load.measure(order);
      const rate = Math.round(measurement.rotationsPerSecond);
      const cores = bench.cores.server.length;
      progress(`${system.title}: ${rate} rotations/s at concurrency ${clients}, cores ${cores}`);
      const { name, title } = system;
      levels.push({ system: name, title, cores, concurrency: clients, measurement });
    }
    return levels;
  });
}

/**
 * What is watched of a running system.
 * @param {import('./systems/system.js').RunningSystem} running
 * @param {Bench} bench
 */
function watchedOf({ process: server, database }, { cores }) {
  const watched = { serverPid: server.pid, serverCores: cores.server };
  return database === undefined ? watched : { ...watched, databasePid: database.pid };
}

/** @param {readonly Bench[]} benches */
async function measureGenerations([bench]) {
  if (bench === undefined) return undefined;
  const generation = bench.options.generations;
  const system = SYSTEMS.find(({ name }) => name === 'token-ledger');
  if (generation === undefined || system === undefined) return undefined;
  return withServer(bench, system, GENERATION_FAMILIES, (load, running) => {
    progress(`${system.title}: driving families to generation ${generation}`);
    return compareGenerations(load, { generation, ...watchedOf(running, bench) });
  });
}

/**
 * Starts a system with so many families in a directory of its own, hands it to `work`, and ends it.
 * @template Outcome
 * @param {Bench} bench
 * @param {import('./systems/system.js').System} system
 * @param {number} families
 * @param {(load: Load, running: import('./systems/system.js').RunningSystem) => Promise<Outcome>} work
 */
async function withServer({ options, cores, directory }, system, families, work) {
  progress(`${system.title}: starting with ${families} token families`);
  const profile = options.profile && path.resolve(options.profile, system.name);
  const running = await system.start({
    cores: cores.server,
    databaseCores: cores.load,
    directory: mkdtempSync(path.join(directory, `${system.name}-`)),
    families,
    nodeFlags: profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`],
  });
  const load = Load.start(cores.load);
  try {
    await load.adopt(running.families);
    return await work(load, running);
  } catch (error) {
    progress(running.process.output);
    throw error;
  } finally {
    await load.stop();
    await running.process.stop();
    await running.database?.stop();
    if (profile !== undefined) progress(topCosts(profile, COSTS_SHOWN));
  }
}

/**
 * Gives the last cores to the server, so many of them, and keeps this process off them.
 * @param {readonly number[]} counts
 * @returns {Cores[]}
 */
function divisionsOf(counts) {
  const cores = allowedCores();
  const most = Math.max(...counts);
  if (cores.length <= most) {
    throw new UsageError(`${most + 1} cores are needed: ${most} for the server, one for the load`);
  }
  const divisions = counts.map((count) => ({
    server: cores.slice(-count),
    load: cores.slice(0, -count),
  }));
  const load = cores.slice(0, -most);
  execFileSync('taskset', ['-cp', load.join(','), String(process.pid)], { stdio: 'ignore' });
  return divisions;
}

/**
 * Makes a directory that lasts as long as this process.
 * @param {import('./options.js').Options} options
 */
function temporaryDirectory({ directory = os.tmpdir() }) {
  const temporary = mkdtempSync(path.join(directory, 'token-ledger-bench-'));
  process.on('exit', () => rmSync(temporary, { recursive: true, force: true, maxRetries: 3 }));
  return temporary;
}

/** @param {string} line */
function progress(line) {
  process.stderr.write(`${line}\n`);
}
