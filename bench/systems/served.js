// @ts-check
import { once } from 'node:events';
import { createServer } from 'node:http';

/**
 * What a server has made for the load.
 * @typedef {Pick<import('./system.js').RunningSystem, 'families' | 'service'>} Made
 *
 * @typedef {object} Wanted
 * @property {number} families
 * @property {number} accessTokens
 * @property {string} store
 */

/** What `startServer` asks of this process. @type {Wanted} */
export const wanted = {
  families: Number(process.argv[2]),
  accessTokens: Number(process.argv[3]),
  store: process.argv[4] ?? '',
};

/** Listens on a free port of this machine. */
export async function listen() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return { server, origin: `http://127.0.0.1:${port}` };
}

/**
 * Tells the parent that the system serves; this process ends with it.
 * @param {Made} made
 */
export function served(made) {
  process.on('disconnect', () => process.exit());
  process.on('SIGTERM', () => process.exit());
  process.send?.(made);
}
