// @ts-check
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { topCosts } from './cpu-profile.js';
import { allowedCores } from './linux-proc.js';
import { Load } from './load.js';
import { describeMachine } from './machine.js';
import { UsageError } from './options.js';
import { coresText } from './report.js';
import { SYSTEMS } from './systems/system.js';

const COSTS_SHOWN = 15;

/** So many cores the processes of a system that has several share with their database. */
const SHARED_CORES = 3;

/**
 * How systems are measured: what was asked for, which cores are whose, and where files go.
 * @typedef {{ options: import('./options.js').Options, cores: Cores, directory: string }} Bench
 *
 * A database has the load's cores, or when they are shared the server's.
 * @typedef {{ server: number[], load: number[], isShared: boolean }} Cores
 *
 * @typedef {{ families: number, accessTokens: number }} Needed what a system makes for the load
 */

/**
 * Runs a bench's command line: a mistake in it is a line on the terminal.
 * @param {(words: string[]) => Promise<void>} main
 */
export async function runCommand(main) {
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

/**
 * The systems that were asked for. Throws a UsageError for one that is not installed.
 * @param {import('./options.js').Options} options
 */
function systemsOf({ only }) {
  const systems = SYSTEMS.filter(({ name }) => only.includes(name));
  const missing = systems.filter(
    ({ packageName }) => packageName !== undefined && !isInstalled(packageName),
  );
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(', ');
    throw new UsageError(`${names}: not installed; npm run bench:install, or --only others`);
  }
  return systems;
}

/**
 * Whether a package of bench/package.json is installed.
 * @param {string} name
 */
export function isInstalled(name) {
  try {
    return import.meta.resolve(name) !== '';
  } catch {
    return false;
  }
}

/**
 * Lets each system that was asked for be measured with each number of cores that it has a use for.
 * @param {import('./options.js').Options} options
 * @param {(bench: Bench, system: import('./systems/system.js').System) =>
 *   Promise<import('./report.js').Level[]>} measure
 */
export async function measureEach(options, measure) {
  const systems = systemsOf(options);
  const directory = temporaryDirectory(options);
  const isShared = systems.some(({ sharedCores }) => sharedCores === 'only');
  const benches = divisionsOf(options.cores, isShared).map((cores) => ({
    options,
    cores,
    directory,
  }));
  const machine = describeMachine(directory);
  const levels = [];
  for (const bench of benches) {
    for (const system of systems.filter((system) => isMeasuredOn(bench.cores, system))) {
      levels.push(...(await measure(bench, system)));
    }
  }
  return { bench: benches[0], machine, seconds: options.seconds, levels };
}

/**
 * @param {Cores} cores
 * @param {import('./systems/system.js').System} system
 */
function isMeasuredOn({ server, isShared }, { sharedCores, coresMax = Infinity }) {
  if (isShared) return sharedCores !== undefined;
  return sharedCores !== 'only' && server.length <= coresMax;
}

/**
 * What is watched of a running system.
 * @param {import('./systems/system.js').RunningSystem} running
 * @param {Bench} bench
 * @returns {import('./load.js').Watched}
 */
export function watchedOf({ processes, database }, { cores }) {
  const watched = {
    serverPids: processes.map(({ pid }) => pid),
    serverCores: cores.server,
    isShared: cores.isShared,
  };
  return database === undefined ? watched : { ...watched, databasePid: database.pid };
}

/**
 * Starts a system in a directory of its own, hands it to `work`, and ends it.
 * @template Outcome
 * @param {Bench} bench
 * @param {import('./systems/system.js').System} system
 * @param {Needed} needed
 * @param {(load: Load, running: import('./systems/system.js').RunningSystem) => Promise<Outcome>} work
 */
export async function withServer({ options, cores, directory }, system, needed, work) {
  progress(`${system.title}: starting with ${needed.families} token families`);
  const profile = options.profile && path.resolve(options.profile, system.name);
  const running = await system.start({
    ...needed,
    cores: cores.server,
    databaseCores: cores.isShared ? cores.server : cores.load,
    directory: mkdtempSync(path.join(directory, `${system.name}-`)),
    nodeFlags: profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`],
  });
  const load = Load.start(cores.load);
  try {
    return await work(load, running);
  } catch (error) {
    for (const { output } of running.processes) progress(output);
    throw error;
  } finally {
    await load.stop();
    await Promise.all(running.processes.map((server) => server.stop()));
    await running.database?.stop();
    if (profile !== undefined) progress(topCosts(profile, COSTS_SHOWN));
  }
}

/**
 * Does the work that the load has, by the first `concurrency` callers, and measures.
 * @param {Bench} bench
 * @param {import('./systems/system.js').System} system
 * @param {Load} load
 * @param {object} at
 * @param {import('./systems/system.js').RunningSystem} at.running
 * @param {import('./load.js').Work['operation']} at.operation
 * @param {number} at.concurrency
 * @returns {Promise<import('./report.js').Level>}
 */
export async function measureLevel(bench, system, load, { running, operation, concurrency }) {
  const { seconds, warmUpSeconds } = bench.options;
  const watched = watchedOf(running, bench);
  const order = { from: 0, to: concurrency, warmUpSeconds, seconds, ...watched };
  const measurement = await load.measure(order);
  const { server, isShared } = bench.cores;
  const level = { system, operation, cores: server.length, isShared, concurrency, measurement };
  const rate = `${Math.round(measurement.perSecond)}/s`;
  const cores = coresText(level);
  progress(`${system.title}: ${operation} ${rate} at concurrency ${concurrency}, cores ${cores}`);
  return level;
}

/**
 * Says how far it is.
 * @param {string} line
 */
export function progress(line) {
  process.stderr.write(`${line}\n`);
}

/**
 * Gives the last cores to the server, so many of them, and keeps this process off them. Shared ones
 * come last.
 * @param {readonly number[]} counts
 * @param {boolean} withShared
 * @returns {Cores[]}
 */
function divisionsOf(counts, withShared) {
  const cores = allowedCores();
  const wanted = [
    ...counts.map((count) => ({ count, isShared: false })),
    ...(withShared ? [{ count: SHARED_CORES, isShared: true }] : []),
  ];
  const most = Math.max(...wanted.map(({ count }) => count));
  if (cores.length <= most) {
    throw new UsageError(`${most + 1} cores are needed: ${most} for the server, one for the load`);
  }
  const divisions = wanted.map(({ count, isShared }) => ({
    server: cores.slice(-count),
    load: cores.slice(0, -count),
    isShared,
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
