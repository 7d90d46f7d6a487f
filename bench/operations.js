// @ts-check
/**
 * Measures what a token endpoint does besides rotations under load: introspection, a service's own
 * tokens, and the latency of one client's rotations. `npm run bench:operations -- --help`. Linux
 * only, as rotate.js.
 */
import path from 'node:path';
import { measureEach, measureLevel, progress, runCommand, withServer } from './bench.js';
import { helpOf, readOptions } from './options.js';
import { recordOperations } from './record.js';
import { report } from './report.js';
import { SYSTEMS } from './systems/system.js';

/** @type {import('./options.js').Command} */
const COMMAND = {
  summary: 'Introspections, client_credentials and rotations one at a time, over HTTP.',
  name: 'bench:operations',
  systemNames: SYSTEMS.filter(({ hasService }) => hasService).map(({ name }) => name),
  concurrency: '1,64',
  flags: ['tokens'],
  records: 'bench/OPERATIONS.md',
  examples: ['--record', '--only token-ledger,token-ledger-postgres --concurrency 64'],
};

await runCommand(async (words) => {
  const options = readOptions(words, COMMAND);
  if (options.help) {
    process.stdout.write(helpOf(COMMAND));
    return;
  }
  const result = await measureAll(options);
  process.stdout.write(`${options.json ? JSON.stringify(result, null, 2) : report(result)}\n`);
  if (options.record) progress(`wrote ${path.relative('.', recordOperations(result))}`);
});

/**
 * @param {import('./options.js').Options} options
 * @returns {Promise<import('./report.js').Result>}
 */
async function measureAll(options) {
  const { bench: _, ...result } = await measureEach(options, measureOperations);
  return { ...result, tokens: options.tokens };
}

/**
 * @param {import('./bench.js').Bench} bench
 * @param {import('./systems/system.js').System} system
 */
async function measureOperations(bench, system) {
  const { concurrency: concurrencies, tokens } = bench.options;
  const needed = { families: Math.min(256, tokens), accessTokens: tokens };
  return withServer(bench, system, needed, async (load, running) => {
    const levels = [];
    for (const { work, at } of programOf(running, concurrencies)) {
      await load.adopt(work);
      for (const concurrency of at) {
        const { operation } = work;
        levels.push(await measureLevel(bench, system, load, { running, operation, concurrency }));
      }
    }
    return levels;
  });
}

/**
 * What a system is asked to do, and by how many at the same time.
 * @param {import('./systems/system.js').RunningSystem} running
 * @param {readonly number[]} concurrencies
 * @returns {{ work: import('./load.js').Work, at: readonly number[] }[]}
 */
function programOf({ families, service }, concurrencies) {
  if (service === undefined) throw new Error('the system made no service');
  const callers = Math.max(...concurrencies);
  return [
    {
      work: { operation: 'introspection', callers, ...service.introspections },
      at: concurrencies,
    },
    {
      work: { operation: 'client_credentials', callers, ...service.clientCredentials },
      at: concurrencies,
    },
    { work: { operation: 'rotation', ...families }, at: [1] },
  ];
}
