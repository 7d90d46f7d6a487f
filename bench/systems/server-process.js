// @ts-check
import { fileURLToPath } from 'node:url';
import { PinnedProcess } from '../pinned-process.js';

/**
 * Starts a script of this directory that serves a system, and waits for what it says
 * through `served`.
 * @param {string} script
 * @param {import('./system.js').StartOrder} order
 * @param {string} [store] of what it has several of
 * @returns {Promise<import('./system.js').RunningSystem>}
 */
export async function startServer(script, order, store = '') {
  const { cores, directory, families, accessTokens, nodeFlags } = order;
  const file = fileURLToPath(new URL(script, import.meta.url));
  const server = PinnedProcess.start({
    cores,
    arguments: [...nodeFlags, file, String(families), String(accessTokens), store],
    directory,
    ipc: true,
  });
  const made = /** @type {import('./served.js').Made} */ (await server.message());
  return { processes: [server], ...made };
}
