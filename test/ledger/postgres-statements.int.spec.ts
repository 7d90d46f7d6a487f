import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { streamIdOf } from '../../src/domain/identifiers.js';
import {
  type NamedStatement,
  PostgresConnections,
} from '../../src/ledger/postgres/postgres-connection.js';
import { openPostgresSeals } from '../../src/ledger/postgres/postgres-seal.store.js';
import { accountCreated, append } from '../support/ledger-executions.js';
import { SUBJECT } from '../support/domain-world.js';
import { beginFamily, refreshFamily } from '../support/ledger-families.js';
import { openPostgresStore, type PostgresLedgerStore } from '../support/ledger-postgres.js';
import { usePostgres } from '../support/postgres-of-file.js';

/** The tables of which each row is of one log: those that would be distributed by it. */
const OF_A_LOG =
  /\bledger\.(events|streams|origins|logs|tiles|checkpoints)\b(?:\s+(?:AS\s+)?(\w+))?/g;

const server = usePostgres();
const send: PostgresConnections['send'] = Reflect.get(PostgresConnections.prototype, 'send');
const sent = new Map<string, string>();
let store: PostgresLedgerStore;

beforeEach(async () => {
  store = await openPostgresStore(server());
  sent.clear();
  PostgresConnections.prototype.send = function record<Row extends readonly unknown[]>(
    this: PostgresConnections,
    statement: NamedStatement,
    values: readonly unknown[],
  ) {
    sent.set(statement.name, statement.text);
    return send.call(this, statement, values) as Promise<readonly Row[]>;
  };
});

afterEach(async () => {
  PostgresConnections.prototype.send = send;
  await store.expectIntact();
  await store.remove();
});

/** The logs that a statement names, and how many tables of a log it reads or writes. */
function logsOf(text: string): { readonly tables: number; readonly logs: ReadonlySet<string> } {
  const logs = [...text.matchAll(/\blog_id = (\d+)|ledger\.(?:append|seal)\((\d+)/g)];
  return {
    tables: [...text.matchAll(OF_A_LOG)].length,
    logs: new Set(logs.map(([, inTable, inCall]) => inTable ?? inCall ?? '')),
  };
}

describe('the statements of requests', () => {
  it('name one log each, so that a database distributed by it sends each to one place', async () => {
    const { ledger } = store;
    await append(ledger, 'account', SUBJECT, [accountCreated('digest')]);
    await beginFamily(ledger, 'f1');
    await refreshFamily(ledger, 'f1', 0);
    const another = await store.openAnother();
    await refreshFamily(another, 'f1', 1);
    await refreshFamily(ledger, 'f1', 2);
    await ledger.load('family', 'f1');
    const streamId = streamIdOf('family', 'f1');
    await ledger.streamRow('family', 'f1');
    const { events } = await ledger.streamEvents(streamId, null, 10);
    const positions = events.map(({ position }) => position);
    await ledger.eventsAt(positions);
    await ledger.origins(positions);
    await ledger.evidenceAt(positions);
    await ledger.eventsAfter(null, 10);
    await ledger.feed(null, 10);
    await ledger.size();
    const seals = openPostgresSeals(store.url);
    await seals.newestCheckpoint();
    await seals.bodies(0, 10);
    await seals.fullTile(0, 0);
    await seals.close();

    expect(sent.size).toBeGreaterThanOrEqual(12);
    for (const [name, text] of sent) {
      const { tables, logs } = logsOf(text);
      expect({ name, logs: [...logs] }).toEqual({ name, logs: ['0'] });
      // Each table is held to that log, or to the log of another one that is.
      const held = [...text.matchAll(/\blog_id = (?:\d+|\w+\.log_id)/g)].length;
      expect({ name, isHeld: held >= tables }).toEqual({ name, isHeld: true });
    }
  });

  it('write through one function, which is given the log', async () => {
    await append(store.ledger, 'account', SUBJECT, [accountCreated('digest')]);
    const written = [...sent].filter(([, text]) => /\b(?:INSERT|UPDATE|DELETE)\b/.test(text));
    expect(written).toEqual([]);
    expect(sent.get('ledger.append')).toMatch(/^SELECT \* FROM ledger\.append\(0, /);
  });
});
