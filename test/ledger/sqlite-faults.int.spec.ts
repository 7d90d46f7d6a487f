import { chmodSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { streamIdOf } from '../../src/domain/identifiers.js';
import { openSqliteLedger } from '../../src/ledger/sqlite/open-sqlite-ledger.js';
import { openSqliteSource } from '../../src/ledger/sqlite/sqlite-ledger.source.js';
import type { SqliteLedger } from '../../src/ledger/sqlite/sqlite-ledger.js';
import {
  append,
  clientRegistered,
  count,
  decideOn,
  metadataNamed,
} from '../support/ledger-executions.js';
import {
  asOrdinaryUser,
  expectLedgerError,
  giveAway,
  openFilesIn,
  overwrite,
} from '../support/ledger-faults.js';
import {
  expectLedgerIntact,
  type HandledLedgerStore,
  makeLedgerDirectory,
  onDatabase,
  openHandledStore,
} from '../support/ledger-sqlite.js';
import { verifyFile } from '../support/ledger-tampering.js';

describe('opening a ledger', () => {
  let place: ReturnType<typeof makeLedgerDirectory>;
  const open = (settings = place.settings, role: 'server' | 'command_line' = 'server') =>
    openSqliteLedger({ settings, role });

  /** Refused, with nothing left open, and the same again: no lock stays behind. */
  async function expectRefused(
    code: Parameters<typeof expectLedgerError>[1],
    words: readonly string[],
    settings = place.settings,
  ): Promise<void> {
    for (const role of ['server', 'command_line', 'server'] as const) {
      await expectLedgerError(open(settings, role), code, ...words);
      expect(openFilesIn(place.directory)).toEqual([]);
    }
  }

  async function makeLedger(events: number): Promise<void> {
    const ledger = await open();
    await append(ledger, 'client', 'web', [clientRegistered('Web')]);
    await Promise.all(Array.from({ length: events }, (_, index) => count(ledger, `s${index % 9}`)));
    await ledger.close();
    expect(openFilesIn(place.directory)).toEqual([]);
  }

  beforeEach(() => {
    place = makeLedgerDirectory();
  });

  afterEach(() => {
    rmSync(place.directory, { recursive: true, force: true });
  });

  it('is refused where a server of this process has it, which goes on', async () => {
    const first = await open();
    await expectLedgerError(open(), 'ledger_locked', 'another server', place.directory);
    const beside = await open(place.settings, 'command_line');
    expect(await count(beside, 'a')).toBe(0);
    await beside.close();
    expect(await count(first, 'a')).toBe(1);
    await expectLedgerError(open(), 'ledger_locked', 'another server', place.directory);
    await first.close();
    await (await open()).close();
    await expectLedgerIntact(place.file);
  });

  it.each([
    ['a text', Buffer.from('This is not a ledger.\n'.repeat(400))],
    ['a database whose header was overwritten', undefined],
  ])('is refused when the file is %s', async (_, content) => {
    if (content === undefined) {
      await makeLedger(10);
      overwrite(place.file, 0, Buffer.alloc(100, 0xff));
    } else {
      writeFileSync(place.file, content);
    }
    const before = statSync(place.file).size;
    await expectRefused('ledger_corrupted', [place.file, 'not an intact database']);
    expect(() => openSqliteSource(place.file)).toThrow(place.file);
    expect(openFilesIn(place.directory)).toEqual([]);
    expect(statSync(place.file).size).toBe(before);
  });

  it('is refused when the file is of a newer version, and leaves it as it is', async () => {
    await makeLedger(10);
    onDatabase(place.file, (database) => {
      database
        .prepare('INSERT INTO migrations (timestamp, name) VALUES (?, ?)')
        .run(1_863_683_200_000, 'ForgetEverything1863683200000');
    });
    await expectRefused('schema_newer', [place.file, 'ForgetEverything1863683200000']);
    expect(() => openSqliteSource(place.file)).toThrow('newer version');
    expect(openFilesIn(place.directory)).toEqual([]);
  });

  it('is refused when tables are missing', async () => {
    await makeLedger(10);
    onDatabase(place.file, (database) => database.exec('DROP TABLE origins'));
    await expectRefused('ledger_unavailable', [place.file, 'origins']);
  });

  it.each<[string, (directory: string) => typeof place.settings]>([
    [
      'a file stands where its directory should be',
      (directory) => ({
        dataDirectory: directory,
        ledgerFile: join(directory, 'file', 'ledger.sqlite'),
      }),
    ],
    [
      'a directory stands where the file should be',
      (directory) => ({ dataDirectory: join(directory, 'data'), ledgerFile: directory }),
    ],
  ])('is refused when %s', async (_, settingsIn) => {
    writeFileSync(join(place.directory, 'file'), 'in the way');
    const settings = settingsIn(place.directory);
    await expectRefused('ledger_unavailable', [settings.ledgerFile], settings);
  });

  it.each([['file'], ['file', 'data']])(
    'names the setting when a file stands where the data directory should be: %s %s',
    async (...path) => {
      writeFileSync(join(place.directory, 'file'), 'in the way');
      const dataDirectory = join(place.directory, ...path);
      const settings = { dataDirectory, ledgerFile: join(dataDirectory, 'ledger.sqlite') };
      const words = [`TOKEN_LEDGER_DATA_DIR ${dataDirectory} cannot be a directory`];
      await expectRefused('ledger_unavailable', words, settings);
    },
  );

  it.each([
    ['of another user', 0o555, 0o444],
    ['of its own', 0o755, 0o400],
  ])('is refused to a user who may only read the file, %s', async (whose, ofDirectory, ofFile) => {
    await makeLedger(10);
    if (whose === 'of its own') [place.directory, place.file].forEach(giveAway);
    for (const name of readdirSync(place.directory)) chmodSync(join(place.directory, name), 0o666);
    chmodSync(place.file, ofFile);
    chmodSync(place.directory, ofDirectory);
    await asOrdinaryUser(() => expectRefused('read_only', [place.directory, 'cannot be written']));
    chmodSync(place.directory, 0o755);
    chmodSync(place.file, 0o600);
    await expectLedgerIntact(place.file);
  });

  it('is refused to a user who may not make the file', async () => {
    chmodSync(place.directory, 0o555);
    await asOrdinaryUser(() => expectRefused('read_only', [place.file]));
    chmodSync(place.directory, 0o755);
    expect(readdirSync(place.directory)).toEqual([]);
  });

  it('finds no ledger to verify where there is none', async () => {
    expect(() => openSqliteSource(place.file)).toThrow(`there is no ledger in ${place.file}`);
    expect(() => openSqliteSource(join(place.directory, 'a', 'b'))).toThrow(
      'there is no ledger in',
    );
    writeFileSync(place.file, '');
    expect(() => openSqliteSource(place.file)).toThrow(`there is no ledger in ${place.file}`);
    expect(openFilesIn(place.directory)).toEqual([]);
  });

  it('finds damaged pages when they are read, and keeps what can be read', async () => {
    await makeLedger(2000);
    const pageSize = 4096;
    const pages = statSync(place.file).size / pageSize;
    for (let page = Math.floor(pages / 3); page < (pages * 2) / 3; page += 1) {
      overwrite(place.file, page * pageSize, Buffer.alloc(pageSize, 0x5a));
    }
    const ledger = await open();
    const pagesRead = Array.from({ length: 3 }, (_, index) =>
      ledger.eventsAfter(index * 600, 600).catch((error: unknown) => error),
    );
    expect(await Promise.all(pagesRead)).toContainEqual(
      expect.objectContaining({
        code: 'ledger_corrupted',
        message: expect.stringContaining(place.file),
      }),
    );
    expect(await ledger.size()).toBe(2001);
    expect((await ledger.eventsAfter(null, 5)).events).toHaveLength(5);
    await ledger.close();
    expect(openFilesIn(place.directory)).toEqual([]);
  });
});

describe('a ledger that runs', () => {
  let store: HandledLedgerStore;
  let ledger: SqliteLedger;
  const failures: string[] = [];

  beforeEach(async () => {
    failures.length = 0;
    store = await openHandledStore({
      observer: { failed: (code) => void failures.push(code) },
    });
    ({ ledger } = store);
    await append(ledger, 'client', 'web', [clientRegistered('before')]);
    await Promise.all(Array.from({ length: 20 }, () => count(ledger, 'a')));
  });

  afterEach(async () => {
    await store.expectIntact();
    await store.remove();
  });

  const rename = (name: string) =>
    append(ledger, 'client', 'web', [
      { type: 'ClientUpdated', data: { metadata: metadataNamed(name) } },
    ]);
  const nameOf = async () => (await ledger.load('client', 'web'))?.metadata.name;

  it.each<[string, 'disk_full' | 'read_only', string, (store: HandledLedgerStore) => () => void]>([
    [
      'whose disk is full',
      'disk_full',
      'is full',
      ({ handle }) => {
        const pages = Number(handle.pragma('page_count', { simple: true }));
        handle.pragma(`max_page_count = ${pages}`);
        return () => handle.pragma('max_page_count = 1000000');
      },
    ],
    [
      'whose file can be written no more',
      'read_only',
      'cannot be written',
      ({ handle }) => {
        handle.pragma('query_only = ON');
        return () => handle.pragma('query_only = OFF');
      },
    ],
  ])('loses nothing %s, and works again when it can', async (_, code, words, breakIt) => {
    const mend = breakIt(store);
    const batch = () => [
      rename('undone'),
      ...Array.from({ length: 300 }, (__, index) =>
        count(ledger, `big-${index}-${'x'.repeat(200)}`),
      ),
    ];
    const settled = await Promise.allSettled([...batch(), ...batch()]);
    const answered = settled.filter(({ status }) => status === 'fulfilled').length;
    expect(answered).toBe(await ledger.size().then((size) => size - 21));
    const refused = settled.flatMap((one) => (one.status === 'rejected' ? [one] : []));
    expect(refused.length).toBeGreaterThan(300);
    for (const { reason } of refused) {
      expect(reason).toMatchObject({ code, message: expect.stringContaining(store.file) });
      expect((reason as Error).message).toContain(words);
    }
    expect(store.handle.inTransaction).toBe(false);
    expect(await nameOf()).toBe('before');
    expect(new Set(failures)).toEqual(new Set([code]));
    await store.expectIntact();
    mend();
    expect(await count(ledger, 'a')).toBe(20);
    await rename('after');
    expect(await nameOf()).toBe('after');
  });

  it('keeps no transaction open after a commit that failed', async () => {
    const { handle } = store;
    handle.exec('PRAGMA foreign_keys = ON');
    handle.exec('CREATE TEMP TABLE parents (id INTEGER PRIMARY KEY)');
    handle.exec(
      'CREATE TEMP TABLE children (id INTEGER REFERENCES parents DEFERRABLE INITIALLY DEFERRED)',
    );
    handle.exec(
      `CREATE TEMP TRIGGER fail_commit AFTER INSERT ON main.events WHEN new.stream_id = 'session:bad'
       BEGIN INSERT INTO children VALUES (1); END`,
    );
    const bad = append(ledger, 'session', 'bad', [
      {
        type: 'SessionStarted',
        data: { subject: 'ana', authTime: 1, amr: ['pwd'], expiresAt: 2 },
      },
    ]);
    const settled = await Promise.allSettled([count(ledger, 'a'), bad, count(ledger, 'a')]);
    expect(settled).toMatchObject([{ value: 20 }, { status: 'rejected' }, { value: 21 }]);
    expect(handle.inTransaction).toBe(false);
    expect(await ledger.load('session', 'bad')).toBeUndefined();
  });

  it('tells of a contradiction that only a read found, and of nothing else that a read failed for', async () => {
    const broken = ledger.read(() => {
      throw new Error('a broken query');
    });
    await expect(broken).rejects.toThrow('a broken query');
    expect(failures).toEqual([]);
    const setState = (state: string): string =>
      onDatabase(store.file, (database) => {
        const where = "WHERE stream_id = 'administration:a'";
        const before = database.prepare<[], string>(`SELECT state FROM streams ${where}`).pluck();
        const text = before.get() ?? '';
        database.prepare(`UPDATE streams SET state = ? ${where}`).run(state);
        return text;
      });
    const before = setState('x');
    await expectLedgerError(ledger.load('administration', 'a'), 'ledger_corrupted', ':a');
    expect(failures).toEqual(['ledger_corrupted']);
    setState(before);
  });

  it('stops trusting itself when a state or an event cannot be read', async () => {
    const { handle } = store;
    const other = new Database(store.file);
    await Promise.all([count(ledger, 'b'), count(ledger, 'c'), ledger.load('client', 'web')]);
    const size = await ledger.size();
    other.exec(`
      UPDATE streams SET state = 'x' WHERE stream_id = 'administration:b';
      UPDATE streams SET last_position = 0 WHERE stream_id = 'administration:c';
      UPDATE streams SET version = 7 WHERE stream_id = 'client:web'`);
    const recent = decideOn(ledger, 'administration', 'c', (stream) => ({
      events: [],
      outcome: stream.recent(1),
    }));
    await expectLedgerError(recent, 'ledger_corrupted', 'position 0');
    const stream = streamIdOf('administration', 'c');
    await expectLedgerError(ledger.streamEvents(stream, null, 9), 'ledger_corrupted', stream);
    await expectLedgerError(ledger.load('administration', 'b'), 'ledger_corrupted', ':b');
    await expectLedgerError(rename('over another one'), 'ledger_corrupted', 'client:web');
    // Nothing that shares a commit with it is answered either.
    const shared = await Promise.allSettled([count(ledger, 'a'), count(ledger, 'b')]);
    const reason = { code: 'ledger_corrupted' };
    expect(shared).toMatchObject([{ reason }, { reason }]);
    expect(await ledger.size()).toBe(size);
    expect(handle.inTransaction).toBe(false);

    const { problems } = await verifyFile(store.file);
    expect(problems.map(({ streamId }) => streamId)).toEqual([
      'administration:b',
      'administration:c',
      'client:web',
    ]);
    other.exec(`
      UPDATE streams SET state = (SELECT state FROM streams WHERE stream_id = 'administration:c')
        WHERE stream_id = 'administration:b';
      UPDATE streams SET last_position = ${size - 1} WHERE stream_id = 'administration:c';
      UPDATE streams SET version = 1 WHERE stream_id = 'client:web'`);
    other.close();
  });
});
