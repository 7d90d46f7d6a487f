import { performance } from 'node:perf_hooks';
import {
  coreBusyMicroseconds,
  processCpuMicroseconds,
  processTreeCpuMicroseconds,
  residentBytes,
} from './linux-proc.js';

const RSS_SAMPLE_MS = 250;

/** CPU and memory of the server, and CPU of this process, from its making to `stop`. */
export class UsageMeter {
  #started = performance.now();
  #generator = process.cpuUsage();
  #rssBytesMax = 0;
  #serverPid;
  #serverCores;
  #databasePid;
  #before;
  #timer;

  /**
   * @param {number} serverPid
   * @param {readonly number[]} serverCores those that the server is pinned to
   * @param {number} [databasePid] of the database that the server uses, when it is a process of its own
   */
  constructor(serverPid, serverCores, databasePid) {
    this.#serverPid = serverPid;
    this.#databasePid = databasePid;
    this.#serverCores = serverCores;
    this.#before = this.#counters();
    this.#timer = setInterval(() => this.#sampleRss(), RSS_SAMPLE_MS);
  }

  /** Ends the measurement. */
  stop() {
    const elapsedMicroseconds = (performance.now() - this.#started) * 1000;
    const after = this.#counters();
    const { user, system } = process.cpuUsage(this.#generator);
    clearInterval(this.#timer);
    this.#sampleRss();
    const serverMicroseconds = after.server - this.#before.server;
    const coresMicroseconds = after.cores - this.#before.cores;
    return {
      elapsedMicroseconds,
      serverMicroseconds,
      databaseMicroseconds: after.database - this.#before.database,
      /** What others used of the server's cores: more than a little falsifies the measurement. */
      foreignMicroseconds: Math.max(0, coresMicroseconds - serverMicroseconds),
      generatorMicroseconds: user + system,
      rssBytesMax: this.#rssBytesMax,
    };
  }

  #counters() {
    return {
      server: processCpuMicroseconds(this.#serverPid),
      database: this.#databasePid === undefined ? 0 : processTreeCpuMicroseconds(this.#databasePid),
      cores: this.#serverCores.reduce((sum, core) => sum + coreBusyMicroseconds(core), 0),
    };
  }

  #sampleRss() {
    this.#rssBytesMax = Math.max(this.#rssBytesMax, residentBytes(this.#serverPid));
  }
}
