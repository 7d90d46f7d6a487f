// @ts-check
/**
 * Measures refresh-token rotations a second over HTTP, token-ledger beside other systems:
 * `npm run bench:rotate -- --help`. Linux only: it pins processes and reads /proc.
 */
import path from 'node:path';
import { measureEach, measureLevel, progress, runCommand, watchedOf, withServer } from './bench.js';
import { compareGenerations, GENERATION_FAMILIES } from './generations.js';
import { compareHistories, HISTORY_FAMILIES, startWithHistory } from './history.js';
import { helpOf, readOptions } from './options.js';
import { recordRotations, refuseRecordWithoutPlot } from './record.js';
import { report } from './report.js';
import { SYSTEMS } from './systems/system.js';

/** @type {import('./options.js').Command} */
const COMMAND = {
  summary: 'Durable refresh-token rotations a second over HTTP, token-ledger beside other systems.',
  name: 'bench:rotate',
  systemNames: SYSTEMS.map(({ name }) => name),
  concurrency: '1,16,64,256',
  flags: ['generations', 'history'],
  records: 'bench/RESULTS.md and bench/results/rotations.svg',
  examples: [
    '--record --cores 1,2 --generations 10000 --history 1000000',
    '--only token-ledger --concurrency 64',
  ],
};

await runCommand(async (words) => {
  const options = readOptions(words, COMMAND);
  if (options.help) {
    process.stdout.write(helpOf(COMMAND));
    return;
  }
  if (options.record) refuseRecordWithoutPlot();
  const result = await measureAll(options);
  process.stdout.write(`${options.json ? JSON.stringify(result, null, 2) : report(result)}\n`);
  if (options.record) {
    for (const file of await recordRotations(result)) progress(`wrote ${path.relative('.', file)}`);
  }
});

/**
 * @param {import('./options.js').Options} options
 * @returns {Promise<import('./report.js').Result>}
 */
async function measureAll(options) {
  const { bench, ...result } = await measureEach(options, measureLevels);
  if (bench === undefined) return result;
  const generations = await measureGenerations(bench);
  return { ...result, generations, history: await measureHistory(bench) };
}

/**
 * @param {import('./bench.js').Bench} bench
 * @param {import('./systems/system.js').System} system
 */
async function measureLevels(bench, system) {
  const { concurrency: concurrencies } = bench.options;
  const needed = { families: Math.max(...concurrencies), accessTokens: 0 };
  return withServer(bench, system, needed, async (load, running) => {
    await load.adopt({ operation: 'rotation', ...running.families });
    const levels = [];
    for (const concurrency of concurrencies) {
      const at = { running, operation: /** @type {const} */ ('rotation'), concurrency };
      levels.push(await measureLevel(bench, system, load, at));
    }
    return levels;
  });
}

/** @param {import('./bench.js').Bench} bench */
async function measureGenerations(bench) {
  const generation = bench.options.generations;
  const system = SYSTEMS.find(({ name }) => name === 'token-ledger');
  if (generation === undefined || system === undefined) return undefined;
  const needed = { families: GENERATION_FAMILIES, accessTokens: 0 };
  return withServer(bench, system, needed, async (load, running) => {
    await load.adopt({ operation: 'rotation', ...running.families });
    progress(`${system.title}: driving families to generation ${generation}`);
    return compareGenerations(load, { generation, ...watchedOf(running, bench) });
  });
}

/** @param {import('./bench.js').Bench} bench */
async function measureHistory(bench) {
  const events = bench.options.history;
  const system = SYSTEMS.find(({ name }) => name === 'token-ledger');
  if (events === undefined || system === undefined) return undefined;
  const needed = { families: HISTORY_FAMILIES, accessTokens: 0 };
  let families = 0;
  const start = startWithHistory(events, (made) => (families = made));
  const old = { ...system, name: 'token-ledger-history', start };
  progress(`${system.title}: making a ledger of ${events} events`);
  return withServer(bench, old, needed, (oldLoad, oldRunning) =>
    withServer(bench, system, needed, async (load, running) => {
      await oldLoad.adopt({ operation: 'rotation', ...oldRunning.families });
      await load.adopt({ operation: 'rotation', ...running.families });
      const fresh = { load, ...watchedOf(running, bench) };
      const past = { events, families };
      return compareHistories(past, fresh, { load: oldLoad, ...watchedOf(oldRunning, bench) });
    }),
  );
}
