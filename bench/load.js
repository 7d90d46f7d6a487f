// @ts-check
import { fileURLToPath } from 'node:url';
import { PinnedProcess } from './pinned-process.js';

/**
 * Token families to be driven, all of one client.
 * @typedef {object} Families
 * @property {string} endpoint
 * @property {string} clientId
 * @property {string[]} refreshTokens
 * @property {readonly string[]} [nodes] origins of the server's processes, when there are several
 * @property {boolean} [isRoaming] whether a family's rotations go to all nodes in turn, and not to one
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
 * The server's processes, the cores that they are pinned to, and the database when it is a process of
 * its own, on the same cores when they are shared.
 * @typedef {object} Watched
 * @property {readonly number[]} serverPids
 * @property {readonly number[]} serverCores
 * @property {number} [databasePid]
 * @property {boolean} isShared
 *
 * Which callers to measure, and the server to watch meanwhile.
 * @typedef {Watched & CallersOrder} MeasureOrder
 *
 * @typedef {object} CallersOrder
 * @property {number} from index of the first caller
 * @property {number} to index after the last
 * @property {number} warmUpSeconds
 * @property {number} seconds
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
 * @property {number} serverMicrosecondsEach CPU of all its processes and threads
 * @property {number} databaseMicrosecondsEach CPU of all its processes; 0 inside the server
 * @property {number} serverCpuShare of one core
 * @property {number} foreignCpuShare of one core: what anything else used of the server's (interrupts too)
 * @property {number} generatorCpuShare of one core; near 1 the generator itself is the limit
 * @property {number} rssBytesMax of all its processes together
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
