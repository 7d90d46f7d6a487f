import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PostgresConnections } from '../../src/ledger/postgres/postgres-connection.js';
import { PostgresLedger } from '../../src/ledger/postgres/postgres-ledger.js';
import {
  append,
  clientRegistered,
  count,
  decideOn,
  metadataNamed,
  recorded,
} from '../support/ledger-executions.js';
import { beginFamily, refreshFamily } from '../support/ledger-families.js';
import { expectLedgerError } from '../support/ledger-faults.js';
import { openPostgresStore, type PostgresLedgerStore } from '../support/ledger-postgres.js';
import { usePostgres } from '../support/postgres-of-file.js';
import { openPostgresProxy, type PostgresProxy } from '../support/postgres-proxy.js';

const FAMILY = '019a43c1e4007abc8def0123456789ab';
const TABLES = ['events', 'streams', 'origins', 'directory_keys', 'directory_version', 'logs'];
const server = usePostgres();
let store: PostgresLedgerStore;
let ledger: PostgresLedger;

beforeEach(async () => {
  store = await openPostgresStore(server());
  ({ ledger } = store);
});

afterEach(async () => {
  await store.query('DROP SCHEMA IF EXISTS copy CASCADE');
  await store.remove();
});

const rename = (by: PostgresLedger, name: string) =>
  append(by, 'client', 'web', [{ type: 'ClientUpdated', data: { metadata: metadataNamed(name) } }]);
const nameOfWeb = (at: PostgresLedger) =>
  decideOn(at, 'administration', 'reader', (stream) => ({
    events: [recorded('read')],
    outcome: stream.find('client', 'web')?.metadata.name,
  }));

describe('what a node remembers of the directory', () => {
  let proxy: PostgresProxy;
  let late: PostgresLedger;

  beforeEach(async () => {
    proxy = await openPostgresProxy(store.url);
    late = new PostgresLedger({
      writing: new PostgresConnections(proxy.url, 2),
      reading: new PostgresConnections(store.url, 8),
      clock: store.clock,
    });
  });

  afterEach(async () => {
    await late.close();
    await proxy.close();
    await store.expectIntact();
  });

  it('is not its own change, when another node changed it before the answer came', async () => {
    await append(ledger, 'client', 'web', [clientRegistered('one')]);
    await append(ledger, 'client', 'other', [clientRegistered('other')]);
    expect(await nameOfWeb(late)).toBe('one');
    proxy.answers('hold');
    const changed = rename(late, 'two');
    await proxy.disturbed();
    await rename(ledger, 'three');
    // A read tells the late node of the directory's version before its own answer comes.
    await late.load('client', 'other');
    proxy.answers('pass');
    await changed;
    expect(await nameOfWeb(late)).toBe('three');
    expect((await late.load('client', 'web'))?.metadata.name).toBe('three');
  });
});

describe('an older copy that is put in the place of a ledger while nodes run', () => {
  const saveCopy = () =>
    store.query(
      `CREATE SCHEMA copy; ${TABLES.map(
        (table) => `CREATE TABLE copy.${table} AS SELECT * FROM ledger.${table}`,
      ).join(';')}`,
    );
  const putBack = () =>
    store.query(
      `SET session_replication_role = replica; BEGIN; ${TABLES.map(
        (table) =>
          `DELETE FROM ledger.${table}; INSERT INTO ledger.${table} SELECT * FROM copy.${table}`,
      ).join(';')}; COMMIT`,
    );

  it('is told by the digest of a stream that has another history of the same length', async () => {
    const another = await store.open();
    await beginFamily(ledger, FAMILY);
    await saveCopy();
    const remembered = await refreshFamily(ledger, FAMILY, 0);
    await putBack();
    await count(another, 'meanwhile');
    store.clock.now += 5000;
    expect(await refreshFamily(another, FAMILY, 0)).toEqual(remembered);
    await refreshFamily(ledger, FAMILY, 1);
    await store.expectIntact();
  });

  it('is refused when its directory was changed as often since, and not taken for the same later', async () => {
    const [node, idle, another] = [await store.open(), await store.open(), await store.open()];
    await append(node, 'client', 'web', [clientRegistered('one')]);
    await saveCopy();
    await append(node, 'client', 'two', [clientRegistered('two')]);
    const isThere = (at: PostgresLedger) =>
      decideOn(at, 'administration', 'a', (stream) => ({
        events: [recorded('x')],
        outcome: stream.find('client', 'two') !== undefined,
      }));
    expect([await isThere(node), await isThere(idle)]).toEqual([true, true]);
    await putBack();
    await append(another, 'client', 'three', [clientRegistered('three')]);
    await expectLedgerError(isThere(node), 'ledger_rolled_back');
    await append(another, 'client', 'four', [clientRegistered('four')]);
    // As many events as were there before: that it is another history, the directory tells.
    await count(another, 'a');
    expect(await isThere(idle)).toBe(false);
  });

  it('is not written to by a node that wrote more', async () => {
    const failures: string[] = [];
    const observer = { failed: (code: string) => void failures.push(code) };
    const [node, reader] = [await store.open({ observer }), await store.open()];
    await count(node, 'a');
    await saveCopy();
    await Promise.all([count(node, 'a'), count(node, 'b'), count(node, 'c')]);
    await reader.load('administration', 'a');
    await putBack();
    for (const id of ['a', 'new']) {
      await expectLedgerError(count(node, id), 'ledger_rolled_back', 'it has 1 events, and had 4');
    }
    expect(failures).toEqual(['ledger_rolled_back', 'ledger_rolled_back']);
    expect(await store.query('SELECT 1 FROM ledger.events')).toHaveLength(1);
    // What was only read may have been lost with a primary before its standby had it.
    expect(await count(reader, 'a')).toBe(1);
  });

  it('is refused by decisions and reads of a node that saw a later directory', async () => {
    const failures: string[] = [];
    const observer = { failed: (code: string) => void failures.push(code) };
    const node = await store.open({ observer });
    await append(node, 'client', 'web', [clientRegistered('one')]);
    await saveCopy();
    await append(node, 'client', 'two', [clientRegistered('two')]);
    await count(node, 'a');
    await putBack();
    const words = 'its directory is at version 1 and was at 2';
    const isThere = (id: string) =>
      decideOn(node, 'administration', 'a', (stream) => ({
        events: [recorded('x')],
        outcome: stream.find('client', id) !== undefined,
      }));
    await expectLedgerError(isThere('unknown'), 'ledger_rolled_back', words);
    // What it remembers is not enough either: the append says what the directory is.
    await expectLedgerError(isThere('two'), 'ledger_rolled_back', 'it has 1 events, and had 3');
    await expectLedgerError(count(node, 'not loaded yet'), 'ledger_rolled_back', words);
    await expectLedgerError(node.load('client', 'two'), 'ledger_rolled_back', words);
    expect(new Set(failures)).toEqual(new Set(['ledger_rolled_back']));
    expect(await store.query('SELECT 1 FROM ledger.events')).toHaveLength(1);
  });
});
