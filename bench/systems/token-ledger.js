// @ts-check
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { PinnedProcess } from '../pinned-process.js';
import { accessTokensOf, authorizeFamilies, RESOURCE } from './authorization.js';
import { freePort } from './free-port.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What `npm start` gives Node: flags, and the file to run. */
const START = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'))
  .scripts.start.split(' ')
  .slice(1);
const MAIN = path.join(ROOT, START.at(-1));
const COMMAND_LINE = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const run = promisify(execFile);
const ADMIN_PASSWORD = 'a password for one benchmark';
const START_MS_MAX = 30_000;

const WITHOUT_PROJECTIONS = new URL('../without-projections.js', import.meta.url);

/**
 * The same server with its projections and its sealing off.
 * @param {import('./system.js').StartOrder} order
 */
export async function startRequestPath(order) {
  const nodeFlags = [...order.nodeFlags, '--import', WITHOUT_PROJECTIONS.href];
  return startTokenLedger({ ...order, nodeFlags }, { TOKEN_LEDGER_SEAL_SECONDS: '3600' });
}

/**
 * The built server of this repository, as its README starts it, with families that were authorized
 * through the protocol.
 * @param {import('./system.js').StartOrder} order
 * @param {Record<string, string>} [settings]
 * @returns {Promise<import('./system.js').RunningSystem>}
 */
export async function startTokenLedger(order, settings = {}) {
  const { directory, families, accessTokens } = order;
  const { server, origin: issuer, env } = await startNode(order, settings);
  return orStop(server, async () => {
    const made = await authorizeFamilies({ issuer, password: ADMIN_PASSWORD, families });
    if (accessTokens === 0) return { processes: [server], families: made };
    const service = await serviceOf({ issuer, directory, env, families: made, accessTokens });
    return { processes: [server], families: made, service };
  });
}

/**
 * Starts the built server on a free port, which is its issuer's unless the settings name another, and
 * waits until it is ready.
 * @param {Pick<import('./system.js').StartOrder, 'cores' | 'directory' | 'nodeFlags'>} order
 * @param {Record<string, string>} settings
 */
export async function startNode({ cores, directory, nodeFlags }, settings) {
  if (!existsSync(MAIN)) throw new Error('dist/main.js is missing: npm run build');
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const env = { ...environment(directory, port, origin), ...settings };
  const words = [...nodeFlags, ...START.slice(0, -1), MAIN];
  const server = PinnedProcess.start({ cores, arguments: words, directory, env });
  await orStop(server, () => untilReady(server, origin));
  return { server, origin, env };
}

/**
 * Ends the server when the work with it fails, and says what it printed.
 * @template Outcome
 * @param {PinnedProcess} server
 * @param {() => Promise<Outcome>} work
 */
async function orStop(server, work) {
  try {
    return await work();
  } catch (error) {
    await server.stop();
    throw new Error(`token-ledger did not serve:\n${server.output}`, { cause: error });
  }
}

/**
 * @param {string} directory
 * @param {number} port
 * @param {string} issuer
 */
function environment(directory, port, issuer) {
  const keys = path.join(directory, 'keys');
  mkdirSync(keys);
  return {
    PORT: String(port),
    HOST: '127.0.0.1',
    TOKEN_LEDGER_ISSUER: issuer,
    TOKEN_LEDGER_DATA_DIR: path.join(directory, 'data'),
    TOKEN_LEDGER_MASTER_KEY_FILE: path.join(keys, 'master.key'),
    TOKEN_LEDGER_REGISTRATION: 'open',
    TOKEN_LEDGER_ADMIN_PASSWORD: ADMIN_PASSWORD,
    TOKEN_LEDGER_LOG_LEVEL: 'warn',
  };
}

/**
 * Registers the API that the families' access tokens are for.
 * @param {object} order
 * @param {string} order.issuer
 * @param {string} order.directory
 * @param {Record<string, string>} order.env
 * @param {import('../load.js').Families} order.families
 * @param {number} order.accessTokens
 * @returns {Promise<import('./system.js').Service>}
 */
async function serviceOf({ issuer, directory, env, families, accessTokens }) {
  const words = [
    'client',
    'create',
    '--preset',
    'resource-server',
    '--resource',
    RESOURCE,
    '--json',
  ];
  const options = { cwd: directory, env: { PATH: process.env.PATH, ...env } };
  const { stdout } = await run(process.execPath, [COMMAND_LINE, ...words], options);
  const { clientId, clientSecret } = JSON.parse(stdout);
  const authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;
  return {
    introspections: {
      endpoint: `${issuer}/oauth/introspect`,
      authorization,
      accessTokens: await accessTokensOf(families, accessTokens),
    },
    clientCredentials: {
      endpoint: families.endpoint,
      authorization,
      form: new URLSearchParams({
        grant_type: 'client_credentials',
        scope: 'api',
        resource: RESOURCE,
      }).toString(),
    },
  };
}

/**
 * @param {PinnedProcess} server
 * @param {string} origin
 */
async function untilReady(server, origin) {
  const deadline = Date.now() + START_MS_MAX;
  while (server.running && Date.now() < deadline) {
    const answer = await fetch(`${origin}/.well-known/openid-configuration`).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(100);
  }
  throw new Error(server.running ? 'it is not ready' : 'it ended');
}
