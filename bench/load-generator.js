// @ts-check
/**
 * The load generator's process: asks a server over HTTP and measures. It does what its
 * parent sends, one order at a time (`load.js` is the parent's side), and ends with it.
 */
import { callersFor } from './callers.js';
import { Latencies } from './latencies.js';
import { LoadRun } from './load-run.js';
import { RefreshChain } from './refresh-chain.js';
import { UsageMeter } from './usage-meter.js';

/** @type {import('./callers.js').Caller[]} */
let callers = [];
/** @type {import('./load-run.js').Target} */
let target = { origins: [], isRoaming: false };

const orders = { adopt, measure, drive };

process.on('disconnect', () => process.exit());
process.on('message', (/** @type {import('./load.js').Order} */ order) => {
  perform(order).then(
    (result) => process.send?.({ result }),
    (error) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
  );
});

/**
 * @param {import('./load.js').Order} order
 * @returns {Promise<unknown>}
 */
async function perform({ kind, ...details }) {
  // @ts-expect-error -- the kind says which details there are
  return orders[kind](details);
}

/**
 * Takes over work, in place of that before.
 * @param {{ work: import('./load.js').Work }} order
 */
function adopt({ work }) {
  const { nodes = [work.endpoint], isRoaming = false } = work.operation === 'rotation' ? work : {};
  target = { origins: nodes.map((node) => new URL(node)), isRoaming };
  callers = callersFor(work);
}

/**
 * Lets the callers `from` to `to` ask, and measures after the warm-up.
 * @param {import('./load.js').MeasureOrder} order
 * @returns {Promise<import('./load.js').Measurement>}
 */
async function measure({ from, to, warmUpSeconds, seconds, ...watched }) {
  const run = await LoadRun.start(callers.slice(from, to), target);
  await run.lastFor(warmUpSeconds);

  const latencies = new Latencies();
  const meter = new UsageMeter(watched);
  run.onLatency = (milliseconds) => latencies.add(milliseconds);
  await run.lastFor(seconds);
  run.onLatency = undefined;
  const usage = meter.stop();

  await run.stop();
  return measurementOf(latencies, usage);
}

/**
 * @param {Latencies} latencies
 * @param {ReturnType<UsageMeter['stop']>} usage
 * @returns {import('./load.js').Measurement}
 */
function measurementOf(latencies, usage) {
  const [latencyMsP50 = NaN, latencyMsP99 = NaN] = latencies.percentiles([0.5, 0.99]);
  return {
    answers: latencies.count,
    perSecond: (latencies.count / usage.elapsedMicroseconds) * 1e6,
    latencyMsP50,
    latencyMsP99,
    serverMicrosecondsEach: usage.serverMicroseconds / latencies.count,
    databaseMicrosecondsEach: usage.databaseMicroseconds / latencies.count,
    serverCpuShare: usage.serverMicroseconds / usage.elapsedMicroseconds,
    foreignCpuShare: usage.foreignMicroseconds / usage.elapsedMicroseconds,
    generatorCpuShare: usage.generatorMicroseconds / usage.elapsedMicroseconds,
    rssBytesMax: usage.rssBytesMax,
  };
}

/**
 * Rotates the families `from` to `to` until each is at `generation`.
 * @param {import('./load.js').DriveOrder} order
 */
async function drive({ from, to, generation }) {
  const run = await LoadRun.start(
    callers.slice(from, to),
    target,
    (caller) => caller instanceof RefreshChain && caller.generation < generation,
  );
  await run.finished;
}
