import { fileURLToPath } from 'node:url';
import { PinnedProcess } from './pinned-process.js';

/**
 * Token families to be driven, all of one client.
 * @typedef {{ endpoint: string, clientId: string, refreshTokens: string[] }} Families
 *
 * Access tokens that a resource server asks about.
 * @typedef {{ endpoint: string, authorization: string, accessTokens: string[] }} Introspections
 *
 * What a service asks for in its own name.
 * @typedef {{ endpoint: string, authorization: string, form: string }} ClientCredentials
 *
 * What is done again and again, and by how many callers: of families, one each.
 * @typedef {({ operation: 'rotation' } & Families)
 *   | ({ operation: 'introspection', callers: number } & Introspections)
 *   | ({ operation: 'client_credentials', callers: number } & ClientCredentials)} Work
 *
 * Which callers to measure, and the server to watch meanwhile.
 * @typedef {object} MeasureOrder
 * @property {number} from index of the first caller
 * @property {number} to index after the last
 * @property {number} warmUpSeconds
 * @property {number} seconds
 * @property {number} serverPid
 * @property {readonly number[]} serverCores
 * @property {number} [databasePid]
 *
 * @typedef {{ from: number, to: number, generation: number }} DriveOrder
 *
 * @typedef {{ kind: 'adopt', work: Work } | ({ kind: 'measure' } & MeasureOrder)
 *   | ({ kind: 'drive' } & DriveOrder)} Order
 *
 * @typedef {object} Measurement
 * @property {number} answers taken in the measured time
 * @property {number} perSecond
 * @property {number} latencyMsP50
 * @property {number} latencyMsP99
 * @property {number} serverMicrosecondsEach CPU, all threads
 * @property {number} databaseMicrosecondsEach CPU of all its processes; 0 inside the server
 * @property {number} serverCpuShare of one core
 * @property {number} foreignCpuShare of the server's core, used by anything else (interrupts too)
 * @property {number} generatorCpuShare of one core; near 1 the generator itself is the limit
 * @property {number} rssBytesMax
 */

/** The load generator, a process on other cores than the server's. */
export class Load {
  /** @param {PinnedProcess} generator */
  constructor(generator) {
    this.#generator = generator;
  }

  #generator;

  /** @param {readonly number[]} cores */
  static start(cores) {
    const script = fileURLToPath(new URL('load-generator.js', import.meta.url));
    return new Load(PinnedProcess.start({ cores, arguments: [script], ipc: true }));
  }

  /**
   * Takes over work, in place of that before.
   * @param {Work} work
   */
  async adopt(work) {
    await this.#order({ kind: 'adopt', work });
  }

  /**
   * @param {MeasureOrder} order
   * @returns {Promise<Measurement>}
   */
  async measure(order) {
    return /** @type {Measurement} */ (await this.#order({ kind: 'measure', ...order }));
  }

  /**
   * Rotates families until each is at a generation.
   * @param {DriveOrder} order
   */
  async drive(order) {
    await this.#order({ kind: 'drive', ...order });
  }

  async stop() {
    await this.#generator.stop();
  }

  /**
   * @param {Order} order
   * @returns {Promise<unknown>}
   */
  async #order(order) {
    this.#generator.send(order);
    const answer = /** @type {{ result?: unknown, error?: string }} */ (
      await this.#generator.message()
    );
    if (answer.error !== undefined) throw new Error(`${order.kind}: ${answer.error}`);
    return answer.result;
  }
}
