// @ts-check
import { performance } from 'node:perf_hooks';
import {
  coreBusyMicroseconds,
  processCpuMicroseconds,
  processTreeCpuMicroseconds,
  residentBytes,
} from './linux-proc.js';

const RSS_SAMPLE_MS = 250;

/** CPU and memory of the server and CPU of its database and of this process, from its making to `stop`. */
export class UsageMeter {
  #started = performance.now();
  #generator = process.cpuUsage();
  #rssBytesMax = 0;
  #watched;
  #before;
  #timer;

  /** @param {import('./load.js').Watched} watched */
  constructor(watched) {
    this.#watched = watched;
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
    const databaseMicroseconds = after.database - this.#before.database;
    const ownMicroseconds =
      serverMicroseconds + (this.#watched.isShared ? databaseMicroseconds : 0);
    const coresMicroseconds = after.cores - this.#before.cores;
    return {
      elapsedMicroseconds,
      serverMicroseconds,
      databaseMicroseconds,
      /** What others used of the server's cores: more than a little falsifies the measurement. */
      foreignMicroseconds: Math.max(0, coresMicroseconds - ownMicroseconds),
      generatorMicroseconds: user + system,
      rssBytesMax: this.#rssBytesMax,
    };
  }

  #counters() {
    const { serverPids, serverCores, databasePid } = this.#watched;
    return {
      server: sumOf(serverPids, processCpuMicroseconds),
      database: databasePid === undefined ? 0 : processTreeCpuMicroseconds(databasePid),
      cores: sumOf(serverCores, coreBusyMicroseconds),
    };
  }

  #sampleRss() {
    const rssBytes = sumOf(this.#watched.serverPids, residentBytes);
    this.#rssBytesMax = Math.max(this.#rssBytesMax, rssBytes);
  }
}

/**
 * @param {readonly number[]} numbers
 * @param {(number: number) => number} figureOf
 */
function sumOf(numbers, figureOf) {
  return numbers.reduce((sum, number) => sum + figureOf(number), 0);
}
