import { performance } from 'node:perf_hooks';
import { HttpConnection } from './http-connection.js';

/** An answer that takes longer than this has been lost. */
const ANSWER_MS_MAX = 30_000;

/** Callers at work, each on a connection of its own. */
export class LoadRun {
  /** @type {((milliseconds: number) => void) | undefined} told of each answer while it is set */
  onLatency;
  #stopping = false;
  #more;
  #connections;

  /**
   * @param {readonly import('./callers.js').Caller[]} callers
   * @param {readonly HttpConnection[]} connections
   * @param {(caller: import('./callers.js').Caller) => boolean} more
   */
  constructor(callers, connections, more) {
    this.#more = more;
    this.#connections = connections;
    /** Settles when every caller is done; rejects at the first failure. */
    this.finished = Promise.all(
      callers.map((caller, index) => this.#drive(caller, connections[index])),
    ).finally(() => this.#close());
  }

  /**
   * Gives each caller a connection and lets it ask as long as `more` holds.
   * @param {readonly import('./callers.js').Caller[]} callers
   * @param {URL} origin
   * @param {(caller: import('./callers.js').Caller) => boolean} more
   */
  static async start(callers, origin, more = () => true) {
    const connections = await Promise.all(callers.map(() => HttpConnection.open(origin)));
    return new LoadRun(callers, connections, more);
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
   * @param {import('./callers.js').Caller} caller
   * @param {HttpConnection} connection
   * @returns {Promise<void>}
   */
  #drive(caller, connection) {
    return new Promise((resolve, reject) => {
      const next = () => {
        if (this.#stopping || !this.#more(caller)) {
          resolve();
          return;
        }
        const sent = performance.now();
        connection.send(caller.request(), (failure, status, text) => {
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
    for (const connection of this.#connections) connection.close();
  }
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
