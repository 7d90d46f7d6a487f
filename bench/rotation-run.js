import { performance } from 'node:perf_hooks';
import { HttpConnection } from './http-connection.js';

/** An answer that takes longer than this has been lost. */
const ANSWER_MS_MAX = 30_000;

/** Clients at work, each on a connection and a token family of its own. */
export class RotationRun {
  /** @type {((milliseconds: number) => void) | undefined} told of each rotation while it is set */
  onLatency;
  #stopping = false;
  #more;
  #connections;

  /**
   * @param {readonly import('./refresh-chain.js').RefreshChain[]} chains
   * @param {readonly HttpConnection[]} connections
   * @param {(chain: import('./refresh-chain.js').RefreshChain) => boolean} more
   */
  constructor(chains, connections, more) {
    this.#more = more;
    this.#connections = connections;
    /** Settles when every client is done; rejects at the first failure. */
    this.finished = Promise.all(
      chains.map((chain, index) => this.#drive(chain, connections[index])),
    ).finally(() => this.#close());
  }

  /**
   * Gives each family a connection and rotates it as long as `more` holds.
   * @param {readonly import('./refresh-chain.js').RefreshChain[]} chains
   * @param {URL} origin
   * @param {(chain: import('./refresh-chain.js').RefreshChain) => boolean} more
   */
  static async start(chains, origin, more = () => true) {
    const connections = await Promise.all(chains.map(() => HttpConnection.open(origin)));
    return new RotationRun(chains, connections, more);
  }

  /**
   * Waits. Rejects as soon as a client fails.
   * @param {number} seconds
   */
  async lastFor(seconds) {
    const { elapsed, cancel } = timer(seconds * 1000);
    await Promise.race([elapsed, this.finished]).finally(cancel);
  }

  /** Lets every client finish the rotation under way, so that its newest token stays known. */
  async stop() {
    this.#stopping = true;
    const { elapsed, cancel } = timer(ANSWER_MS_MAX);
    const lost = elapsed.then(() => {
      throw new Error(`no answer for ${ANSWER_MS_MAX / 1000} s`);
    });
    await Promise.race([this.finished, lost]).finally(cancel);
  }

  /**
   * @param {import('./refresh-chain.js').RefreshChain} chain
   * @param {HttpConnection} connection
   * @returns {Promise<void>}
   */
  #drive(chain, connection) {
    return new Promise((resolve, reject) => {
      const next = () => {
        if (this.#stopping || !this.#more(chain)) {
          resolve();
          return;
        }
        const sent = performance.now();
        chain.rotate(connection, (error) => {
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
