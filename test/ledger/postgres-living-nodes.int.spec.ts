import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openPostgresNodes, type PostgresNodes } from '../../src/ledger/postgres/postgres-nodes.js';
import { openPostgresStore, type PostgresLedgerStore } from '../support/ledger-postgres.js';
import { usePostgres } from '../support/postgres-of-file.js';

const server = usePostgres();
let store: PostgresLedgerStore;
let first: PostgresNodes;
let second: PostgresNodes;

beforeEach(async () => {
  store = await openPostgresStore(server());
  first = openPostgresNodes(store.url, { issuer: 'https://a.example' });
  second = openPostgresNodes(store.url, { issuer: 'https://b.example' });
  await first.join();
});

afterEach(async () => {
  await Promise.all([first.close(), second.close()]);
  await store.remove();
});

/** Lets the clock of the database run ahead of what the nodes have said so far. */
const pass = (time: string): Promise<unknown> =>
  store.query(`UPDATE ledger.nodes SET seen_at = seen_at - interval '${time}'`);

describe('the nodes of a ledger', () => {
  it('are known while they say so, with what they were told', async () => {
    expect(await second.countOthers()).toBe(1);
    expect(await second.join()).toEqual(['issuer']);
    await first.leave();
    expect(await second.join()).toEqual([]);
  });

  it.each([
    ['that was killed', '31 s'],
    ['that was killed before the clock was set back', '-31 s'],
  ])('do not count one %s, unless it says again that it lives', async (_which, time) => {
    await pass(time);
    expect(await second.countOthers()).toBe(0);
    await first.join();
    expect(await second.countOthers()).toBe(1);
  });

  it.each(['301 s', '-301 s'])('forget one that was not there for long (%s)', async (time) => {
    await pass(time);
    await second.join();
    expect(await store.query('SELECT node_id FROM ledger.nodes')).toHaveLength(1);
  });
});
