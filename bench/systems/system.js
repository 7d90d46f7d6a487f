// @ts-check
import { onPostgres } from './postgres.js';
import { startServer } from './server-process.js';
import { startNodes } from './token-ledger-nodes.js';
import { startRequestPath, startTokenLedger } from './token-ledger.js';

/**
 * A server under test.
 * @typedef {object} System
 * @property {string} name on the command line
 * @property {string} title in reports
 * @property {string} description a sentence's end for reports: what it is, and what it keeps
 * @property {string} [packageName] the package that it is, when that is somebody else's
 * @property {boolean} isBase whether reports say how the others compare with it
 * @property {boolean} hasService whether it does more than rotate here: it makes a `Service`
 * @property {number} [coresMax] more cores are of no use to it: all it does is on one thread
 * @property {'also' | 'only'} [sharedCores] whether it is measured on cores that it shares with its
 *   database: besides those that --cores names, or on no others
 * @property {(order: StartOrder) => Promise<RunningSystem>} start
 *
 * @typedef {object} StartOrder
 * @property {readonly number[]} cores the cores that it may use
 * @property {readonly number[]} databaseCores those of a database that is a process of its own
 * @property {string} directory empty, its own
 * @property {number} families how many to make
 * @property {number} accessTokens how many to make for a service; 0 when there is to be none
 * @property {readonly string[]} nodeFlags
 *
 * @typedef {object} RunningSystem
 * @property {readonly import('../pinned-process.js').PinnedProcess[]} processes the server's
 * @property {import('../load.js').Families} families
 * @property {Service} [service]
 * @property {import('../pinned-process.js').PinnedProcess} [database] one of its own
 *
 * What an API with a secret does: it asks about its callers' access tokens, and gets its own.
 * @typedef {object} Service
 * @property {import('../load.js').Introspections} introspections
 * @property {import('../load.js').ClientCredentials} clientCredentials
 */

/** @type {readonly System[]} */
export const SYSTEMS = [
  {
    name: 'token-ledger',
    title: 'token-ledger, SQLite',
    description:
      'the built server on SQLite; the families are authorized through the protocol. A rotation is acknowledged after a durable commit.',
    isBase: true,
    hasService: true,
    start: startTokenLedger,
  },
  {
    name: 'token-ledger-path',
    title: 'token-ledger, views and sealing off',
    description: 'the same without what runs beside the requests.',
    isBase: false,
    hasService: false,
    start: startRequestPath,
  },
  {
    name: 'token-ledger-postgres',
    title: 'token-ledger, PostgreSQL',
    description: 'the same server on a PostgreSQL of its own.',
    isBase: true,
    hasService: true,
    sharedCores: 'also',
    start: onPostgres((order, url) => startTokenLedger(order, { TOKEN_LEDGER_DATABASE: url })),
  },
  {
    name: 'token-ledger-postgres-three',
    title: 'token-ledger, PostgreSQL, three processes',
    description:
      'three of these servers on one PostgreSQL, as one issuer. The connections are spread evenly over them, and a family stays on its connection, as behind a balancer with sticky sessions.',
    isBase: true,
    hasService: false,
    sharedCores: 'only',
    start: onPostgres((order, url) => startNodes(order, url)),
  },
  {
    name: 'token-ledger-postgres-three-roaming',
    title: 'token-ledger, PostgreSQL, three processes, roaming',
    description:
      'the same without sticky sessions: each rotation of a family goes to another server than the one before, which made its newest state.',
    isBase: false,
    hasService: false,
    sharedCores: 'only',
    start: onPostgres(async (order, url) => {
      const running = await startNodes(order, url);
      return { ...running, families: { ...running.families, isRoaming: true } };
    }),
  },
  {
    name: 'oidc-memory',
    title: 'oidc-provider, in memory',
    description: 'keeps everything in Maps: nothing survives a restart.',
    packageName: 'oidc-provider',
    isBase: false,
    hasService: true,
    coresMax: 1,
    start: async (order) => startServer('oidc-provider.server.js', order, 'memory'),
  },
  {
    name: 'oidc-sqlite',
    title: 'oidc-provider, SQLite',
    description:
      'the same configuration on better-sqlite3 (WAL, `synchronous=FULL`), one durable commit for each write that the library asks for.',
    packageName: 'oidc-provider',
    isBase: false,
    hasService: true,
    coresMax: 1,
    start: async (order) => startServer('oidc-provider.server.js', order, 'sqlite'),
  },
  {
    name: 'oidc-postgres',
    title: 'oidc-provider, PostgreSQL',
    description:
      'the same configuration on a PostgreSQL of its own through a pool of 32 connections, with prepared statements and one durable commit for each write that the library asks for.',
    packageName: 'oidc-provider',
    isBase: false,
    hasService: true,
    coresMax: 1,
    start: onPostgres((order, url) => startServer('oidc-provider.server.js', order, url)),
  },
  {
    name: 'node-oauth',
    title: '@node-oauth/oauth2-server, SQLite',
    description:
      'the library on node:http with a model on better-sqlite3 (WAL, `synchronous=FULL`): a rotation deletes the refresh token and inserts the next one, in two durable commits. It does less than the others: a used token is gone, so its reuse is not told from nonsense and ends nothing; there are no grants, families or audit; tokens are stored as they are.',
    packageName: '@node-oauth/oauth2-server',
    isBase: false,
    hasService: false,
    coresMax: 1,
    start: async (order) => startServer('node-oauth.server.js', order),
  },
  {
    name: 'better-auth',
    title: 'better-auth, SQLite',
    description:
      'better-auth with its OAuth provider plugin on better-sqlite3 (WAL, `synchronous=FULL`), its defaults but for ES256 and the rate limit, which is off: a rotation marks the refresh token used and inserts the next one, in two durable commits. It reads client, user, resource and signing key from the database each time. A reused token ends all refresh tokens of the same client and user.',
    packageName: '@better-auth/oauth-provider',
    isBase: false,
    hasService: false,
    coresMax: 1,
    start: async (order) => startServer('better-auth.server.js', order),
  },
];
