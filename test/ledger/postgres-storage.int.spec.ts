import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { streamIdOf } from '../../src/domain/identifiers.js';
import { openPostgresSource } from '../../src/ledger/postgres/postgres-ledger.source.js';
import { verifyLedger } from '../../src/ledger/verification/verify-ledger.js';
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
import { beginFamily, refreshFamily } from '../support/ledger-families.js';
import { expectLedgerError } from '../support/ledger-faults.js';
import { EVENTS_IN_PARTITIONS } from '../support/ledger-partitions.js';
import { openPostgresStore, type PostgresLedgerStore } from '../support/ledger-postgres.js';
import { usePostgres } from '../support/postgres-of-file.js';

const FAMILY = '019a43c1e4007abc8def0123456789ab';
const server = usePostgres();
let store: PostgresLedgerStore;

beforeEach(async () => {
  store = await openPostgresStore(server());
});

afterEach(async () => {
  await store.remove();
});

describe('what the ledger keeps on PostgreSQL', () => {
  afterEach(async () => {
    await store.expectIntact();
  });

  it.each([
    ['UPDATE ledger.events SET body = body', 'events is append-only'],
    ['DELETE FROM ledger.events WHERE position = 0', 'events is append-only'],
    ['TRUNCATE ledger.events', 'events is append-only'],
    ['UPDATE ledger.logs SET epoch = 1', 'logs is append-only'],
    ['DELETE FROM ledger.tiles', 'tiles is append-only'],
    ['TRUNCATE ledger.checkpoints', 'checkpoints is append-only'],
    ["INSERT INTO ledger.events VALUES (0, 1, 'a:b', 1, NULL, 'X', 1, '{}')", 'duplicate key'],
    ["INSERT INTO ledger.events VALUES (0, -1, 'a:b', 1, NULL, 'X', 1, '{}')", 'check constraint'],
    [
      `INSERT INTO ledger.events VALUES (0, 1, 'a:b', 1, NULL, 'X', 1, '{}')
       ON CONFLICT (log_id, position) DO UPDATE SET body = excluded.body`,
      'events is append-only',
    ],
  ])('refuses also its owner %s', async (statement, complaint) => {
    await append(store.ledger, 'administration', 'a', [recorded('one'), recorded('two')]);
    await expect(store.query(statement)).rejects.toThrow(complaint);
  });

  it('deletes origins that are erased, and keeps the events', async () => {
    const asked = { ...ATTRIBUTION, origin: ORIGIN };
    const { ledger } = store;
    await append(ledger, 'administration', 'a', [recorded('one'), recorded('two')], asked);
    await ledger.eraseOrigins([0, 7]);
    expect(await ledger.settleErasure()).toBe(true);
    expect([...(await ledger.origins([0, 1])).keys()]).toEqual([1]);
    expect((await ledger.feed(null, 9)).map(({ origin }) => origin)).toEqual([undefined, ORIGIN]);
    const [erased, kept] = await ledger.evidenceAt([0, 1]);
    expect(erased?.origin).toBeUndefined();
    expect(kept?.origin).toMatchObject(ORIGIN);
    const rows = await store.query<{ position: string }>('SELECT position FROM ledger.origins');
    expect(rows.map(({ position }) => Number(position))).toEqual([1]);
  });

  it('lets no column of an index change, so that rows are updated in their place', async () => {
    await beginFamily(store.ledger, FAMILY);
    for (let generation = 0; generation < 20; generation += 1) {
      await refreshFamily(store.ledger, FAMILY, generation);
    }
    await store.ledger.close();
    const updates = async () => {
      const [row] = await store.query<{ updated: number; inPlace: number }>(
        `SELECT n_tup_upd::integer AS updated, n_tup_hot_upd::integer AS "inPlace"
         FROM pg_stat_user_tables WHERE schemaname = 'ledger' AND relname = 'streams'`,
      );
      return row;
    };
    // A backend tells what it did when it ends.
    while ((await updates())?.updated === 0) await wait(20);
    expect(await updates()).toEqual({ updated: 21, inPlace: 21 });
  });
});

describe('a verification of a ledger on PostgreSQL', () => {
  /** Changes something behind the triggers' back. */
  const tamper = (table: string, sql: string) =>
    store.query(`ALTER TABLE ledger.${table} DISABLE TRIGGER ALL; ${sql};
      ALTER TABLE ledger.${table} ENABLE TRIGGER ALL`);

  beforeEach(async () => {
    const { ledger } = store;
    const asked = { ...ATTRIBUTION, origin: ORIGIN };
    await append(ledger, 'client', 'web', [clientRegistered('Web')], asked);
    await decideOn(ledger, 'account', 'ana', () => ({
      events: [accountCreated('ana')],
      outcome: undefined,
    }));
    for (let index = 0; index < 5; index += 1) await count(ledger, 'a', asked);
    await store.expectIntact();
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    [
      'a body that was edited',
      () =>
        tamper(
          'events',
          `UPDATE ledger.events SET body = replace(body, '"action":"test"', '"action":"tess"')
           WHERE position = 4`,
        ),
      /the digest is not that of its bodies/,
    ],
    [
      'an event that was deleted',
      () => tamper('events', 'DELETE FROM ledger.events WHERE position = 4'),
      /events are missing/,
    ],
    [
      'a state that was edited',
      () =>
        store.query(`UPDATE ledger.streams SET state = replace(state, '"count":5', '"count":4')
          WHERE stream_id = 'administration:a'`),
      /the state is not the fold of its events/,
    ],
    [
      'an origin that was exchanged',
      () => store.query("UPDATE ledger.origins SET address = '198.51.100.1' WHERE position = 0"),
      /the origin is not the one that the event committed to/,
    ],
    [
      'an origin of no event',
      () =>
        store.query(`INSERT INTO ledger.origins SELECT 0, 99, salt, address, user_agent, request_id
          FROM ledger.origins WHERE position = 0`),
      /an origin belongs to no event/,
    ],
    [
      'a unique key that was given away',
      () => store.query("UPDATE ledger.directory_keys SET stream_id = 'account:eve'"),
      /key/,
    ],
    [
      'a time that runs backwards',
      () => tamper('events', 'UPDATE ledger.events SET appended_at = 1 WHERE position = 5'),
      /appended_at/,
    ],
    [
      'a trigger that is off',
      () => store.query('ALTER TABLE ledger.events DISABLE TRIGGER events_refuse_change'),
      /the trigger events_refuse_change does not always fire/,
    ],
    [
      'a trigger that is gone',
      () => store.query('DROP TRIGGER logs_refuse_change ON ledger.logs'),
      /the trigger logs_refuse_change is missing/,
    ],
    [
      'a trigger that refuses nothing',
      () =>
        store.query(`CREATE OR REPLACE FUNCTION ledger.refuse_change() RETURNS trigger
          LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$`),
      /the function refuse_change is not as it was made/,
    ],
    [
      'a function that is none of the ledger',
      () =>
        store.query("CREATE FUNCTION ledger.other() RETURNS text LANGUAGE sql AS $$ SELECT '' $$"),
      /the function other is none of the ledger's/,
    ],
    [
      'a column of another type',
      () => store.query('ALTER TABLE ledger.origins ALTER address TYPE varchar(99)'),
      /the table origins is not as it was made/,
    ],
    [
      'a column that may be empty',
      () => store.query('ALTER TABLE ledger.events ALTER body DROP NOT NULL'),
      /the table events is not as it was made/,
    ],
    [
      'a column that says something by itself',
      () => store.query("ALTER TABLE ledger.origins ALTER address SET DEFAULT 'x'"),
      /the table origins is not as it was made/,
    ],
    [
      'a column more',
      () => store.query('ALTER TABLE ledger.streams ADD note text'),
      /the table streams is not as it was made/,
    ],
    [
      'a column that is gone',
      () => store.query('ALTER TABLE ledger.leases DROP holder'),
      /the table leases is not as it was made/,
    ],
    [
      'a table that is gone',
      () => store.query('DROP TABLE ledger.nodes'),
      /the table nodes is missing/,
    ],
    [
      'a table that is none of the ledger',
      () => store.query('CREATE TABLE ledger.notes (note text)'),
      /the table notes is none of the ledger's/,
    ],
    [
      'a view that is none of the ledger',
      () => store.query('CREATE VIEW ledger.people AS SELECT subject_id FROM ledger.streams'),
      /the view people is none of the ledger's/,
    ],
    [
      'a second log',
      () => store.query("INSERT INTO ledger.logs VALUES (1, 'x', 0, 1)"),
      /logs is not of log 0 alone/,
    ],
  ])('finds %s', async (_, change, problem) => {
    await change();
    const source = await openPostgresSource(store.url);
    const { ok, problems } = await verifyLedger(source);
    await source.close();
    expect(ok).toBe(false);
    expect(problems.map((one) => one.problem)).toContainEqual(expect.stringMatching(problem));
  });

  it.each<[column: string, change: string, problem: string]>([
    ['stream_id', "stream_id = 'administration:b'", 'the body and the column stream_id differ'],
    ['stream_version', 'stream_version = 9', 'the body and the column stream_version differ'],
    ['type', "type = 'FamilyRevoked'", 'the body and the column type differ'],
    [
      'previous_position',
      'previous_position = 0',
      'previous_position does not name the event before it',
    ],
    [
      'previous_position, emptied',
      'previous_position = NULL',
      'previous_position does not name the event before it',
    ],
    ['appended_at', 'appended_at = appended_at + 1', 'the body and the column appended_at differ'],
    ['appended_at, earlier', 'appended_at = 1', 'the body and the column appended_at differ'],
    ['position', 'position = 40', 'events are missing'],
    ['log_id', 'log_id = 1', 'events are missing'],
    ['body', `body = body || ' '`, 'the body is not canonical JSON'],
  ])('names the position of an event whose column %s was changed', async (_, change, problem) => {
    await tamper('events', `UPDATE ledger.events SET ${change} WHERE position = 4`);
    const source = await openPostgresSource(store.url);
    const { problems } = await verifyLedger(source);
    await source.close();
    expect(problems[0]).toMatchObject({ position: 4, problem });
  });

  it('is content with a table of events in partitions, made as the documentation says', async () => {
    await store.query(EVENTS_IN_PARTITIONS);
    await store.expectIntact();
    await append(store.ledger, 'administration', 'b', [recorded('in a partition')]);
    await store.expectIntact();
    for (const table of ['events', 'events_0']) {
      const refused = `${table} is append-only`;
      await expect(store.query(`TRUNCATE ledger.${table}`)).rejects.toThrow(refused);
      await expect(store.query(`DELETE FROM ledger.${table}`)).rejects.toThrow(refused);
    }
  });

  it('is not needed to see that a history has a gap', async () => {
    const stream = streamIdOf('administration', 'a');
    await tamper('events', 'DELETE FROM ledger.events WHERE position = 4');
    const { ledger } = store;
    await expectLedgerError(ledger.streamEvents(stream, null, 9), 'ledger_corrupted', 'position 4');
    expect(await ledger.streamEvents(stream, null, 2)).toMatchObject({ next: 5 });
    await store.query('UPDATE ledger.streams SET last_position = 99');
    await expectLedgerError(ledger.streamEvents(stream, null, 9), 'ledger_corrupted', stream);
  });
});
