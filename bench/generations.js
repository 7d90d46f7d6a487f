// @ts-check
const CONCURRENCY = 16;
/** So many slices are measured of each, in turn. */
export const SLICES = 5;
export const SLICE_SECONDS = 2;
const WARM_UP_SECONDS = 0.5;

/** How many families `compareGenerations` uses up: old ones, and fresh ones for each slice. */
export const GENERATION_FAMILIES = CONCURRENCY * (1 + SLICES);

/**
 * @typedef {object} GenerationsResult
 * @property {number} generation of the old families when their measurement began
 * @property {number} concurrency
 * @property {number} rateFresh rotations a second, median
 * @property {number} rateOld rotations a second, median
 * @property {number} ratio old to fresh
 * @property {number} slices
 */

/**
 * Drives a few families to a generation, then measures them and fresh families in turn, so that both
 * meet the same ledger, the same compiled code and the same machine.
 * @param {import('./load.js').Load} load
 * @param {{ generation: number } & import('./load.js').Watched} order
 * @returns {Promise<GenerationsResult>}
 */
export async function compareGenerations(load, { generation, ...watched }) {
  const order = { ...watched, warmUpSeconds: WARM_UP_SECONDS, seconds: SLICE_SECONDS };
  await load.drive({ from: 0, to: CONCURRENCY, generation });
  const fresh = [];
  const old = [];
  for (let slice = 1; slice <= SLICES; slice += 1) {
    const from = slice * CONCURRENCY;
    fresh.push(await load.measure({ ...order, from, to: from + CONCURRENCY }));
    old.push(await load.measure({ ...order, from: 0, to: CONCURRENCY }));
  }
  const rateFresh = medianRate(fresh);
  const rateOld = medianRate(old);
  return {
    generation,
    concurrency: CONCURRENCY,
    rateFresh,
    rateOld,
    ratio: rateOld / rateFresh,
    slices: SLICES,
  };
}

/**
 * The median rate of an odd number of slices.
 * @param {readonly import('./load.js').Measurement[]} measurements
 */
export function medianRate(measurements) {
  const rates = measurements.map((measurement) => measurement.perSecond);
  return rates.sort((left, right) => left - right)[(SLICES - 1) / 2] ?? NaN;
}
