import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { LedgerUnavailable } from '../../src/ledger/ledger.errors.js';
import type { Ledger } from '../../src/ledger/ledger.port.js';
import { LOG_LOCK_CLASS } from '../../src/ledger/migrations/postgres-append-function.js';
import { openPostgresLedger } from '../../src/ledger/postgres/open-postgres-ledger.js';
import type { PostgresLedger } from '../../src/ledger/postgres/postgres-ledger.js';
import {
  append,
  clientRegistered,
  count,
  decideOn,
  metadataNamed,
} from '../support/ledger-executions.js';
import { expectLedgerError } from '../support/ledger-faults.js';
import {
  openPostgresStore,
  type PostgresLedgerStore,
  queryDatabase,
  takeDatabase,
} from '../support/ledger-postgres.js';
import { openPostgresProxy, type PostgresProxy } from '../support/postgres-proxy.js';
import { usePostgres } from '../support/postgres-of-file.js';

const server = usePostgres();

/** Lets nobody write to a database in a session that begins from now on, or everybody again. */
async function setReadOnly(ownerUrl: string, isOn: 'on' | 'off'): Promise<void> {
  const name = new URL(ownerUrl).pathname.slice(1);
  await server().run(
    'postgres',
    `ALTER DATABASE ${name} SET default_transaction_read_only = ${isOn}`,
  );
  await server().run(
    'postgres',
    `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '${name}'`,
  );
}

describe('opening a ledger on PostgreSQL', () => {
  let database: Awaited<ReturnType<typeof takeDatabase>>;
  const open = (url = database.ownerUrl) => openPostgresLedger({ url });

  beforeEach(async () => {
    database = await takeDatabase(server());
  });

  afterEach(async () => {
    await database.giveBack();
  });

  async function expectRefused(
    url: string,
    code: Parameters<typeof expectLedgerError>[1],
    ...words: readonly string[]
  ): Promise<void> {
    await expectLedgerError(open(url), code, ...words);
    const error: unknown = await open(url).catch((reason: unknown) => reason);
    const { password } = new URL(database.ownerUrl);
    const told = JSON.stringify([error, (error as Error).message, String((error as Error).stack)]);
    expect(told).not.toContain(password);
    expect(told).not.toContain('hunter2');
  }

  it('makes its tables once, however many processes open it at once', async () => {
    const ledgers = await Promise.all(Array.from({ length: 4 }, () => open()));
    await Promise.all(ledgers.map((ledger) => count(ledger, 'a')));
    expect(await ledgers[0]?.size()).toBe(4);
    const logs = await Promise.all(ledgers.map((ledger) => ledger.log()));
    expect(new Set(logs.map(({ origin }) => origin)).size).toBe(1);
    for (const ledger of ledgers) await ledger.close();
  });

  it('is refused where nothing answers', async () => {
    const url = new URL(database.ownerUrl);
    url.port = '1';
    await expectRefused(url.href, 'ledger_unavailable', '127.0.0.1:1', 'ECONNREFUSED');
  });

  it('is refused with a wrong password, which nobody is told', async () => {
    const url = new URL(database.ownerUrl);
    url.password = 'hunter2';
    await expectRefused(url.href, 'ledger_unavailable', 'password authentication failed');
  });

  it('is refused where there is no such database', async () => {
    const url = new URL(database.ownerUrl);
    url.pathname = '/nowhere';
    await expectRefused(url.href, 'ledger_unavailable', '"nowhere" does not exist');
  });

  it('is refused by what is no URL, which nobody is told', async () => {
    await expectRefused('postgres//owner:hunter2@host/db', 'ledger_unavailable', 'URL');
    await expectRefused('mysql://owner:hunter2@host/db', 'ledger_unavailable', 'URL');
    await expectRefused('postgres://owner:12/hunter2@host/db', 'ledger_unavailable', 'URL');
  });

  it('is refused to a role that may not make the tables', async () => {
    await expectRefused(database.url, 'read_only', 'permission denied');
  });

  it('is refused where tables are missing that may not be made', async () => {
    const opened = openPostgresLedger({ url: database.ownerUrl, mayMigrate: false });
    await expectLedgerError(opened, 'ledger_unavailable', 'has no ledger of this version');
  });

  it('is refused where another program has tables of the same schema', async () => {
    await queryDatabase(
      database.ownerUrl,
      'CREATE SCHEMA ledger; CREATE TABLE ledger.events (a integer)',
    );
    const opened = openPostgresLedger({ url: database.ownerUrl });
    await expectLedgerError(opened, 'ledger_unavailable', 'of another program');
  });

  it('is refused when the tables are of a newer version, and leaves them as they are', async () => {
    await (await open()).close();
    const sql = `INSERT INTO ledger.migrations (timestamp, name)
      VALUES (1, 'ForgetEverything1863683200000')`;
    await queryDatabase(database.ownerUrl, sql);
    await expectRefused(database.ownerUrl, 'schema_newer', 'ForgetEverything1863683200000');
  });

  it('is refused where nothing can be written', async () => {
    await (await open()).close();
    await setReadOnly(database.ownerUrl, 'on');
    try {
      await expectLedgerError(open(), 'read_only', 'cannot be written: it is read-only');
    } finally {
      await setReadOnly(database.ownerUrl, 'off');
    }
  });

  it('gives the role that serves requests no more than it needs', async () => {
    const { url, ownerUrl } = database;
    const ledger = await openPostgresLedger({ url, ownerUrl });
    await append(ledger, 'client', 'web', [clientRegistered('Web')]);
    await ledger.close();
    for (const refused of [
      'UPDATE ledger.events SET body = body',
      'DELETE FROM ledger.events',
      'TRUNCATE ledger.events',
      'UPDATE ledger.logs SET epoch = 1',
      'DELETE FROM ledger.streams',
      'UPDATE ledger.origins SET address = address',
      'DELETE FROM ledger.directory_keys',
      'UPDATE ledger.directory_keys SET key = key',
      'DELETE FROM ledger.directory_version',
      'ALTER TABLE ledger.events DISABLE TRIGGER ALL',
      'DROP SCHEMA ledger CASCADE',
      'CREATE TABLE ledger.other (id integer)',
    ]) {
      await expect(queryDatabase(url, refused)).rejects.toThrow(/permission denied|must be owner/);
    }
  });
});

describe('a ledger on PostgreSQL that runs', () => {
  let store: PostgresLedgerStore;
  let proxy: PostgresProxy;
  let ledger: PostgresLedger;
  const failures: string[] = [];

  beforeEach(async () => {
    failures.length = 0;
    store = await openPostgresStore(server());
    proxy = await openPostgresProxy(store.url);
    const observer = { failed: (code: string) => void failures.push(code) };
    ledger = await store.open({ url: proxy.url, observer });
    await append(ledger, 'client', 'web', [clientRegistered('before')]);
    await Promise.all(Array.from({ length: 20 }, () => count(ledger, 'a')));
  });

  afterEach(async () => {
    try {
      await store.expectIntact();
    } finally {
      await proxy.close();
      await store.remove();
    }
  });

  const expectUnavailable = async (asked: readonly Promise<unknown>[]): Promise<void> => {
    const settled = await Promise.allSettled(asked);
    expect(settled.map((one) => one.status === 'rejected' && one.reason)).toEqual(
      settled.map(() => expect.any(LedgerUnavailable)),
    );
  };
  const countTen = () => Array.from({ length: 10 }, () => count(ledger, 'a'));
  const batch = () => [
    ...countTen(),
    ...Array.from({ length: 10 }, (_, index) => count(ledger, `new-${index}`)),
  ];
  const counts = [
    ...Array.from({ length: 10 }, (_, index) => 20 + index),
    ...Array.from({ length: 10 }, () => 0),
  ];

  it('finds out that an append was committed whose answer was lost', async () => {
    proxy.answers('break');
    const asked = countTen();
    await proxy.disturbed();
    proxy.answers('pass');
    expect(await Promise.all(asked)).toEqual(counts.slice(0, 10));
    expect(await store.ledger.size()).toBe(31);
    expect(failures).toEqual([]);
  });

  it('finds out that an append was not committed that never arrived, and decides again', async () => {
    proxy.requests('break');
    const asked = countTen();
    await proxy.disturbed();
    proxy.requests('pass');
    expect(await Promise.all(asked)).toEqual(counts.slice(0, 10));
    expect(await store.ledger.size()).toBe(31);
  });

  it('appends once what was still on its way when the connection broke', async () => {
    const hold = await queryBeside(`SELECT pg_advisory_lock(${LOG_LOCK_CLASS}, 0)`);
    const asked = batch();
    const first = await nextWaiting([]);
    proxy.cut();
    // The call that was cut off would go on when it could; the one that follows it waits now.
    await nextWaiting([first]);
    await hold.release();
    expect(await Promise.all(asked)).toEqual(counts);
    expect(await store.ledger.size()).toBe(41);
  });

  it('is not mistaken about an append when another node has written there since', async () => {
    proxy.requests('break');
    const asked = countTen();
    await proxy.disturbed();
    expect(await count(store.ledger, 'a')).toBe(20);
    proxy.requests('pass');
    expect(await Promise.all(asked)).toEqual(counts.slice(0, 10).map((before) => before + 1));
    expect(await store.ledger.size()).toBe(32);
  });

  it('decides again when an operator ends its backend', async () => {
    const hold = await queryBeside(`SELECT pg_advisory_lock(${LOG_LOCK_CLASS}, 0)`);
    const asked = count(ledger, 'a');
    await nextWaiting([]);
    await store.query(`SELECT pg_terminate_backend(pid) FROM pg_locks
      WHERE locktype = 'advisory' AND classid = ${LOG_LOCK_CLASS} AND NOT granted`);
    await hold.release();
    expect(await asked).toBe(20);
  });

  it('tells of an append of which it cannot be found out whether it was committed', async () => {
    proxy.requests('break');
    const asked = count(ledger, 'a');
    await proxy.disturbed();
    await expectUnavailable([asked, count(ledger, 'b')]);
    expect(new Set(failures)).toEqual(new Set(['ledger_unavailable']));
    proxy.requests('pass');
    expect(await count(ledger, 'a')).toBe(20);
  });

  it('does not answer before a synchronous standby has what it found, and leaves no question', async () => {
    proxy.answers('hold');
    const asked = count(ledger, 'a');
    await proxy.disturbed();
    await setStandby("SET synchronous_standby_names = 'nobody'");
    proxy.cut();
    proxy.answers('pass');
    try {
      await expectUnavailable([asked]);
      const waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
      while ((await store.query(waiting)).length > 0) await wait(10);
    } finally {
      await setStandby('RESET synchronous_standby_names');
    }
    expect(await count(ledger, 'a')).toBe(21);
  });

  it('fails everything at once while PostgreSQL is away, and works again when it is back', async () => {
    await server().stop();
    const reads = [ledger.size(), ledger.load('client', 'web'), ledger.eventsAfter(null, 10)];
    await expectUnavailable([...reads, ...Array.from({ length: 2000 }, () => count(ledger, 'a'))]);
    expect(ledger.waiting).toBe(0);
    await expectUnavailable([count(ledger, 'a'), ledger.size()]);
    await server().start();
    expect(await count(ledger, 'a')).toBe(20);
    expect(await ledger.size()).toBe(22);
  });

  it('makes no connection to write by where nothing can be written', async () => {
    await setReadOnly(store.ownerUrl, 'on');
    try {
      const nothing = () =>
        decideOn(ledger, 'administration', 'readiness', () => ({ events: [], outcome: 'ready' }));
      await expectLedgerError(nothing(), 'read_only', 'it is read-only');
      await expectLedgerError(count(ledger, 'a'), 'read_only', 'it is read-only');
    } finally {
      await setReadOnly(store.ownerUrl, 'off');
    }
    expect(await count(ledger, 'a')).toBe(20);
  });

  it('works again with connections that PostgreSQL has ended meanwhile', async () => {
    await store.query(`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
      WHERE usename = 'runtime' AND datname = current_database()`);
    expect(await count(ledger, 'a')).toBe(20);
    expect(await ledger.size()).toBe(22);
  });

  it('lets one decision that PostgreSQL refuses fail alone', async () => {
    const unwritable = 'with a NUL \0';
    const settled = await Promise.allSettled([
      count(ledger, 'a'),
      count(ledger, unwritable),
      count(ledger, 'a'),
      count(ledger, 'b'),
    ]);
    expect(settled).toMatchObject([
      { value: 20 },
      { status: 'rejected' },
      { value: 21 },
      { value: 0 },
    ]);
    expect(failures).toEqual(['decider']);
  });

  it('stops trusting itself when a state or an event cannot be read', async () => {
    const rename = (name: string) =>
      append(ledger, 'client', 'web', [
        { type: 'ClientUpdated', data: { metadata: metadataNamed(name) } },
      ]);
    const setState = (state: string, streamId: string) =>
      store.query(`UPDATE ledger.streams SET ${state} WHERE stream_id = '${streamId}'`);
    await Promise.all([count(store.ledger, 'b'), count(store.ledger, 'c')]);
    const [row] = await store.query<{ state: string }>(
      "SELECT state FROM ledger.streams WHERE stream_id = 'administration:b'",
    );
    await setState("state = 'x'", 'administration:b');
    await setState('last_position = 0', 'administration:c');
    await expectLedgerError(ledger.load('administration', 'b'), 'ledger_corrupted', ':b');
    expect(failures).toEqual(['ledger_corrupted']);
    const recent = decideOn(ledger, 'administration', 'c', (stream) => ({
      events: [],
      outcome: stream.recent(1),
    }));
    await expectLedgerError(recent, 'ledger_corrupted', 'position 0');
    const reason = { code: 'ledger_corrupted' };
    const shared = await Promise.allSettled([count(ledger, 'a'), count(ledger, 'b')]);
    expect(shared).toMatchObject([{ reason }, { reason }]);
    await setState('version = 7', 'client:web');
    await expectLedgerError(rename('over another one'), 'ledger_corrupted', 'not at its version');
    expect(await ledger.size()).toBe(23);
    await setState(`state = '${row?.state}'`, 'administration:b');
    await setState('last_position = 22', 'administration:c');
    await setState('version = 1', 'client:web');
  });

  it('is closed although PostgreSQL is away', async () => {
    const last: Ledger = await store.open({ url: proxy.url });
    proxy.requests('break');
    const asked = count(last, 'a');
    const closing = last.close();
    await expectUnavailable([asked]);
    await closing;
    proxy.requests('pass');
  });

  /** Says which standbys there are, and waits until that holds. */
  const setStandby = async (change: string): Promise<void> => {
    await server().run('postgres', `ALTER SYSTEM ${change}`);
    await server().run('postgres', 'SELECT pg_reload_conf()');
    const names = change.startsWith('RESET') ? '' : 'nobody';
    const shown = () =>
      store.query<{ names: string }>(
        "SELECT current_setting('synchronous_standby_names') AS names",
      );
    while ((await shown())[0]?.names !== names) await wait(10);
  };

  /** Waits until an append other than these waits for the log, and answers with its backend. */
  const nextWaiting = async (others: readonly number[]): Promise<number> => {
    for (;;) {
      const rows = await store.query<{ pid: number }>(
        `SELECT pid FROM pg_locks
         WHERE locktype = 'advisory' AND classid = ${LOG_LOCK_CLASS} AND NOT granted`,
      );
      const next = rows.find(({ pid }) => !others.includes(pid));
      if (next !== undefined) return next.pid;
      await wait(10);
    }
  };

  /** Holds what a statement takes until it is released. */
  const queryBeside = async (sql: string): Promise<{ release: () => Promise<void> }> => {
    const client = new pg.Client({ connectionString: store.ownerUrl });
    await client.connect();
    await client.query(sql);
    return { release: () => client.end() };
  };
});
