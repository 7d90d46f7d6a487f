import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startServer } from '../../src/cli/serve.js';
import { newUuid } from '../../src/config/random-identifiers.js';
import { EraseAccount } from '../../src/directory/erase-account.handler.js';
import { Ledger } from '../../src/ledger/ledger.port.js';
import { openPostgresLedger } from '../../src/ledger/postgres/open-postgres-ledger.js';
import { openPostgresTarget } from '../../src/ledger/postgres/postgres-ledger.target.js';
import { holdLedger } from '../../src/ledger/sqlite/standing-ledger.js';
import { createServiceLog } from '../../src/operations/service-log.js';
import { openPostgresVault } from '../../src/vault/postgres-vault.js';
import { growLedger } from '../ledger/sealing/sealed-ledger.js';
import { beginFamily, refresh, type Tokens } from '../support/http-flow.js';
import {
  HttpServer,
  type TestAccount,
  type TestClient,
  TestClock,
} from '../support/http-server.js';
import { queryDatabase } from '../support/ledger-postgres.js';
import { tamper } from '../support/ledger-tampering.js';
import { usePostgres } from '../support/postgres-of-file.js';
import { keysOf } from '../vault/vault-fixtures.js';
import { endProcesses, runBuilt, temporaryDirectories, useBuild } from './built-processes.js';

const CLI = resolve(import.meta.dirname, '../../dist/cli.js');
/** Enough for a copy to be killed in the middle of it. */
const ADMINISTRATION_EVENTS = 12_000;
/** After sending so many bytes more each copy is killed: before its first event, and later. */
const KILLED_AFTER_BYTES = [30_000, 1_000_000, 1_000_000, 1_000_000];

useBuild();
const newDirectory = temporaryDirectories();
afterAll(endProcesses);

const clock = new TestClock();
let server: HttpServer;
let shop: TestClient;
let ana: TestAccount;
let history: History;

beforeAll(async () => {
  server = await HttpServer.start();
  server.expectError(/an old copy of it was restored/);
  shop = await server.register('native');
  ana = await server.createAccount();
  history = await makeHistory();
}, 60_000);

afterAll(() => server.close());
// Ended after the server: what is defined later is.
const postgres = usePostgres();

/** What a server made, and what its clients hold. */
interface History {
  readonly untouched: Tokens;
  /** A refresh token whose answer was lost on its way. */
  readonly unanswered: string;
  readonly lost: Tokens;
  readonly events: number;
  /** The data directory and the checkpoint file as they are then. */
  readonly backup: string;
  readonly kept: string;
}

/** Families, an erased person, an epoch that was begun after an old copy was put back, checkpoints. */
async function makeHistory(): Promise<History> {
  const { dataDirectory, checkpointFile } = server.settings;
  const [old, backup, outside] = [newDirectory(), newDirectory(), newDirectory()];
  const gone = await server.createAccount('gone', { email: 'gone@example.com' });
  await beginFamily(server, shop, gone);
  await server.execute(
    new EraseAccount(gone.subject, { actor: 'operator', correlationId: newUuid() }),
  );
  await server.restart(() => cpSync(dataDirectory, old, { recursive: true }));
  await beginFamily(server, shop, ana);
  await server.restart(async () => {
    rmSync(dataDirectory, { recursive: true });
    cpSync(old, dataDirectory, { recursive: true });
    expect(await run(['recover', '--yes'])).toMatchObject({ code: 0 });
  });
  await growLedger(server.get(Ledger), ADMINISTRATION_EVENTS);
  const untouched = await beginFamily(server, shop, ana);
  const { refresh_token: unanswered } = await beginFamily(server, shop, ana);
  const { body: lost } = await refresh(server, shop, unanswered);
  const events = await server.get(Ledger).size();
  const kept = join(outside, 'kept.checkpoints');
  await server.restart(() => {
    copyFileSync(checkpointFile, kept);
    cpSync(dataDirectory, backup, { recursive: true });
  });
  return { untouched, unanswered, lost, events, backup, kept };
}

function environmentOf(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const { port, issuer, dataDirectory, masterKeyFile } = server.settings;
  return {
    PATH: process.env['PATH'] ?? '',
    PORT: String(port),
    TOKEN_LEDGER_ISSUER: issuer,
    TOKEN_LEDGER_DATA_DIR: dataDirectory,
    TOKEN_LEDGER_MASTER_KEY_FILE: masterKeyFile,
    ...more,
  };
}

/** Runs the command line on the server's directories. */
function run(words: readonly string[], more: Readonly<Record<string, string>> = {}) {
  return runBuilt('cli.js', words, { directory: newDirectory(), environment: environmentOf(more) });
}

/** The words that copy the ledger of a data directory. */
const copying = (dataDirectory: string, ...words: readonly string[]): readonly string[] => [
  'migrate-store',
  '--from',
  `sqlite:${join(dataDirectory, 'ledger.sqlite')}`,
  ...words,
];

/** The settings of what was kept of the history. */
const backedUp = () => ({
  TOKEN_LEDGER_DATA_DIR: history.backup,
  TOKEN_LEDGER_CHECKPOINT_FILE: history.kept,
});

const newDatabase = async (): Promise<string> => postgres().url(await postgres().createDatabase());

const oneLine = (complaint: RegExp) => ({
  code: 1,
  stderr: expect.stringMatching(complaint) as unknown,
});

describe('a ledger that a server made on SQLite', () => {
  it('is not copied while the server runs', async () => {
    const words = copying(server.settings.dataDirectory, '--to', await newDatabase());
    expect(await run(words)).toMatchObject(oneLine(/^error: another server is running on .+\n$/));
  });

  it('is copied, however often that is killed, and goes on in PostgreSQL where it was', async () => {
    const { untouched, unanswered, lost, events, kept } = history;
    const stoppedAt = performance.now();
    const owner = await newDatabase();
    const serving = await servingRole(owner);
    const onPostgres = { postgresUrl: serving, postgresOwnerUrl: owner };
    const words = copying(server.settings.dataDirectory, '--to', owner);
    await server.restart(async () => {
      for (const bytes of KILLED_AFTER_BYTES) await killCopyAfter(owner, bytes);
      const rows = await queryDatabase(owner, 'SELECT FROM ledger.events');
      expect(rows.length).toBeGreaterThan(0);
      expect(rows.length).toBeLessThan(events);
      await expect(startAlone(owner)).rejects.toThrow(/not copied to its end/);
      const isUnfinished =
        /^error: the database 127\S+ holds a ledger that was not copied to its end: .+\n$/;
      const unverified = await run(['verify'], { TOKEN_LEDGER_DATABASE: owner });
      expect(unverified).toEqual({ stdout: '', ...oneLine(isUnfinished) });
      const { code, stdout, stderr } = await run([...words, '--json']);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(JSON.parse(stdout)).toMatchObject({ events, eventsBefore: rows.length, epoch: 1 });
      // However long that took: an answer that was lost before it can be had again.
      clock.pass(Math.floor(stoppedAt - performance.now()));
    }, onPostgres);
    const again = await refresh(server, shop, unanswered);
    expect(again.body.refresh_token).toBe(lost.refresh_token);
    for (const { refresh_token: token } of [
      lost,
      untouched,
      await beginFamily(server, shop, ana),
    ]) {
      expect((await refresh(server, shop, token)).status).toBe(200);
    }

    const shared = { TOKEN_LEDGER_DATABASE: serving };
    const newest = join(newDirectory(), 'newest.checkpoint');
    writeFileSync(newest, readFileSync(kept, 'utf8').trim().split('\n').at(-1) ?? '');
    const verified = await run(['verify', '--against', newest, '--json'], shared);
    expect(JSON.parse(verified.stdout)).toMatchObject({ problems: [], kept: 1 });
    const { stdout: accounts } = await run(['account', 'list', '--json'], shared);
    expect(accounts).toContain(ana.subject);
    expect(accounts).toContain(ana.username.toLowerCase());
    expect(accounts).not.toContain('gone@example.com');

    await server.restart(async () => {
      const isOld = /^error: an old copy of the ledger was put back: .+\n$/;
      expect(await run(words)).toMatchObject(oneLine(isOld));
      await expect(startAlone()).rejects.toMatchObject({ code: 'ledger_rolled_back' });
    }, onPostgres);
  }, 120_000);
});

describe('whoever copies a ledger', () => {
  it('is told what to do next, and can give the password by PGPASSWORD', async () => {
    const url = new URL(await newDatabase());
    const environment = { ...backedUp(), PGPASSWORD: url.password };
    url.password = '';
    const words = copying(history.backup, '--to', url.href);
    const { code, stdout, stderr } = await run(words, environment);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const told = stdout.slice(stdout.indexOf('The ledger and its vault'));
    expect(told).toMatch(/^The ledger and its vault are in 127\S+, verified: \d+,\d+ events in /);
    expect(told).toContain('Set TOKEN_LEDGER_DATABASE to that URL and start the server');
    expect(told).toMatch(/Master key +.+master\.key\nCheckpoint file +.+kept\.checkpoints\n/);
    expect(told).toMatch(/Put .+ledger\.sqlite away, and start no server on it again/);
    expect(await run(words, environment)).toMatchObject(
      oneLine(/^error: 127\S+ holds this ledger already: set TOKEN_LEDGER_DATABASE to it\n$/),
    );
  });
});

describe('a copy is refused', () => {
  it.each([
    [
      'from what is no file of SQLite',
      ['--from', 'postgres://a@b/c', '--to', 'postgres://a@b/c'],
      /^error: --from must be sqlite: and the path of a ledger file\n$/,
    ],
    [
      'from where there is nothing',
      ['--from', 'sqlite:nowhere.sqlite', '--to', 'postgres://a@b/c'],
      /^error: there is no ledger at .+nowhere\.sqlite\n$/,
    ],
    [
      'to what is no database, whose password is not repeated',
      ['--to', 'mysql://owner:hidden@db/ledger'],
      /^error: --to must be a postgres:\/\/ URL with a database\n$/,
    ],
    [
      'to a database that cannot be reached',
      ['--to', 'postgres://owner:hidden@127.0.0.1:1/ledger'],
      /^error: the database 127\.0\.0\.1:1\/ledger cannot be read or written: [^\n]+\n$/,
    ],
  ])('%s', async (_, words, complaint) => {
    const ended = await run(copying(history.backup, ...words), backedUp());
    expect(ended).toMatchObject(oneLine(complaint));
    expect(ended.stderr).not.toContain('hidden');
  });

  it('from a ledger that was changed, and nothing of it is written', async () => {
    const url = await newDatabase();
    const changed = newDirectory();
    cpSync(history.backup, changed, { recursive: true });
    tamper(join(changed, 'ledger.sqlite'), (database) => {
      database.exec(`UPDATE events SET body = replace(body, '"action-', '"other-')
        WHERE position = 1000`);
    });
    const environment = { ...backedUp(), TOKEN_LEDGER_DATA_DIR: changed };
    const ended = await run(copying(changed, '--to', url), environment);
    expect(ended).toMatchObject(
      oneLine(/^error: .+ledger\.sqlite is not intact: .+ at position .+\n$/),
    );
    for (const table of ['events', 'transfer', 'streams']) {
      expect(await queryDatabase(url, `SELECT FROM ledger.${table}`)).toHaveLength(0);
    }
  });

  it('to its end when an event was changed in the database, which nobody serves then', async () => {
    const url = await newDatabase();
    const { backup } = history;
    const held = holdLedger({ dataDirectory: backup, ledgerFile: join(backup, 'ledger.sqlite') });
    const target = await openPostgresTarget(url);
    await target.begin((await held.source.log()).rows[0]?.origin ?? '');
    const [first, ...others] = await held.source.events(-1, 9, { index: 0, count: 1 });
    if (first === undefined) throw new Error('there is no event');
    const body = first.body.replace('"actor":"', '"actor":"x');
    await target.addEvents([{ ...first, body }, ...others]);
    await target.close();
    await held.close();
    const ended = await run(copying(backup, '--to', url), backedUp());
    expect(ended).toMatchObject(
      oneLine(
        /^error: the copy in 127\S+ is not intact: .+: empty that database and begin anew\n$/,
      ),
    );
    await expect(openPostgresLedger({ url })).rejects.toThrow(/not copied to its end/);
  });

  it('with another master key than the vault was written with', async () => {
    const environment = { ...backedUp(), TOKEN_LEDGER_MASTER_KEY: 'A'.repeat(43) };
    const ended = await run(copying(history.backup, '--to', await newDatabase()), environment);
    expect(ended).toMatchObject(oneLine(/^error: the vault .+ a different master key .+\n$/));
  });

  it('to a database whose vault is somebody else’s', async () => {
    const url = await newDatabase();
    const vault = await openPostgresVault(url, keysOf({ '1': 7 }));
    await vault.close();
    const ended = await run(copying(history.backup, '--to', url), backedUp());
    expect(ended).toMatchObject(oneLine(/holds a vault: give an empty database\n$/));
  });
});

const startAlone = (postgresUrl?: string) =>
  startServer({ ...server.settings, postgresUrl }, { log: createServiceLog('silent') });

/** The URL of a database as a role that is to serve requests and owns nothing. */
async function servingRole(ownerUrl: string): Promise<string> {
  const database = new URL(ownerUrl).pathname.slice(1);
  const role = { name: `serving_${database}`, password: 'of-the-serving-role' };
  await postgres().run(database, `CREATE ROLE ${role.name} LOGIN PASSWORD '${role.password}'`);
  return postgres().url(database, role);
}

/** Starts a copy and kills it with SIGKILL once it has sent so many bytes to the database. */
async function killCopyAfter(ownerUrl: string, bytes: number): Promise<void> {
  const { hostname, port } = new URL(ownerUrl);
  let sent = 0;
  const network = createServer((client) => {
    const database = connect(Number(port), hostname);
    client.on('data', (some) => {
      sent += some.length;
      if (sent < bytes) database.write(some);
      else copy.kill('SIGKILL');
    });
    database.pipe(client);
    for (const socket of [client, database]) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        database.destroy();
      });
    }
  });
  network.listen(0, '127.0.0.1');
  await once(network, 'listening');
  const url = new URL(ownerUrl);
  url.port = String((network.address() as AddressInfo).port);
  const words = copying(server.settings.dataDirectory, '--to', url.href);
  const copy = spawn(process.execPath, [CLI, ...words], { env: environmentOf(), stdio: 'ignore' });
  const [, signal] = (await once(copy, 'exit')) as [number | null, string | null];
  network.close();
  await once(network, 'close');
  expect(signal).toBe('SIGKILL');
}
