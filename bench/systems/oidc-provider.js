import { fileURLToPath } from 'node:url';
import { PinnedProcess } from '../pinned-process.js';

const SERVER = fileURLToPath(new URL('oidc-provider.server.js', import.meta.url));

/**
 * oidc-provider on one of its stores.
 * @param {'memory' | 'sqlite'} store
 * @returns {import('./system.js').System['start']}
 */
export function startOidcProvider(store) {
  return async ({ cores, directory, families, nodeFlags }) => {
    const server = PinnedProcess.start({
      cores,
      arguments: [...nodeFlags, SERVER, store, String(families)],
      directory,
      ipc: true,
    });
    const made = /** @type {import('../load.js').Families} */ (await server.message());
    return { process: server, families: made };
  };
}
