// @ts-check
import { performance } from 'node:perf_hooks';
import { HttpConnection } from './http-connection.js';

/** An answer that takes longer than this has been lost. */
const ANSWER_MS_MAX = 30_000;

/**
 * Where requests go: each caller to one of the origins, evenly, or when it is roaming to all in turn.
 * @typedef {{ origins: readonly URL[], isRoaming: boolean }} Target
 *
 * @typedef {{ caller: import('./callers.js').Caller, connections: readonly HttpConnection[] }} Driver
 */

/** Callers at work, each on connections of its own. */
export class LoadRun {
  /** @type {((milliseconds: number) => void) | undefined} told of each answer while it is set */
  onLatency;
  #stopping = false;
  #more;
  #drivers;

  /**
   * @param {readonly Driver[]} drivers
   * @param {(caller: import('./callers.js').Caller) => boolean} more
   */
  constructor(drivers, more) {
    this.#more = more;
    this.#drivers = drivers;
    /** Settles when every caller is done; rejects at the first failure. */
    this.finished = Promise.all(drivers.map((driver) => this.#drive(driver))).finally(() =>
      this.#close(),
    );
  }

  /**
   * Connects each caller and lets it ask as long as `more` holds.
   * @param {readonly import('./callers.js').Caller[]} callers
   * @param {Target} target
   * @param {(caller: import('./callers.js').Caller) => boolean} more
   */
  static async start(callers, target, more = () => true) {
    const drivers = callers.map(async (caller, index) => {
      const origins = originsOf(target, index);
      const connections = await Promise.all(origins.map((origin) => HttpConnection.open(origin)));
      return { caller, connections };
    });
    return new LoadRun(await Promise.all(drivers), more);
  }

  /**
   * Waits. Rejects as soon as a caller fails.
   * @param {number} seconds
   */
  async lastFor(seconds) {
    const { elapsed, cancel } = timer(seconds * 1000);
    await Promise.race([elapsed, this.finished]).finally(cancel);
  }

  /** Lets every caller take the answer that is under way, so that its newest token stays known. */
  async stop() {
    this.#stopping = true;
    const { elapsed, cancel } = timer(ANSWER_MS_MAX);
    const lost = elapsed.then(() => {
      throw new Error(`no answer for ${ANSWER_MS_MAX / 1000} s`);
    });
    await Promise.race([this.finished, lost]).finally(cancel);
  }

  /**
   * @param {Driver} driver
   * @returns {Promise<void>}
   */
  #drive({ caller, connections }) {
    const turns = inTurn(connections);
    return new Promise((resolve, reject) => {
      const next = () => {
        if (this.#stopping || !this.#more(caller)) {
          resolve();
          return;
        }
        const sent = performance.now();
        turns.next().value.send(caller.request(), (failure, status, text) => {
          const error = failure ?? caller.accept(status, text);
          if (error) {
            reject(error);
            return;
          }
          this.onLatency?.(performance.now() - sent);
          next();
        });
      };
      next();
    });
  }

  #close() {
    for (const { connections } of this.#drivers) {
      for (const connection of connections) connection.close();
    }
  }
}

/**
 * The origins that a caller is connected to, first the one that it begins with.
 * @param {Target} target
 * @param {number} index of the caller
 */
function originsOf({ origins, isRoaming }, index) {
  const first = index % origins.length;
  const turns = [...origins.slice(first), ...origins.slice(0, first)];
  return isRoaming ? turns : turns.slice(0, 1);
}

/**
 * Each of the connections again and again.
 * @param {readonly HttpConnection[]} connections
 * @returns {Generator<HttpConnection, never>}
 */
function* inTurn(connections) {
  for (;;) yield* connections;
}

/** @param {number} milliseconds */
function timer(milliseconds) {
  /** @type {NodeJS.Timeout | undefined} */
  let timeout;
  /** @type {Promise<void>} */
  const elapsed = new Promise((resolve) => {
    timeout = setTimeout(resolve, milliseconds);
  });
  return { elapsed, cancel: () => clearTimeout(timeout) };
}
