import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readSettings, type Settings } from '../../src/config/settings.js';
import { openPostgresSource } from '../../src/ledger/postgres/postgres-ledger.source.js';
import type { VerificationProblem } from '../../src/ledger/verification/verification-problems.js';
import { verifyLedger } from '../../src/ledger/verification/verify-ledger.js';
import { queryDatabase } from '../support/ledger-postgres.js';
import { openPostgresProxy, type PostgresProxy } from '../support/postgres-proxy.js';
import { freePort, type PostgresServer, startPostgres } from '../support/postgres-server.js';
import { type ServerProcess, startServerProcess } from '../support/server-process.js';
import type { LedgerEvent } from './history.js';

const PRELOAD = pathToFileURL(join(import.meta.dirname, 'node-preload.js')).href;
/** What was acknowledged survives a crash of PostgreSQL, and one of the system. */
export const DURABLE = { fsync: 'on', synchronous_commit: 'on' };

/** One server of a cluster: a process, its way to PostgreSQL, and a clock. */
export interface FaultNode {
  readonly name: string;
  /** Where it listens. */
  readonly address: string;
  /** Its way to PostgreSQL, which a test disturbs. */
  readonly network: PostgresProxy;
  /** What it said since it was last started. */
  readonly said: string;
  /** How much memory its process has, in bytes. */
  readonly residentBytes: number;
  /** Starts it, and waits until it answers. */
  start(): Promise<void>;
  /** Ends it with SIGKILL. */
  kill(): Promise<void>;
  /** Stops it where it stands, until it is resumed. */
  pause(): void;
  resume(): void;
  /** Lets its clock be so many milliseconds ahead of the machine's. */
  setClockAhead(milliseconds: number): void;
}

/** Three servers on one PostgreSQL. */
export interface FaultCluster {
  readonly postgres: PostgresServer;
  readonly nodes: readonly [FaultNode, FaultNode, FaultNode];
  /** Of all nodes together. */
  readonly settings: Settings;
  /** Runs statements as the owner of the ledger, past all nodes; answers with the rows of the last one. */
  query<Row extends object>(sql: string): Promise<readonly Row[]>;
  /** The whole ledger, as it stands in the database. */
  events(): Promise<readonly LedgerEvent[]>;
  /** Leads all nodes, and this cluster's own questions, to another PostgreSQL with the same data. */
  moveTo(postgres: PostgresServer): void;
  /** What a verification of the ledger finds, against the checkpoints that each of the nodes has kept. */
  problems(): Promise<readonly VerificationProblem[]>;
  /** Whether it is being removed: nobody is to wait for an answer any more. */
  readonly isRemoved: boolean;
  /** Ends all of it, whatever state it is in, and removes what it kept. */
  remove(): Promise<void>;
}

/** How a cluster is told to be otherwise. */
export interface ClusterOptions {
  /** Settings of PostgreSQL. */
  readonly postgres?: Readonly<Record<string, string>>;
  /** Below which PostgreSQL keeps its data. */
  readonly directory?: string | undefined;
  /** Settings of all nodes. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Starts PostgreSQL and three nodes on it, the first of which makes the ledger. */
export async function startCluster(options: ClusterOptions = {}): Promise<FaultCluster> {
  const postgres = await startPostgres({ ...DURABLE, ...options.postgres }, options.directory);
  const directory = mkdtempSync(join(tmpdir(), 'token-ledger-faults-'));
  const started: StartedNode[] = [];
  let isRemoved = false;
  const remove = async (): Promise<void> => {
    isRemoved = true;
    for (const node of started) {
      await node.kill();
      await node.network.close();
    }
    await postgres.remove();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const database = await makeDatabase(postgres);
    const shared = {
      HOST: '127.0.0.1',
      TOKEN_LEDGER_ISSUER: `http://127.0.0.1:${await freePort()}`,
      TOKEN_LEDGER_MASTER_KEY: randomBytes(32).toString('base64url'),
      TOKEN_LEDGER_DATABASE: database.url,
      TOKEN_LEDGER_DATABASE_OWNER: database.ownerUrl,
      TOKEN_LEDGER_RETRY_WINDOW_SECONDS: '60',
      // No code expires while clients wait for their turn.
      TOKEN_LEDGER_CODE_SECONDS: '600',
      TOKEN_LEDGER_SEAL_SECONDS: '1',
      TOKEN_LEDGER_TRUSTED_PROXIES: 'loopback',
      ...options.environment,
    };
    for (const name of ['a', 'b', 'c']) {
      started.push(await StartedNode.prepare(name, join(directory, name), shared));
    }
    const nodes = started as unknown as [StartedNode, StartedNode, StartedNode];
    const [first, ...others] = nodes;
    await first.start();
    await Promise.all(others.map((node) => node.start()));
    return {
      postgres,
      nodes,
      settings: readSettings({ ...shared, ...directoriesIn(join(directory, 'operator')) }),
      query: (sql) => queryDatabase(database.ownerUrl, sql),
      events: () => eventsOf(database.ownerUrl),
      problems: () => problemsOf(database.ownerUrl, nodes),
      moveTo: (other) => {
        database.ownerUrl = other.url(database.name);
        for (const { network } of nodes) network.redirect(database.ownerUrl);
      },
      get isRemoved() {
        return isRemoved;
      },
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** A database that one role owns and another one serves requests from. */
async function makeDatabase(
  postgres: PostgresServer,
): Promise<{ readonly name: string; readonly url: string; ownerUrl: string }> {
  const role = { name: 'runtime', password: randomBytes(16).toString('hex') };
  await postgres.run('postgres', `CREATE ROLE ${role.name} LOGIN PASSWORD '${role.password}'`);
  const name = await postgres.createDatabase();
  return { name, url: postgres.url(name, role), ownerUrl: postgres.url(name) };
}

const directoriesIn = (directory: string) => ({
  TOKEN_LEDGER_DATA_DIR: join(directory, 'data'),
  TOKEN_LEDGER_CHECKPOINT_FILE: join(directory, 'checkpoints'),
});

class StartedNode implements FaultNode {
  said = '';
  private server: ServerProcess | undefined;

  private constructor(
    readonly name: string,
    readonly address: string,
    readonly network: PostgresProxy,
    readonly checkpointFile: string,
    private readonly environment: Readonly<Record<string, string>>,
    private readonly clockFile: string,
  ) {}

  static async prepare(
    name: string,
    directory: string,
    shared: Readonly<Record<'TOKEN_LEDGER_DATABASE', string>>,
  ): Promise<StartedNode> {
    const port = await freePort();
    const network = await openPostgresProxy(shared.TOKEN_LEDGER_DATABASE);
    const directories = directoriesIn(directory);
    const clockFile = `${directory}.clock`;
    writeFileSync(clockFile, '0');
    const environment = {
      ...shared,
      ...directories,
      PORT: String(port),
      TOKEN_LEDGER_DATABASE: network.url,
      NODE_OPTIONS: `--import=${PRELOAD}`,
      TEST_CLOCK_FILE: clockFile,
    };
    const { TOKEN_LEDGER_CHECKPOINT_FILE: checkpointFile } = directories;
    const address = `http://127.0.0.1:${port}`;
    return new StartedNode(name, address, network, checkpointFile, environment, clockFile);
  }

  get residentBytes(): number {
    const status = readFileSync(`/proc/${this.running.process.pid}/status`, 'utf8');
    return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
  }

  async start(): Promise<void> {
    this.said = '';
    this.server = await startServerProcess(this.environment, this.address);
    this.server.process.stdout?.on('data', (chunk: Buffer) => (this.said += chunk.toString()));
  }

  async kill(): Promise<void> {
    await this.server?.kill();
    this.server = undefined;
  }

  pause(): void {
    this.running.process.kill('SIGSTOP');
  }

  resume(): void {
    this.running.process.kill('SIGCONT');
  }

  setClockAhead(milliseconds: number): void {
    writeFileSync(this.clockFile, String(milliseconds));
  }

  private get running(): ServerProcess {
    if (this.server === undefined) throw new Error(`node ${this.name} does not run`);
    return this.server;
  }
}

async function eventsOf(url: string): Promise<readonly LedgerEvent[]> {
  const rows = await queryDatabase<{
    position: string;
    stream_id: string;
    stream_version: number;
    type: string;
    body: string;
  }>(url, 'SELECT * FROM ledger.events ORDER BY position');
  return rows.map((row) => ({
    position: Number(row.position),
    streamId: row.stream_id,
    streamVersion: row.stream_version,
    type: row.type,
    data: (JSON.parse(row.body) as Pick<LedgerEvent, 'data'>).data,
  }));
}

async function problemsOf(
  url: string,
  nodes: readonly Pick<StartedNode, 'checkpointFile'>[],
): Promise<readonly VerificationProblem[]> {
  const source = await openPostgresSource(url);
  try {
    const found: VerificationProblem[] = [];
    for (const { checkpointFile } of nodes) {
      found.push(...(await verifyLedger(source, { checkpointFile })).problems);
    }
    return found;
  } finally {
    await source.close();
  }
}
