import { createHash } from 'node:crypto';
import { chmodSync, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { canonicalJson } from '../../src/domain/canonical-json.js';
import type { Folded } from '../../src/domain/directory/directory.evolve.js';
import type { StreamId, StreamKind } from '../../src/domain/identifiers.js';
import { evolve, type StateOf } from '../../src/domain/streams.js';
import { openSqliteLedger } from '../../src/ledger/sqlite/open-sqlite-ledger.js';
import {
  accountCreated,
  append,
  ATTRIBUTION,
  clientRegistered,
  count,
  decideOn,
  ORIGIN,
  recorded,
} from '../support/ledger-executions.js';
import { FAMILY_ID, SUBJECT } from '../support/domain-world.js';
import { beginFamily, refreshFamily } from '../support/ledger-families.js';
import {
  expectLedgerIntact,
  type HandledLedgerStore,
  onDatabase,
  openHandledStore,
  openSqliteStore,
  type SqliteLedgerStore,
} from '../support/ledger-sqlite.js';

const sha256 = (...parts: (string | Buffer)[]): string => {
  const digest = createHash('sha256');
  for (const part of parts) digest.update(part);
  return digest.digest('base64url');
};

describe('what the ledger keeps', () => {
  let store: SqliteLedgerStore;

  beforeEach(async () => {
    store = await openSqliteStore();
  });

  afterEach(async () => {
    await store.expectIntact();
    await store.remove();
  });

  it.each([
    ['UPDATE events SET body = body', 'append-only'],
    ['UPDATE events SET appended_at = appended_at + 1 WHERE position = 1', 'append-only'],
    ['DELETE FROM events WHERE position = 0', 'append-only'],
    ['DELETE FROM events', 'append-only'],
    ["INSERT INTO events VALUES (1, 2, 'a:b', 1, NULL, 'X', 1, '{}')", 'CHECK constraint'],
    ["INSERT INTO events VALUES (0, 1, 'a:b', 1, NULL, 'X', 1, '{}')", 'append-only'],
    ["INSERT INTO events VALUES (0, 3, 'a:b', 1, NULL, 'X', 1, '{}')", 'append-only'],
    ["INSERT INTO events VALUES (0, -1, 'a:b', 1, NULL, 'X', 1, '{}')", 'append-only'],
    ["INSERT OR REPLACE INTO events VALUES (0, 1, 'a:b', 1, NULL, 'X', 1, '{}')", 'append-only'],
    ['REPLACE INTO events SELECT * FROM events WHERE position = 0', 'append-only'],
    ['UPDATE OR REPLACE events SET position = 0 WHERE position = 1', 'append-only'],
    ["INSERT INTO events VALUES (0, 2, 'a:b', 'one', NULL, 'X', 1, '{}')", 'cannot store TEXT'],
  ])('refuses %s', async (statement, complaint) => {
    await append(store.ledger, 'administration', 'a', [recorded('one'), recorded('two')]);
    expect(() => onDatabase(store.file, (database) => database.exec(statement))).toThrow(complaint);
  });

  it('has states that read as the fold of the bodies, in whatever order members were decided', async () => {
    await beginFamily(store.ledger, FAMILY_ID);
    await refreshFamily(store.ledger, FAMILY_ID, 0);
    await append(store.ledger, 'client', 'c', [clientRegistered('C')]);
    const { bodies, states } = onDatabase(store.file, (database) => ({
      bodies: database
        .prepare<[], [StreamId, string]>('SELECT stream_id, body FROM events ORDER BY position')
        .raw()
        .all(),
      states: database
        .prepare<[], [StreamId, string]>('SELECT stream_id, state FROM streams')
        .raw()
        .all(),
    }));
    const folds = new Map<StreamId, StateOf<StreamKind>>();
    for (const [streamId, body] of bodies) {
      const event = JSON.parse(body) as Folded<StreamKind>;
      const [kind = '', own] = streamId.split(':');
      const folded = { ...event, id: own } as Folded<StreamKind>;
      folds.set(streamId, evolve(kind as StreamKind, folds.get(streamId), folded));
    }
    expect(states).toHaveLength(2);
    for (const [streamId, state] of states) expect(state).toBe(JSON.stringify(folds.get(streamId)));
  });

  it('has canonical bodies, and commitments and digests that anyone can compute', async () => {
    const asked = { ...ATTRIBUTION, origin: ORIGIN };
    await append(
      store.ledger,
      'administration',
      'a',
      [recorded('one'), recorded('zwei “é”')],
      asked,
    );
    const { events, origins, stream } = onDatabase(store.file, (database) => ({
      events: database
        .prepare<[], { position: number; body: string }>('SELECT * FROM events')
        .all(),
      origins: database.prepare<[], { salt: string }>('SELECT * FROM origins').all(),
      stream: database.prepare<[], { digest: string }>('SELECT * FROM streams').get(),
    }));
    const text = `{"address":"${ORIGIN.address}","requestId":"${ORIGIN.requestId}","userAgent":"${ORIGIN.userAgent}"}`;
    for (const [index, { position, body }] of events.entries()) {
      expect(position).toBe(index);
      const parsed = JSON.parse(body) as Record<string, unknown>;
      expect(body).toBe(canonicalJson(parsed as never));
      expect(body).not.toContain(ORIGIN.address);
      const salt = Buffer.from(origins[index]!.salt, 'base64url');
      expect(salt).toHaveLength(32);
      expect(parsed.originCommitment).toBe(sha256(salt, text));
    }
    const [first, second] = events.map(({ body }) => body);
    expect(stream?.digest).toBe(sha256(sha256(first!), second!));
  });

  it('writes bodies whose form never changes', async () => {
    await append(store.ledger, 'administration', 'a', [recorded('one')], {
      actor: 'operator',
      correlationId: 'c-1',
      causationId: 'e-1',
    });
    const body = onDatabase(store.file, (database) =>
      database.prepare<[], string>('SELECT body FROM events').pluck().get(),
    );
    expect(body?.replace(/"id":"[0-9a-f-]{36}"/, '"id":"…"')).toBe(
      '{"actor":"operator","causationId":"e-1","correlationId":"c-1","data":{"action":"one"},' +
        '"id":"…","project":"default","recordedAt":1795251600000,"streamId":"administration:a",' +
        '"streamVersion":1,"type":"AdministrationRecorded","version":1}',
    );
  });

  it('is read by nobody else', async () => {
    await count(store.ledger, 'a');
    for (const suffix of ['', '-wal', '-shm']) {
      expect(statSync(`${store.file}${suffix}`).mode & 0o777).toBe(0o600);
    }
    await store.ledger.close();
    chmodSync(store.file, 0o644);
    await (await openSqliteLedger({ settings: store.settings, role: 'server' })).close();
    expect(statSync(store.file).mode & 0o777).toBe(0o600);
  });

  it('has locks that nobody else can hold, also those that were made for all', async () => {
    const locks = [
      `${store.file}-lock`,
      join(store.directory, 'server.lock'),
      join(store.directory, 'opening.lock'),
    ];
    const modes = () => locks.map((file) => statSync(file).mode & 0o777);
    expect(modes()).toEqual([0o600, 0o600, 0o600]);
    await store.ledger.close();
    for (const file of locks) chmodSync(file, 0o644);
    await (await openSqliteLedger({ settings: store.settings, role: 'server' })).close();
    expect(modes()).toEqual([0o600, 0o600, 0o600]);
  });

  it('makes the directories that are missing, for itself alone', async () => {
    const dataDirectory = join(store.directory, 'new', 'data');
    const ledgerFile = join(store.directory, 'other', 'place', 'ledger.sqlite');
    const ledger = await openSqliteLedger({
      settings: { dataDirectory, ledgerFile },
      role: 'server',
    });
    await count(ledger, 'a');
    await ledger.close();
    for (const made of [dataDirectory, join(store.directory, 'other', 'place')]) {
      expect(statSync(made).mode & 0o777).toBe(0o700);
    }
    await expectLedgerIntact(ledgerFile);
  });

  it('is read at one moment, whatever another process writes meanwhile', async () => {
    await Promise.all([count(store.ledger, 'a'), count(store.ledger, 'b')]);
    const setState = (state: string): void =>
      onDatabase(store.file, (database) => {
        database
          .prepare("UPDATE streams SET state = ? WHERE stream_id = 'administration:b'")
          .run(state);
      });
    const before = await store.ledger.load('administration', 'b');
    const seen = await store.ledger.read((reader) => {
      reader.find('administration', 'a');
      setState('{"count":99}');
      return reader.find('administration', 'b');
    });
    expect(seen).toEqual(before);
    expect(await store.ledger.load('administration', 'b')).toEqual({ count: 99 });
    setState(JSON.stringify(before));
  });

  it('goes on where it stopped', async () => {
    await Promise.all(Array.from({ length: 10 }, () => count(store.ledger, 'a')));
    await store.ledger.close();
    expect(existsSync(`${store.file}-wal`)).toBe(false);
    const { settings, clock } = store;
    const again = await openSqliteLedger({ settings, role: 'server', clock });
    expect(await count(again, 'a')).toBe(10);
    expect(await again.eventsAfter(8, 9)).toMatchObject({
      events: [{ position: 9 }, { position: 10, previousPosition: 9, streamVersion: 11 }],
    });
    await again.close();
  });

  it('stays short in its write-ahead log also where no thread can be started', async () => {
    const families = Array.from({ length: 50 }, (_, index) => `family${index}`);
    const walBytes: number[] = [];
    await Promise.all(families.map((id) => beginFamily(store.ledger, id)));
    for (let generation = 0; generation < 100; generation += 1) {
      await Promise.all(families.map((id) => refreshFamily(store.ledger, id, generation)));
      walBytes.push(statSync(`${store.file}-wal`).size);
    }
    expect(Math.max(...walBytes)).toBeLessThan(12 * 2 ** 20);
    expect(statSync(store.file).size).toBeGreaterThan(5 * 2 ** 20);
  });
});

describe('what a commit costs', () => {
  const statements: string[] = [];
  const flushes: object[] = [];
  const failures: unknown[] = [];
  let store: HandledLedgerStore;

  beforeEach(async () => {
    store = await openHandledStore({
      verbose: (statement) => statements.push(String(statement).trim()),
      observer: {
        flushed: (flush) => void flushes.push(flush),
        failed: (...failure) => void failures.push(failure),
      },
    });
  });

  afterEach(async () => {
    await store.expectIntact();
    await store.remove();
  });

  /** How often each kind of statement ran in `action`, by its first two words. */
  async function statementsOf(action: () => Promise<unknown>): Promise<Record<string, number>> {
    statements.length = 0;
    await action();
    const counts: Record<string, number> = {};
    for (const statement of statements) {
      const [name] = /^(?:BEGIN IMMEDIATE|COMMIT|SELECT .*? FROM \w+|\w+ (?:INTO )?\w+)/s.exec(
        statement,
      ) ?? [statement];
      const short = name.replace(/SELECT .* FROM/s, 'SELECT FROM');
      counts[short] = (counts[short] ?? 0) + 1;
    }
    return counts;
  }

  it.each([1, 64, 128])(
    'is one transaction and three statements for each of %s rotations',
    async (rotations) => {
      await append(store.ledger, 'account', SUBJECT, [accountCreated('digest')]);
      const families = Array.from({ length: rotations }, (_, index) => `family${index}`);
      await Promise.all(families.map((id) => beginFamily(store.ledger, id)));
      const counts = await statementsOf(() =>
        Promise.all(families.map((id) => refreshFamily(store.ledger, id, 0))),
      );
      expect(counts).toEqual({
        'BEGIN IMMEDIATE': 1,
        'SELECT FROM events': 1,
        'SELECT FROM logs': 1,
        'PRAGMA data_version': 1,
        'INSERT INTO events': rotations,
        'INSERT INTO origins': rotations,
        'UPDATE streams': rotations,
        COMMIT: 1,
      });
    },
  );

  it('is one snapshot for all reads of one turn of the event loop, each failing alone', async () => {
    const families = Array.from({ length: 32 }, (_, index) => `family${index}`);
    await Promise.all(families.map((id) => beginFamily(store.ledger, id)));
    const failure = new Error('a query of its own');
    const counts = await statementsOf(async () => {
      const states = families.map((id) => store.ledger.load('family', id));
      const failing = store.ledger.read(() => {
        throw failure;
      });
      const none = store.ledger.load('family', 'none');
      await expect(failing).rejects.toBe(failure);
      expect(await Promise.all(states)).toMatchObject(families.map(() => ({ status: 'active' })));
      expect(await none).toBeUndefined();
    });
    expect(counts).toEqual({
      BEGIN: 1,
      'PRAGMA data_version': 1,
      'SELECT FROM streams': 1,
      ROLLBACK: 1,
    });
  });

  it('reads each client once, until the directory changes', async () => {
    await append(store.ledger, 'client', 'web', [clientRegistered('Web')]);
    const ask = () =>
      decideOn(store.ledger, 'session', 's', (stream) => ({
        events: [],
        outcome: stream.find('client', 'web')?.metadata.name,
      }));
    const three = () => Promise.all([ask(), ask(), ask()]);
    expect((await statementsOf(three))['SELECT FROM streams']).toBe(2);
    expect((await statementsOf(three))['SELECT FROM streams']).toBe(1);
    expect(
      (await statementsOf(() => store.ledger.load('client', 'web')))['SELECT FROM streams'],
    ).toBe(undefined);
    await append(store.ledger, 'client', 'other', [clientRegistered('Other')]);
    expect((await statementsOf(three))['SELECT FROM streams']).toBe(2);
  });

  it('is told to the observer, in batches of at most 128 decisions', async () => {
    flushes.length = failures.length = 0;
    await Promise.allSettled([
      ...Array.from({ length: 299 }, () => count(store.ledger, 'a')),
      decideOn(store.ledger, 'session', 's', () => {
        throw new Error('a broken decider');
      }),
    ]);
    expect(flushes).toEqual([
      { decisions: 128, events: 128, durationMilliseconds: expect.any(Number) },
      { decisions: 128, events: 128, durationMilliseconds: expect.any(Number) },
      { decisions: 44, events: 43, durationMilliseconds: expect.any(Number) },
    ]);
    expect(failures).toEqual([['decider', new Error('a broken decider')]]);
  });

  it('is durable: in write-ahead mode, with the log on the disk before the answer', () => {
    const pragma = (name: string): unknown => store.handle.pragma(name, { simple: true });
    expect(pragma('journal_mode')).toBe('wal');
    expect(pragma('synchronous')).toBe(2);
    expect(pragma('wal_autocheckpoint')).toBe(0);
    expect(pragma('secure_delete')).toBe(1);
  });
});
