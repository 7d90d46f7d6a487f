import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { openPostgresVault } from '../../src/vault/postgres-vault.js';
import { SealedBox } from '../../src/vault/sealed-box.js';
import type { Vault } from '../../src/vault/vault.port.js';
import { usePostgres } from '../support/postgres-of-file.js';
import { ask, databaseOf, newDatabaseUrl, newRoleUrl } from './postgres-fixtures.js';
import {
  ALICE,
  closedAfterTest,
  keysOf,
  masterKeys,
  PROFILE,
  refusalOf,
} from './vault-fixtures.js';

const postgres = usePostgres();
const PASSWORD = 'of-the-role';

const open = (url: string, statementTimeout?: number): Promise<Vault> =>
  closedAfterTest(openPostgresVault(url, masterKeys, statementTimeout));
const newUrl = () => newDatabaseUrl(postgres());
const nameOf = (url: string) => `postgresql://${new URL(url).host}/${databaseOf(url)}`;

/** The same URL with one thing changed. */
function changed(url: string, change: (parsed: URL) => void): string {
  const parsed = new URL(url);
  change(parsed);
  return parsed.href;
}

const servers: Server[] = [];
const sockets = new Set<Socket>();

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) {
    server.close();
    await once(server, 'close');
  }
});

/** A server of the network on a port of its own. */
async function listen(onConnection: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    hold(socket);
    onConnection(socket);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function hold(socket: Socket): void {
  sockets.add(socket);
  socket.on('error', () => undefined);
  socket.on('close', () => sockets.delete(socket));
}

describe('opening a database of PostgreSQL as the vault is refused', () => {
  it.each([
    ['of another kind', 'mysql://user:secret@host/database'],
    ['that is none', 'secret'],
    ['of a password with a slash', 'postgres://user:12/secret@host/database'],
    ['of a password with a question mark', 'postgres://user:12?secret@host/database'],
    ['of a password with a hash sign', 'postgres://user:12#secret@host/database'],
  ])('with a URL %s', async (_what, url) => {
    const refusal = await refusalOf(open(url));
    expect(refusal).toMatch(/^the URL of the vault is not postgresql:/);
    expect(refusal).not.toMatch(/secret@|secret$|12/);
  });

  it('where nothing listens', async () => {
    const port = await listen(() => undefined);
    const [server] = servers.splice(0);
    server?.close();
    const url = changed(await newUrl(), (parsed) => (parsed.port = String(port)));
    expect(await refusalOf(open(url))).toBe(`the vault ${nameOf(url)} cannot be reached`);
  });

  it('where nobody answers', async () => {
    const port = await listen(() => undefined);
    const url = changed(await newUrl(), (parsed) => (parsed.port = String(port)));
    expect(await refusalOf(open(url))).toBe(`the vault ${nameOf(url)} cannot be reached`);
  });

  it('without TLS where the URL asks for it', async () => {
    const url = changed(await newUrl(), (parsed) => (parsed.search = 'sslmode=verify-full'));
    expect(await refusalOf(open(url))).toBe(
      `the vault ${nameOf(url)} cannot be reached over TLS: check its certificate and the sslmode`,
    );
  });

  it.each([
    ['with a wrong password', (url: URL) => (url.password = 'a-wrong-password')],
    ['without a password', (url: URL) => (url.password = '')],
    ['with an unknown user', (url: URL) => (url.username = 'nobody')],
  ])('%s', async (_what, change) => {
    const url = changed(await newUrl(), change);
    expect(await refusalOf(open(url))).toBe(
      `the vault ${nameOf(url)} refuses this user or password`,
    );
  });

  it('without a word of the password, also in what the error carries', async () => {
    const role = await newRoleUrl(postgres(), await newUrl(), '');
    for (const url of [role, changed(role, (parsed) => (parsed.username = 'nobody'))]) {
      const error: unknown = await open(url).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(Error);
      expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(PASSWORD);
    }
  });

  it('when there is no such database', async () => {
    const url = changed(await newUrl(), (parsed) => (parsed.pathname = '/not_there'));
    expect(await refusalOf(open(url))).toBe(
      `the vault ${nameOf(url)} does not exist: create the database`,
    );
  });

  it('when its user may neither make nor read it', async () => {
    const url = await newUrl();
    const role = await newRoleUrl(postgres(), url, '');
    const refusal = `the vault ${nameOf(url)} cannot be used: its user lacks a permission there`;
    expect(await refusalOf(open(role))).toBe(refusal);
    await open(url);
    expect(await refusalOf(open(role))).toBe(refusal);
  });

  it('when the server has no connection left', async () => {
    const role = await newRoleUrl(
      postgres(),
      await newUrl(),
      'ALTER ROLE $role CONNECTION LIMIT 0',
    );
    expect(await refusalOf(open(role))).toBe(`the vault ${nameOf(role)} has no connection left`);
  });

  it('when it takes no writes', async () => {
    const url = await newUrl();
    await (await open(url)).close();
    await ask(url, `ALTER DATABASE ${databaseOf(url)} SET default_transaction_read_only = on`);
    expect(await refusalOf(open(url))).toBe(
      `the vault ${nameOf(url)} cannot be written: its server is a standby or read-only`,
    );
  });
});

describe('a vault on PostgreSQL goes on', () => {
  it('after its connections were ended', async () => {
    const url = await newUrl();
    const vault = await open(url);
    await vault.putProfile(ALICE, PROFILE);
    const ended = await ask(
      url,
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
       WHERE application_name = 'token-ledger vault' AND datname = current_database()`,
    );
    expect(ended).toContain(true);
    // What the server said last may not have arrived yet.
    await vault.profile(ALICE).catch(() => undefined);
    expect(await vault.profile(ALICE)).toEqual(PROFILE);
  });

  it('after the server was away', async () => {
    const url = await newUrl();
    const vault = await open(url);
    await vault.putProfile(ALICE, PROFILE);
    await postgres().stop();
    const refusals = [vault.profile(ALICE), vault.putProfile(ALICE, PROFILE), vault.erase(ALICE)];
    for (const refusal of refusals) {
      expect(await refusalOf(refusal)).toBe(`the vault ${nameOf(url)} cannot be reached`);
    }
    await postgres().start();
    expect(await vault.profile(ALICE)).toEqual(PROFILE);
  });

  it('after a statement that was kept waiting', async () => {
    const url = await newUrl();
    await (await open(url)).putProfile(ALICE, PROFILE);
    const vault = await open(url, 500);
    const other = new pg.Client({ connectionString: url });
    await other.connect();
    await other.query('BEGIN; LOCK TABLE vault.profiles IN ACCESS EXCLUSIVE MODE');
    expect(await refusalOf(vault.profile(ALICE))).toBe(
      `the vault ${nameOf(url)} did not answer in time`,
    );
    await other.end();
    expect(await vault.profile(ALICE)).toEqual(PROFILE);
  });

  it('after the server vanished without a word in the midst of statements', async () => {
    const direct = await newUrl();
    let isSilent = false;
    const port = await listen((client) => {
      const server = connect(Number(new URL(direct).port), '127.0.0.1');
      hold(server);
      client.on('data', (bytes) => isSilent || server.write(bytes));
      server.on('data', (bytes) => isSilent || client.write(bytes));
      client.on('close', () => server.destroy());
      server.on('close', () => isSilent || client.destroy());
    });
    const url = changed(direct, (parsed) => (parsed.port = String(port)));
    await (await open(url)).putProfile(ALICE, PROFILE);
    const vault = await open(url, 500);
    isSilent = true;
    const asked = Array.from({ length: 6 }, () => refusalOf(vault.profile(ALICE)));
    for (const refusal of await Promise.all(asked)) {
      expect(refusal).toMatch(/^the vault .* (?:cannot be reached|did not answer in time)$/);
    }
    isSilent = false;
    expect(await vault.profile(ALICE)).toEqual(PROFILE);
  });
});

describe('two processes that make a vault on PostgreSQL', () => {
  /** Another process, which has begun to make the vault. */
  async function another(url: string): Promise<pg.Client> {
    const other = new pg.Client({ connectionString: url });
    await other.connect();
    await other.query(
      `BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('token-ledger/vault', 0))`,
    );
    return other;
  }

  it('do it one after the other', async () => {
    const url = await newUrl();
    const other = await another(url);
    expect(await refusalOf(open(url, 200))).toBe(`the vault ${nameOf(url)} did not answer in time`);
    const opening = open(url);
    await waiting(url);
    await other.query('COMMIT');
    await other.end();
    expect(await (await opening).profile(ALICE)).toBeUndefined();
  });

  it('can both be the first one with a new master key', async () => {
    const url = await newUrl();
    await open(url);
    const keys = keysOf({ '1': 1, '2': 2 });
    const box = new SealedBox(keys, 'token-ledger/v1/vault-canary');
    const canary = box.seal(Buffer.from('token-ledger'), 'canaries/2');
    const other = new pg.Client({ connectionString: url });
    await other.connect();
    await other.query('BEGIN');
    await other.query(`INSERT INTO vault.canaries VALUES ('2', $1)`, [canary]);
    const opening = closedAfterTest(openPostgresVault(url, keys));
    await waiting(url);
    await other.query('COMMIT');
    await other.end();
    expect(await (await opening).profile(ALICE)).toBeUndefined();
  });

  it('see it when the other one is of a newer version', async () => {
    const url = await newUrl();
    const other = await another(url);
    const refusal = refusalOf(open(url));
    await waiting(url);
    await other.query(
      `CREATE SCHEMA vault;
       CREATE TABLE vault.migrations (id serial PRIMARY KEY, timestamp bigint, name text);
       INSERT INTO vault.migrations (timestamp, name) VALUES (9, 'Later9'); COMMIT`,
    );
    await other.end();
    expect(await refusal).toMatch(
      /was written by a newer version of Token Ledger \(schema Later9\)/,
    );
  });
});

/** Answers when somebody waits for a lock in this database. */
async function waiting(url: string): Promise<void> {
  const asked = `SELECT 1 FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  while ((await ask(url, asked)).length === 0);
}
