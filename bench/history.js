// @ts-check
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { medianRate, SLICE_SECONDS, SLICES } from './generations.js';
import { startTokenLedger } from './systems/token-ledger.js';
import { untilSettled } from './settled.js';

const CONCURRENCY = 64;
const WARM_UP_SECONDS = 1;

/** How many families each of the two ledgers needs. */
export const HISTORY_FAMILIES = CONCURRENCY;

/** With the events that begin a family and the answer that each fetches again: ten events to a family. */
const ROTATIONS = 7;

/**
 * @typedef {object} HistoryResult
 * @property {number} events in the ledger with a history, at least
 * @property {number} families in it
 * @property {number} concurrency
 * @property {number} rateNew rotations a second on a new ledger, median
 * @property {number} rateOld on the one with a history, median
 * @property {number} ratio old to new
 * @property {number} slices
 */

/**
 * Starts the server on a ledger that has so many events already, all of them sealed and in the views.
 * @param {number} events
 * @param {(families: number) => void} made told how many families have them
 * @returns {(order: import('./systems/system.js').StartOrder) =>
 *   Promise<import('./systems/system.js').RunningSystem>}
 */
export function startWithHistory(events, made) {
  return async (order) => {
    const data = path.join(order.directory, 'data');
    mkdirSync(data, { mode: 0o700 });
    // Only now: it reads the build.
    const { buildReplayLedger } = await import('./replay-ledger.js');
    made(await buildReplayLedger(data, events, ROTATIONS));
    const running = await startTokenLedger(order);
    await untilSettled(new URL(running.families.endpoint).origin);
    return running;
  };
}

/**
 * Measures two servers in turn, so that both meet the same machine.
 * @param {Pick<HistoryResult, 'events' | 'families'>} past
 * @param {Side} fresh
 * @param {Side} old
 * @returns {Promise<HistoryResult>}
 *
 * @typedef {{ load: import('./load.js').Load } & import('./load.js').Watched} Side
 */
export async function compareHistories(past, fresh, old) {
  const [rateNew = NaN, rateOld = NaN] = await inTurn([fresh, old]);
  return {
    ...past,
    concurrency: CONCURRENCY,
    rateNew,
    rateOld,
    ratio: rateOld / rateNew,
    slices: SLICES,
  };
}

/** @param {readonly [Side, Side]} sides */
async function inTurn(sides) {
  const measurements = sides.map(() => /** @type {import('./load.js').Measurement[]} */ ([]));
  for (let slice = 0; slice < SLICES; slice += 1) {
    for (const [index, { load, ...watched }] of sides.entries()) {
      const order = { from: 0, to: CONCURRENCY, seconds: SLICE_SECONDS, ...watched };
      measurements[index]?.push(await load.measure({ warmUpSeconds: WARM_UP_SECONDS, ...order }));
    }
  }
  return measurements.map(medianRate);
}
