import { copyFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type Database from 'better-sqlite3';
import { canonicalJson, type JsonValue } from '../../src/domain/canonical-json.js';
import { openSqliteSource } from '../../src/ledger/sqlite/sqlite-ledger.source.js';
import type { LedgerSource } from '../../src/ledger/verification/ledger.source.js';
import { verifyLedger } from '../../src/ledger/verification/verify-ledger.js';
import { digestAfter } from '../../src/ledger/stream-digest.js';
import { accountCreated, append, count } from '../support/ledger-executions.js';
import { overwrite } from '../support/ledger-faults.js';
import { onDatabase, openSqliteStore, type SqliteLedgerStore } from '../support/ledger-sqlite.js';
import { FILLED_FAMILY, fillLedger, tamper, verifyFile } from '../support/ledger-tampering.js';

let filled: SqliteLedgerStore;
let file: string;

beforeAll(async () => {
  filled = await openSqliteStore();
  await fillLedger(filled.ledger);
  await filled.ledger.close();
});

afterAll(async () => {
  await filled.remove();
});

beforeEach(() => {
  file = join(filled.directory, 'copy.sqlite');
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
  copyFileSync(filled.file, file);
});

type Change = (database: Database.Database) => void;
const sql =
  (statements: string): Change =>
  (database) =>
    void database.exec(statements);

type Body = Record<string, JsonValue> & { data: Record<string, JsonValue> };

/** Replaces the body of an event by any text. */
const replaceBody =
  (position: number, textOf: (body: Body) => string): Change =>
  (database) => {
    const before = database
      .prepare<[number], string>('SELECT body FROM events WHERE position = ?')
      .pluck()
      .get(position);
    const text = textOf(JSON.parse(before ?? '') as Body);
    expect(text).not.toBe(before);
    database.prepare('UPDATE events SET body = ? WHERE position = ?').run(text, position);
  };

/** Changes the body of an event and writes it canonically again. */
const rewrite = (position: number, change: (body: Body) => unknown): Change =>
  replaceBody(position, (body) => {
    change(body);
    return canonicalJson(body);
  });

const FAMILY = `family:${FILLED_FAMILY}`;
const DIGEST = 'the digest is not that of its bodies';

describe('a verification finds', () => {
  it.each<[what: string, change: Change, problem: string]>([
    ['another actor', rewrite(7, (body) => (body.actor = 'operator')), DIGEST],
    ['another correlation', rewrite(7, (body) => (body.correlationId = 'c')), DIGEST],
    ['a cause that was taken away', rewrite(7, (body) => delete body.originCommitment), 'origin'],
    [
      'a fact that no state depends on',
      rewrite(7, ({ data }) => (data.receivedAt = Number(data.receivedAt) + 1)),
      DIGEST,
    ],
    [
      'a fact that the state depends on',
      rewrite(7, ({ data }) => (data.generation = Number(data.generation) + 1)),
      'the history is impossible',
    ],
    ['another time', rewrite(7, (body) => (body.recordedAt = 5)), 'recordedAt runs backwards'],
    ['a later time', rewrite(7, (body) => (body.recordedAt = 5e12)), 'column appended_at'],
    ['another project', rewrite(7, (body) => (body.project = 'elsewhere')), 'the project changed'],
    ['another id', rewrite(7, (body) => (body.id = 'x')), 'the envelope is wrong at id'],
    ['a version that is not ours', rewrite(7, (body) => (body.version = 2)), 'wrong at version'],
    ['a member that no envelope has', rewrite(7, (body) => (body.note = '')), 'envelope is wrong'],
    [
      'a member of a token that no token has',
      rewrite(7, ({ data }) => Object.assign(data.token as object, { note: '' })),
      'the data of RefreshTokenRotated are wrong at token',
    ],
    [
      'a member of a policy that no policy has',
      rewrite(5, ({ data }) => Object.assign(data.policy as object, { note: '' })),
      'the data of GrantIssued are wrong at policy',
    ],
    [
      'a member of a code that no code has',
      rewrite(5, ({ data }) => Object.assign(data.code as object, { note: '' })),
      'the data of GrantIssued are wrong at code',
    ],
    [
      "a member of a client's metadata that no metadata have",
      rewrite(1, ({ data }) => Object.assign(data.metadata as object, { note: '' })),
      'the data of ClientRegistered are wrong at metadata',
    ],
    [
      "a member of a client's policy that no such policy has",
      rewrite(1, ({ data }) => {
        Object.assign((data.metadata as Body).policy as object, { note: '' });
      }),
      'the data of ClientRegistered are wrong at metadata.policy',
    ],
    [
      'a member that no such event has',
      rewrite(7, ({ data }) => (data.note = '')),
      'the data of RefreshTokenRotated are wrong',
    ],
    ['a body with a space', replaceBody(7, (body) => `${canonicalJson(body)} `), 'not canonical'],
    ['a body that is no object', replaceBody(7, () => '[]'), 'not canonical'],
    ['a body that is no JSON', replaceBody(7, () => '{'), 'not canonical'],
    ['a body that is nothing', replaceBody(7, () => 'null'), 'not canonical'],
    [
      'members in another order',
      replaceBody(7, ({ data, ...rest }) => JSON.stringify({ data, ...rest })),
      'not canonical',
    ],

    ['a deleted first event', sql('DELETE FROM events WHERE position = 0'), 'events are missing'],
    ['a deleted event', sql('DELETE FROM events WHERE position = 8'), 'events are missing'],
    ['a deleted last event', sql('DELETE FROM events WHERE position = 16'), 'ahead of the events'],
    ['that all events were deleted', sql('DELETE FROM events'), 'ahead of the events'],
    [
      'a deleted event whose place was closed',
      sql(`DELETE FROM events WHERE position = 8;
           UPDATE events SET position = position - 1 WHERE position > 8`),
      'previous_position',
    ],
    [
      'events in another order',
      sql(`UPDATE events SET position = 99 WHERE position = 13;
           UPDATE events SET position = 13 WHERE position = 14;
           UPDATE events SET position = 14 WHERE position = 99`),
      'stream version',
    ],
    [
      'events of two streams in another order',
      sql(`UPDATE events SET position = 99 WHERE position = 3;
           UPDATE events SET position = 3 WHERE position = 4;
           UPDATE events SET position = 4 WHERE position = 99`),
      'previous_position',
    ],
    [
      'bodies that changed places',
      sql(`UPDATE events SET body = (SELECT body FROM events o WHERE o.position = 24 - events.position)
           WHERE position IN (11, 13)`),
      'differ',
    ],
    [
      'an event that was put at the end',
      sql(`INSERT INTO events SELECT 0, 17, stream_id, 2, 0, type, appended_at,
             replace(body, '"streamVersion":1', '"streamVersion":2') FROM events WHERE position = 0`),
      'the version is not that of its last event',
    ],
    [
      'an event of a stream that has no row',
      sql(`INSERT INTO events SELECT 0, 17, 'project:new', 1, NULL, type, appended_at,
             replace(body, 'project:default', 'project:new') FROM events WHERE position = 0`),
      'the stream has no row',
    ],
    [
      'an event far beyond the end',
      sql(`INSERT INTO events SELECT 0, 9000000000, 'project:new', 1, NULL, type, appended_at,
             replace(body, 'project:default', 'project:new') FROM events WHERE position = 0`),
      'events are missing',
    ],
    [
      'an event at a position that is no exact number any more',
      sql(`INSERT INTO events SELECT 0, 9007199254740993, 'project:new', 1, NULL, type, appended_at,
             replace(body, 'project:default', 'project:new') FROM events WHERE position = 0`),
      'events are missing',
    ],
    [
      'an event at the last position that is an exact number',
      sql(`INSERT INTO events SELECT 0, 9007199254740991, 'project:new', 1, NULL, type, appended_at,
             replace(body, 'project:default', 'project:new') FROM events WHERE position = 0`),
      'events are missing',
    ],
    [
      'an event that was given to another log',
      sql('PRAGMA ignore_check_constraints = 1; UPDATE events SET log_id = 1 WHERE position = 8'),
      'events are missing',
    ],
    [
      'the newest events, given to another log',
      sql('PRAGMA ignore_check_constraints = 1; UPDATE events SET log_id = 1 WHERE position > 12'),
      'events are missing',
    ],
    [
      'all events, given to another log',
      sql('PRAGMA ignore_check_constraints = 1; UPDATE events SET log_id = 1'),
      'events are missing',
    ],
    [
      'a stream that was given to another log',
      sql(`PRAGMA ignore_check_constraints = 1;
           UPDATE streams SET log_id = 1 WHERE stream_id = 'session:session-1'`),
      'the row is of another log',
    ],
    [
      'a stream of another log, of no events',
      sql(`PRAGMA ignore_check_constraints = 1;
           INSERT INTO streams SELECT 1, stream_id || '-2', kind, project_id, subject_id, client_id,
             version, last_position, digest, state FROM streams WHERE stream_id = 'session:session-1'`),
      'the row is of another log',
    ],
    [
      'an event before the beginning',
      sql(`INSERT INTO events SELECT 0, -7, 'project:new', 1, NULL, type, appended_at, body
           FROM events WHERE position = 0`),
      'a position below 0',
    ],

    [
      'another stream',
      sql("UPDATE events SET stream_id = 'family:other' WHERE position = 7"),
      'the column stream_id differ',
    ],
    [
      'another stream version',
      sql('UPDATE events SET stream_version = 9 WHERE position = 7'),
      'the column stream_version differ',
    ],
    [
      'another type',
      sql("UPDATE events SET type = 'FamilyRevoked' WHERE position = 7"),
      'the column type differ',
    ],
    [
      'a type that its stream cannot hold',
      (database) => {
        rewrite(8, (body) => (body.type = 'constructor'))(database);
        database.exec("UPDATE events SET type = 'constructor' WHERE position = 8");
      },
      'cannot hold constructor',
    ],
    [
      'a kind that there is not',
      (database) => {
        rewrite(8, (body) => (body.streamId = 'constructor:admin'))(database);
        database.exec("UPDATE events SET stream_id = 'constructor:admin' WHERE position = 8");
      },
      'of kind constructor cannot hold',
    ],
    [
      'a later time of appending',
      sql('UPDATE events SET appended_at = appended_at + 1 WHERE position = 7'),
      'column appended_at',
    ],
    [
      'a later time of appending the last event',
      sql('UPDATE events SET appended_at = appended_at + 1 WHERE position = 16'),
      'column appended_at',
    ],
    [
      'an earlier time of appending',
      sql('UPDATE events SET appended_at = appended_at - 1 WHERE position = 0'),
      'column appended_at',
    ],
    [
      'a time before that of an event of another stream',
      (database) => {
        rewrite(16, (body) => (body.recordedAt = 5))(database);
        database.exec('UPDATE events SET appended_at = 5 WHERE position = 16');
      },
      'column appended_at',
    ],
    [
      'another previous position',
      sql('UPDATE events SET previous_position = 3 WHERE position = 7'),
      'previous_position',
    ],
    [
      'no previous position',
      sql('UPDATE events SET previous_position = NULL WHERE position = 7'),
      'previous_position',
    ],
    [
      'a previous position of a first event',
      sql('UPDATE events SET previous_position = 0 WHERE position = 1'),
      'previous_position',
    ],

    [
      'an edited state',
      sql(`UPDATE streams SET state = replace(state, '"generation":2', '"generation":1')
           WHERE kind = 'family'`),
      'the state is not the fold of its events',
    ],
    [
      'a state that is no JSON',
      sql("UPDATE streams SET state = 'x' WHERE kind = 'client'"),
      'the state is not the fold of its events',
    ],
    [
      'a deleted stream',
      sql("DELETE FROM streams WHERE kind = 'consent'"),
      'the stream has no row',
    ],
    [
      'an invented stream',
      sql(`INSERT INTO streams SELECT 0, 'account:eve', kind, project_id, 'eve', client_id, version,
             last_position, digest, replace(state, 'ana', 'eve')
           FROM streams WHERE kind = 'account'`),
      'the stream has a row but no events',
    ],
    [
      'a stream whose id is no text',
      sql(`UPDATE streams SET stream_id = CAST(X'FF' || CAST(stream_id AS BLOB) AS TEXT)
           WHERE kind = 'session'`),
      'the stream has a row but no events',
    ],
    [
      'a state that is no text',
      sql("UPDATE streams SET state = CAST(X'FF' AS TEXT) WHERE kind = 'session'"),
      'the state is not the fold of its events',
    ],
    ['another version', sql(`UPDATE streams SET version = 9 WHERE kind = 'family'`), 'the version'],
    [
      'another last position',
      sql("UPDATE streams SET last_position = 3 WHERE kind = 'family'"),
      'last_position is not',
    ],
    [
      'a last position that is yet to come',
      sql("UPDATE streams SET last_position = 99 WHERE kind = 'family'"),
      'the state is ahead of the events',
    ],
    [
      'another digest',
      sql(
        "UPDATE streams SET digest = substr(digest, 2) || substr(digest, 1, 1) WHERE kind = 'family'",
      ),
      DIGEST,
    ],
    [
      'another kind',
      sql("UPDATE streams SET kind = 'session' WHERE kind = 'consent'"),
      'the kind is not',
    ],
    [
      'another project of a stream',
      sql("UPDATE streams SET project_id = 'elsewhere' WHERE kind = 'family'"),
      'the project is not',
    ],
    [
      'another subject',
      sql("UPDATE streams SET subject_id = 'eve' WHERE kind = 'family'"),
      'the subject or the client is not',
    ],
    [
      'a subject where there is none',
      sql("UPDATE streams SET subject_id = 'eve' WHERE kind = 'project'"),
      'the subject or the client is not',
    ],
    [
      'no client where there is one',
      sql("UPDATE streams SET client_id = NULL WHERE kind = 'family'"),
      'the subject or the client is not',
    ],

    [
      'another origin',
      sql("UPDATE origins SET address = '203.0.113.8' WHERE position = 7"),
      'the origin is not the one',
    ],
    [
      'an origin with another salt',
      sql(
        'UPDATE origins SET salt = (SELECT salt FROM origins WHERE position = 5) WHERE position = 7',
      ),
      'the origin is not the one',
    ],
    [
      'a salt that is written in another way',
      // The last character of 43 holds two bits that stand for nothing.
      (database) => {
        const salt = database.prepare<[], string>('SELECT salt FROM origins').pluck().get() ?? '';
        const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
        const twin = digits.charAt(digits.indexOf(salt.charAt(42)) + 1);
        database
          .prepare('UPDATE origins SET salt = ? WHERE salt = ?')
          .run(salt.slice(0, 42) + twin, salt);
      },
      'the origin is not the one',
    ],
    [
      'a salt that takes in the origin that it was for, and another origin of that length',
      (database) => {
        const { salt, address, requestId, userAgent } = database
          .prepare<[], Record<'salt' | 'address' | 'requestId' | 'userAgent', string>>(
            `SELECT salt, address, request_id AS requestId, user_agent AS userAgent FROM origins
             WHERE position = 7`,
          )
          .get()!;
        const text = Buffer.from(canonicalJson({ address, requestId, userAgent }));
        const longer = Buffer.concat([Buffer.from(salt, 'base64url'), text]).toString('base64url');
        database
          .prepare('UPDATE origins SET salt = ?, address = ? WHERE position = 7')
          .run(longer, address.replace(/\d$/, '9'));
      },
      'the origin is not the one',
    ],
    [
      'an origin of an event that has none',
      sql('UPDATE origins SET position = 8 WHERE position = 7'),
      'the origin is not the one',
    ],
    [
      'an origin of no event',
      sql('UPDATE origins SET position = 99 WHERE position = 7'),
      'an origin belongs to no event',
    ],
    [
      'an origin before the beginning',
      sql('UPDATE origins SET position = -1 WHERE position = 7'),
      'a position below 0',
    ],
    [
      'a unique key that was taken away',
      sql('DELETE FROM directory_keys'),
      'its unique key has no row',
    ],
    [
      'a unique key of nobody',
      sql("UPDATE directory_keys SET stream_id = 'account:nobody'"),
      'its unique key is given to account:nobody',
    ],
    [
      'a unique key of another stream',
      sql("UPDATE directory_keys SET stream_id = 'client:photo-app'"),
      'its unique key is given to client:photo-app',
    ],
    [
      'a unique key in another project',
      sql("UPDATE directory_keys SET project_id = 'elsewhere'"),
      'its unique key stands in the project elsewhere',
    ],
    [
      'a unique key of another kind',
      sql("UPDATE directory_keys SET key_kind = 'email'"),
      'a unique key that its events do not give',
    ],
    [
      'another unique key',
      sql("UPDATE directory_keys SET key = key || 'x'"),
      'a unique key that its events do not give',
    ],
    [
      'a second unique key',
      sql("INSERT INTO directory_keys VALUES ('default', 'username', 'eve', 'account:ana')"),
      'a unique key that its events do not give',
    ],
    [
      'a unique key of a stream that there is not',
      sql("INSERT INTO directory_keys VALUES ('default', 'username', 'eve', 'account:eve')"),
      'a unique key that its events do not give',
    ],
    [
      'a unique key that is no text',
      sql(`INSERT INTO directory_keys
           VALUES ('default', 'username', CAST(X'FF' AS TEXT), 'account:ana')`),
      'a unique key that its events do not give',
    ],
    [
      'a unique key of nothing',
      sql("INSERT INTO directory_keys VALUES ('', '', '', 'account:ana')"),
      'a unique key has no project',
    ],
    [
      'a stream of nothing',
      sql(`INSERT INTO streams SELECT 0, '', kind, project_id, subject_id, client_id, version,
             last_position, digest, state FROM streams WHERE kind = 'consent'`),
      'a stream has no id',
    ],

    ['a log that is not there', sql('DELETE FROM logs'), 'logs is not of log 0 alone'],
    [
      'a second log',
      sql("INSERT INTO logs VALUES (1, 'token-ledger/1', 0, 1)"),
      'logs is not of log 0 alone',
    ],
    ['another log', sql('UPDATE logs SET log_id = 1'), 'logs is not of log 0 alone'],
    [
      'an epoch that no event opened',
      sql('UPDATE logs SET epoch = 1'),
      'logs has no row of epoch 0',
    ],
    [
      'no version of the directory',
      sql('DELETE FROM directory_version'),
      'directory_version is not one row',
    ],
  ])('%s', async (_, change, problem) => {
    tamper(file, change);
    const report = await verifyFile(file);
    expect(report.ok).toBe(false);
    expect(report.problems.map((found) => found.problem).join('\n')).toContain(problem);
    const inParts = await verifyFile(file, undefined, 2);
    expect(inParts.problems).toEqual(expect.arrayContaining([...report.problems]));
    expect(inParts.problems).toHaveLength(report.problems.length);
  });

  it.each<[what: string, statements: string, problem: string]>([
    [
      'a trigger that is missing',
      'DROP TRIGGER events_refuse_delete',
      'the trigger events_refuse_delete is missing',
    ],
    [
      'a trigger that refuses nothing',
      `DROP TRIGGER events_refuse_update;
       CREATE TRIGGER events_refuse_update BEFORE UPDATE ON events BEGIN SELECT 1; END`,
      'the trigger events_refuse_update is not as it was made',
    ],
    [
      'a trigger on another table',
      `DROP TRIGGER events_refuse_update;
       CREATE TRIGGER events_refuse_update BEFORE UPDATE ON logs
       BEGIN SELECT RAISE(ABORT, 'events is append-only'); END`,
      'the trigger events_refuse_update is not as it was made',
    ],
    [
      'a trigger that we did not make',
      `CREATE TRIGGER migrations AFTER INSERT ON streams
       BEGIN UPDATE streams SET client_id = 'eve' WHERE stream_id = NEW.stream_id; END`,
      "the trigger migrations is none of the ledger's",
    ],
    [
      'a table that we did not make',
      'CREATE TABLE notes (note TEXT)',
      "the table notes is none of the ledger's",
    ],
    [
      'a table that holds more',
      'ALTER TABLE origins ADD COLUMN note TEXT',
      'the table origins is not as it was made',
    ],
    [
      'a view that we did not make',
      'CREATE VIEW people AS SELECT subject_id FROM streams',
      "the view people is none of the ledger's",
    ],
    [
      'an index that we did not make',
      'CREATE UNIQUE INDEX one_client ON streams (client_id) WHERE client_id IS NULL AND 0',
      "the index one_client is none of the ledger's",
    ],
  ])('%s', async (_, statements, problem) => {
    onDatabase(file, (database) => database.exec(statements));
    expect(await verifyFile(file)).toMatchObject({ ok: false, problems: [{ problem }] });
  });

  it('of which stream a unique key is wrong', async () => {
    const problemsAfter = async (statement: string) => {
      tamper(file, sql(statement));
      const { problems } = await verifyFile(file);
      return problems.map(({ streamId, problem }) => `${streamId}: ${problem}`);
    };
    expect(await problemsAfter("UPDATE directory_keys SET stream_id = 'client:photo-app'")).toEqual(
      [
        'account:ana: its unique key is given to client:photo-app',
        'client:photo-app: it has a unique key that its events do not give',
      ],
    );
    expect(await problemsAfter('DELETE FROM directory_keys')).toEqual([
      'account:ana: its unique key has no row',
    ]);
  });

  it('two streams that hold one unique key', async () => {
    const store = await openSqliteStore();
    try {
      await append(store.ledger, 'account', 'ana', [accountCreated('one')]);
      await append(store.ledger, 'account', 'eve', [accountCreated('two')]);
      await store.ledger.close();
      copyFileSync(store.file, file);
      tamper(file, (database) => {
        rewrite(1, ({ data }) => (data.usernameDigest = 'one'))(database);
        const body = database.prepare<[], string>('SELECT body FROM events WHERE position = 1');
        database
          .prepare(
            `UPDATE streams SET digest = ?, state = replace(state, 'two', 'one')
             WHERE stream_id = 'account:eve'`,
          )
          .run(digestAfter(undefined, body.pluck().get() ?? ''));
        database.exec("DELETE FROM directory_keys WHERE stream_id = 'account:eve'");
      });
      expect((await verifyFile(file)).problems).toEqual([
        { streamId: 'account:eve', problem: 'account:ana holds its unique key too' },
      ]);
      expect((await verifyFile(file, undefined, 1)).ok).toBe(false);
    } finally {
      await store.remove();
    }
  });

  it('where the problem is, and one for each stream', async () => {
    tamper(file, (database) => {
      rewrite(5, (body) => (body.actor = ''))(database);
      rewrite(6, (body) => (body.actor = ''))(database);
      database.exec("UPDATE streams SET state = '{}'");
    });
    const { problems } = await verifyFile(file);
    expect(problems[0]).toEqual({
      position: 5,
      streamId: FAMILY,
      problem: 'the envelope is wrong at actor',
    });
    expect(problems.filter(({ streamId }) => streamId === FAMILY)).toHaveLength(1);
    expect(problems).toHaveLength(9);
  });

  it('that events are missing, however many streams are wrong for it', async () => {
    const store = await openSqliteStore();
    try {
      for (let times = 0; times < 2; times += 1) {
        await Promise.all(
          Array.from({ length: 50 }, (_, index) => count(store.ledger, `s${index}`)),
        );
      }
      await store.ledger.close();
      tamper(store.file, sql('DELETE FROM events WHERE position BETWEEN 3 AND 40'));
      const first = { position: 3, problem: 'events are missing' };
      for (const streamsAtOnce of [100, 7]) {
        const { problems } = await verifyFile(store.file, undefined, streamsAtOnce);
        expect(problems[0]).toEqual(first);
        expect(problems).toHaveLength(20);
      }
    } finally {
      await store.remove();
    }
  });

  it('at most twenty problems', async () => {
    const store = await openSqliteStore();
    try {
      await Promise.all(Array.from({ length: 50 }, (_, index) => count(store.ledger, `s${index}`)));
      await store.ledger.close();
      tamper(store.file, sql("UPDATE streams SET state = '{}'"));
      expect((await verifyFile(store.file)).problems).toHaveLength(20);
      expect((await verifyFile(store.file, undefined, 7)).problems).toHaveLength(20);
    } finally {
      await store.remove();
    }
  });
});

describe('a verification of damaged pages', () => {
  let store: SqliteLedgerStore;
  const pageSize = 4096;

  beforeEach(async () => {
    store = await openSqliteStore();
    await fillLedger(store.ledger);
    await Promise.all(Array.from({ length: 300 }, (_, index) => count(store.ledger, `s${index}`)));
    await store.ledger.close();
  });

  /** The pages whose loss a verification does not see. */
  async function pagesMissed(wrap: (source: LedgerSource) => LedgerSource): Promise<number[]> {
    const missed: number[] = [];
    const pages = statSync(store.file).size / pageSize;
    for (let page = 2; page <= pages; page += 1) {
      copyFileSync(store.file, file);
      overwrite(file, (page - 1) * pageSize, Buffer.alloc(pageSize, 0xa5));
      try {
        if ((await verifyFile(file, wrap)).ok) missed.push(page);
      } catch (error) {
        expect(error).toMatchObject({ code: 'ledger_corrupted' });
      }
      for (const suffix of ['-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
    }
    return missed;
  }

  it('finds each of them', async () => {
    expect(statSync(store.file).size / pageSize).toBeGreaterThan(40);
    expect(await pagesMissed((source) => source)).toEqual([]);
  });

  it('finds each that holds events, streams or origins where the file is too large to be checked whole', async () => {
    const other = onDatabase(store.file, (database) =>
      database
        .prepare<[], number>(
          `SELECT pageno FROM dbstat WHERE name NOT IN
             ('events', 'origins', 'streams', 'sqlite_autoindex_streams_1')`,
        )
        .pluck()
        .all(),
    );
    const missed = await pagesMissed((source) => ({ ...source, damage: async () => [] }));
    expect(missed.filter((page) => !other.includes(page))).toEqual([]);
  });

  afterEach(async () => {
    await store.remove();
  });
});

describe('a verification finds nothing', () => {
  it('wrong with an intact ledger, in one part or in many', async () => {
    const intact = { ok: true, events: 17, streams: 9, sealed: 0, problems: [] };
    expect(await verifyFile(file)).toEqual(intact);
    for (const streamsAtOnce of [1, 2, 5, 9, 10]) {
      expect(await verifyFile(file, undefined, streamsAtOnce)).toEqual(intact);
    }
  });

  it('wrong with an empty ledger', async () => {
    const store = await openSqliteStore();
    const { ok, events, problems } = await verifyFile(store.file);
    expect({ ok, events, problems }).toEqual({ ok: true, events: 0, problems: [] });
    await store.remove();
  });

  it('wrong with origins that were erased', async () => {
    tamper(file, sql('DELETE FROM origins WHERE position IN (5, 16)'));
    expect(await verifyFile(file)).toMatchObject({ ok: true });
  });

  it.each([100_000, 20])('wrong while a server writes (%s streams at once)', async (atOnce) => {
    const store = await openSqliteStore();
    try {
      await writeBriskly(store, 3000);
      const writer = startWriter(store);
      const progress: number[] = [];
      for (let round = 0; round < 3; round += 1) {
        const source = openSqliteSource(store.file);
        const report = await verifyLedger(source, {
          onProgress: (done, total) => progress.push(done / total),
          streamsAtOnce: atOnce,
        });
        await source.close();
        expect(report.problems).toEqual([]);
        expect(report.events).toBeGreaterThanOrEqual(3000);
      }
      await writer.stop();
      expect(await store.ledger.size()).toBeGreaterThan(3000);
      expect(Math.max(...progress)).toBeLessThanOrEqual(1);
      await store.expectIntact();
    } finally {
      await store.remove();
    }
  });

  it('but what is wrong, also while a server writes', async () => {
    const store = await openSqliteStore();
    try {
      await fillLedger(store.ledger);
      await writeBriskly(store, 3000);
      tamper(store.file, sql("UPDATE streams SET subject_id = 'eve' WHERE kind = 'family'"));
      // A row that claims to have gone on meanwhile is not believed.
      tamper(store.file, sql("UPDATE streams SET last_position = 3050 WHERE kind = 'consent'"));
      const writer = startWriter(store);
      const { problems } = await verifyFile(store.file);
      await writer.stop();
      expect(problems).toEqual([
        expect.objectContaining({
          streamId: 'consent:ana-photo-app',
          problem: expect.stringMatching(/ahead|last_position/),
        }),
        { streamId: FAMILY, problem: 'the subject or the client is not that of its events' },
      ]);
    } finally {
      await store.remove();
    }
  });
});

/** Counts on 50 streams, some of them new, and makes an account, in commits of 20. */
async function writeBriskly({ ledger }: SqliteLedgerStore, events: number): Promise<void> {
  const start = await ledger.size();
  for (let written = 0; written < events; written += 20) {
    const name = `new-${start + written}`;
    await Promise.all([
      append(ledger, 'account', name, [accountCreated(`digest-of-${name}`)]),
      ...Array.from({ length: 19 }, (_, index) =>
        count(ledger, index === 0 ? name : `s${(written + index) % 50}`),
      ),
    ]);
    await nextTurn();
  }
}

/** Writes until it is stopped. */
function startWriter(store: SqliteLedgerStore): { stop(): Promise<void> } {
  const state = { isRunning: true };
  const writeOn = async (): Promise<void> => {
    await writeBriskly(store, 60);
    if (state.isRunning) await writeOn();
  };
  const running = writeOn();
  return {
    stop: () => {
      state.isRunning = false;
      return running;
    },
  };
}
