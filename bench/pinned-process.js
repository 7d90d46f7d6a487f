// @ts-check
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** After this long without ending by itself, a process is killed. */
const STOP_MS_MAX = 20_000;
const OUTPUT_CHARACTERS_MAX = 20_000;

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A process that may use only the given cores: Node, unless another program is named. */
export class PinnedProcess {
  /** @param {import('node:child_process').ChildProcess} child */
  constructor(child) {
    this.#child = child;
    /** The end of what it printed. */
    this.output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => {
        this.output = (this.output + text).slice(-OUTPUT_CHARACTERS_MAX);
      });
    }
    running.add(child);
    this.#ended = once(child, 'exit').then(() => {
      running.delete(child);
    });
  }

  #child;
  #ended;

  /**
   * Starts it with the given arguments.
   * @param {object} options
   * @param {readonly number[]} options.cores
   * @param {readonly string[]} options.arguments
   * @param {Record<string, string>} [options.env] added to a minimal environment
   * @param {string} [options.directory]
   * @param {boolean} [options.ipc] whether to exchange messages with it
   * @param {string} [options.program]
   * @param {{ uid?: number, gid?: number }} [options.user] whom it runs as
   */
  static start({
    cores,
    arguments: words,
    env = {},
    directory,
    ipc = false,
    program = process.execPath,
    user = {},
  }) {
    const child = spawn('taskset', ['-c', cores.join(','), program, ...words], {
      ...user,
      cwd: directory,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, NODE_ENV: 'production', ...env },
      stdio: ['ignore', 'pipe', 'pipe', ...(ipc ? /** @type {const} */ (['ipc']) : [])],
    });
    return new PinnedProcess(child);
  }

  /** taskset becomes the process that it starts, so this is the id of `node`. */
  get pid() {
    return this.#child.pid ?? 0;
  }

  get running() {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** @param {object} message */
  send(message) {
    this.#child.send(message);
  }

  /**
   * The next message. Rejects when the process ends instead.
   * @returns {Promise<unknown>}
   */
  async message() {
    const abort = new AbortController();
    const message = once(this.#child, 'message', { signal: abort.signal });
    message.catch(() => undefined);
    const ended = this.#ended.then(() => {
      throw new Error(`a process ended early:\n${this.output}`);
    });
    const [content] = await Promise.race([message, ended]).finally(() => abort.abort());
    return content;
  }

  /** Asks it to end, and makes it if it does not. */
  async stop() {
    if (!this.running) return;
    this.#child.kill('SIGTERM');
    const killing = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS_MAX);
    await this.#ended.finally(() => clearTimeout(killing));
  }
}
