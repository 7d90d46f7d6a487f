import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { problemOf } from '../../src/access/problem-details.js';
import { LedgerError, LedgerUnavailable } from '../../src/ledger/ledger.errors.js';
import { PostgresConnections } from '../../src/ledger/postgres/postgres-connection.js';
import { count } from '../support/ledger-executions.js';
import { EVENTS_IN_PARTITIONS } from '../support/ledger-partitions.js';
import { openPostgresStore, type PostgresLedgerStore } from '../support/ledger-postgres.js';
import { usePostgres } from '../support/postgres-of-file.js';

const server = usePostgres();
const failures: string[] = [];
let store: PostgresLedgerStore;

beforeEach(async () => {
  failures.length = 0;
  store = await openPostgresStore(server());
  await store.query(EVENTS_IN_PARTITIONS.replace('TO (100000000)', 'TO (10)'));
});

afterEach(async () => {
  try {
    await store.expectIntact();
  } finally {
    await store.remove();
  }
});

const failureOf = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(
    () => undefined,
    (reason: unknown) => reason,
  );

describe('a ledger whose last partition is full', () => {
  const MISSING =
    /^the database 127\.0\.0\.1:\d+\/\w+ cannot be written: the table ledger\.events has no partition for position 10: make one$/;

  it('says which one is missing, is to be tried again, and goes on once it is made', async () => {
    const observer = { failed: (code: string) => void failures.push(code) };
    const ledger = await store.open({ observer });
    while ((await ledger.size()) < 10) await count(ledger, 'a');
    for (const stream of ['a', 'b', 'a']) {
      const error = await failureOf(count(ledger, stream));
      expect(error).toBeInstanceOf(LedgerUnavailable);
      expect(error).toMatchObject({ code: 'read_only', message: expect.stringMatching(MISSING) });
      expect(problemOf(error)).toMatchObject({
        details: { status: 503, detail: expect.stringContaining('Nothing was lost') },
        headers: { 'retry-after': '1' },
      });
    }
    expect(failures).toEqual(['read_only', 'read_only', 'read_only']);
    expect(await ledger.size()).toBe(10);
    await store.query(`CREATE TABLE ledger.events_1 PARTITION OF ledger.events
        FOR VALUES FROM (10) TO (20);
      CREATE TRIGGER events_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.events_1
        FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()`);
    await count(ledger, 'b');
    expect(await ledger.size()).toBe(11);
  });

  it('takes a row that breaks a check for the fault of who wrote it', async () => {
    const connections = new PostgresConnections(store.url, 1);
    const insert = (name: string, table: string, position: number) =>
      failureOf(
        connections.rows(
          {
            name,
            text: `INSERT INTO ledger.${table} VALUES (0, $1, 'a:b', 1, NULL, 'X', 1, '{}')`,
          },
          [position],
        ),
      );
    try {
      await store.query(`GRANT INSERT ON ledger.events_0 TO runtime;
        CREATE TABLE ledger.events_below PARTITION OF ledger.events FOR VALUES FROM (-9) TO (0);
        CREATE TRIGGER refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.events_below
          FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()`);
      for (const error of [
        await insert('whole', 'events', -1),
        await insert('of', 'events_0', 10),
      ]) {
        expect(error).toMatchObject({ code: '23514' });
        expect(error).not.toBeInstanceOf(LedgerError);
      }
      expect(await insert('beyond', 'events', 10)).toBeInstanceOf(LedgerUnavailable);
    } finally {
      await connections.close();
    }
  });
});
