import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type NamedStatement,
  PostgresConnections,
} from '../../src/ledger/postgres/postgres-connection.js';
import type { PostgresLedger } from '../../src/ledger/postgres/postgres-ledger.js';
import { beginFamily } from '../support/ledger-families.js';
import { openPostgresStore, type PostgresLedgerStore } from '../support/ledger-postgres.js';
import { usePostgres } from '../support/postgres-of-file.js';

const server = usePostgres();
const send: PostgresConnections['send'] = Reflect.get(PostgresConnections.prototype, 'send');
const families = Array.from({ length: 64 }, (_, index) => `family${index}`);
let store: PostgresLedgerStore;
/** Another node, which remembers nothing of what the first one wrote. */
let ledger: PostgresLedger;
let loads = 0;
/** Called when the next load is about to be sent, which waits for what this answers. */
let hold: (() => Promise<void>) | undefined;

beforeEach(async () => {
  store = await openPostgresStore(server());
  await Promise.all(families.map((id) => beginFamily(store.ledger, id)));
  ledger = await store.open();
  PostgresConnections.prototype.send = async function held<Row extends readonly unknown[]>(
    this: PostgresConnections,
    statement: NamedStatement,
    values: readonly unknown[],
  ) {
    if (statement.name === 'ledger.load') {
      loads += 1;
      const before = hold;
      hold = undefined;
      await before?.();
    }
    return send.call(this, statement, values) as Promise<readonly Row[]>;
  };
  loads = 0;
});

afterEach(async () => {
  PostgresConnections.prototype.send = send;
  await store.expectIntact();
  await store.remove();
});

/** Begins a read whose load is held up until it is released. */
async function heldLoad(id: string) {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const reached = new Promise<void>((resolve) => {
    hold = () => {
      resolve();
      return released;
    };
  });
  const state = load(id);
  await reached;
  return { state, release };
}

const load = (id: string) => ledger.load('family', id);
const active = { status: 'active' };

describe('reads of states on PostgreSQL', () => {
  it('share a statement with all that is asked in the same turn of the event loop', async () => {
    const states = await Promise.all(families.map(load));
    expect(states).toMatchObject(families.map(() => active));
    expect(loads).toBe(1);
  });

  it('share the next statement with all that is asked while one is under way', async () => {
    const first = await heldLoad('family0');
    const others = families.slice(1).map(load);
    first.release();
    expect(await Promise.all([first.state, ...others])).toMatchObject(families.map(() => active));
    expect(loads).toBe(2);
  });

  it('are answered each for itself, whatever others ask and throw', async () => {
    const failure = new Error('a query of its own');
    const key = ledger.read((reader) => reader.findKey('default' as never, 'username', 'nobody'));
    const failing = ledger.read((reader) => {
      reader.find('family', 'family1');
      throw failure;
    });
    await expect(failing).rejects.toBe(failure);
    expect(await key).toBeUndefined();
    expect(await load('none')).toBeUndefined();
  });

  it('do not wait long for a statement that is held up', async () => {
    const slow = await heldLoad('family0');
    expect(await load('family1')).toMatchObject(active);
    expect(await Promise.race([slow.state, Promise.resolve('held')])).toBe('held');
    slow.release();
    expect(await slow.state).toMatchObject(active);
  });

  it('are refused when too many wait', async () => {
    const asked = Array.from({ length: 4097 }, () => load('family0'));
    await expect(asked.at(-1)).rejects.toMatchObject({ code: 'ledger_busy' });
    expect(await Promise.all(asked.slice(0, -1))).toHaveLength(4096);
    expect(loads).toBe(4096 / 128);
  });
});
