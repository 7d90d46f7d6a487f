import { startOidcProvider } from './oidc-provider.js';
import { startTokenLedgerOnPostgres } from './postgres.js';
import { startRequestPath, startTokenLedger } from './token-ledger.js';

/**
 * A server under test.
 * @typedef {object} System
 * @property {string} name on the command line
 * @property {string} title in reports
 * @property {number} [coresMax] more cores are of no use to it: all it does is on one thread
 * @property {(order: StartOrder) => Promise<RunningSystem>} start
 *
 * @typedef {object} StartOrder
 * @property {readonly number[]} cores the cores that it may use
 * @property {readonly number[]} databaseCores those of a database that is a process of its own
 * @property {string} directory empty, its own
 * @property {number} families how many to make
 * @property {readonly string[]} nodeFlags
 *
 * @typedef {object} RunningSystem
 * @property {import('../pinned-process.js').PinnedProcess} process
 * @property {import('../load.js').Families} families
 * @property {import('../pinned-process.js').PinnedProcess} [database] one of its own
 */

/** @type {readonly System[]} */
export const SYSTEMS = [
  { name: 'token-ledger', title: 'token-ledger', start: startTokenLedger },
  {
    name: 'token-ledger-path',
    title: 'token-ledger, views and sealing off',
    start: startRequestPath,
  },
  {
    name: 'token-ledger-postgres',
    title: 'token-ledger, PostgreSQL',
    start: startTokenLedgerOnPostgres,
  },
  {
    name: 'oidc-memory',
    title: 'oidc-provider, in memory',
    coresMax: 1,
    start: startOidcProvider('memory'),
  },
  {
    name: 'oidc-sqlite',
    title: 'oidc-provider, SQLite',
    coresMax: 1,
    start: startOidcProvider('sqlite'),
  },
];
