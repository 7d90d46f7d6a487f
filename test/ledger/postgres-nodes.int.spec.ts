import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { streamIdOf } from '../../src/domain/identifiers.js';
import type { PostgresLedger } from '../../src/ledger/postgres/postgres-ledger.js';
import { LOG_LOCK_CLASS } from '../../src/ledger/migrations/postgres-append-function.js';
import {
  append,
  clientRegistered,
  count,
  decideOn,
  incidentOpened,
  metadataNamed,
  recorded,
} from '../support/ledger-executions.js';
import { beginFamily, refreshFamily } from '../support/ledger-families.js';
import { expectLedgerError } from '../support/ledger-faults.js';
import { openPostgresStore, type PostgresLedgerStore } from '../support/ledger-postgres.js';
import { LEDGER_TESTED_AT, settableClock } from '../support/ledger-store.js';
import { openPostgresProxy, type PostgresProxy } from '../support/postgres-proxy.js';
import { usePostgres } from '../support/postgres-of-file.js';
import { allEvents } from './ledger-contract.js';

const FAMILY = '019a43c1e4007abc8def0123456789ab';
const server = usePostgres();

let store: PostgresLedgerStore;
let proxy: PostgresProxy;
/** Two nodes on one database; the second one reaches it through the proxy. */
let ledger: PostgresLedger;
let distant: PostgresLedger;

beforeEach(async () => {
  store = await openPostgresStore(server());
  ({ ledger } = store);
  proxy = await openPostgresProxy(store.url);
  distant = await store.open({ url: proxy.url });
});

afterEach(async () => {
  try {
    await store.expectIntact();
  } finally {
    await proxy.close();
    await store.remove();
  }
});

const roundTripsOf = async (work: () => Promise<unknown>): Promise<number> => {
  const before = proxy.roundTrips;
  await work();
  return proxy.roundTrips - before;
};

describe('two nodes on one ledger', () => {
  it('give one successor, whichever of them the token is presented to', async () => {
    await beginFamily(ledger, FAMILY);
    for (let generation = 0; generation < 20; generation += 1) {
      const presented = [ledger, distant, ledger, distant].map((node) =>
        refreshFamily(node, FAMILY, generation),
      );
      const answers = await Promise.all(presented);
      expect(answers.map((answer) => answer.generation)).toEqual(answers.map(() => generation + 1));
      expect(answers.filter(({ how }) => how === 'rotated')).toHaveLength(1);
      expect(answers.filter(({ how }) => how === 'retried')).toHaveLength(3);
    }
    expect(ledger.conflicts + distant.conflicts).toBeGreaterThan(0);
    const types = (await allEvents(ledger)).map(({ type }) => type);
    expect(types.filter((type) => type === 'RefreshTokenRotated')).toHaveLength(20);
  });

  it('append what nobody else touched beside what somebody was faster at', async () => {
    for (const id of ['a', 'b', 'c']) await count(distant, id);
    await count(ledger, 'b');
    expect(distant.conflicts).toBe(0);
    const tripped = await roundTripsOf(() =>
      Promise.all(['a', 'b', 'c'].map((id) => count(distant, id))),
    );
    expect(distant.conflicts).toBe(1);
    // What was remembered of b was old: the append itself says how b is now.
    expect(tripped).toBe(2);
    const order = (await allEvents(ledger)).map(({ streamId }) => streamId.at(-1));
    expect(order.join('')).toBe('abcbacb');
  });

  it('load what the other one writes too before they decide on it', async () => {
    await beginFamily(ledger, FAMILY);
    for (let generation = 0; generation < 20; generation += 1) {
      const node = generation % 2 === 0 ? distant : ledger;
      expect((await refreshFamily(node, FAMILY, generation)).how).toBe('rotated');
    }
    // Each was wrong once about whose family it is.
    expect([ledger.conflicts, distant.conflicts]).toEqual([1, 1]);
  });

  it('remember what is presented to one of them alone again', async () => {
    await beginFamily(ledger, FAMILY);
    const trips: number[] = [];
    for (let generation = 0; generation < 6; generation += 1) {
      const node = generation === 1 ? ledger : distant;
      const tripped = await roundTripsOf(() => refreshFamily(node, FAMILY, generation));
      if (node === distant) trips.push(tripped);
    }
    // After the first one: what is known is old; what is loaded is as it was left; and then it is known.
    expect(trips.slice(1)).toEqual([2, 2, 1, 1]);
    expect(distant.conflicts).toBe(1);
  });

  it('decide again what was decided on what another node changed, also when nothing is written', async () => {
    await count(distant, 'a');
    await count(ledger, 'a');
    const seen = await decideOn(distant, 'administration', 'a', ({ state }) => ({
      events: [],
      outcome: state?.count,
    }));
    expect(seen).toBe(2);
    await count(ledger, 'a');
    const broken = decideOn(distant, 'administration', 'a', ({ state }) => {
      throw new Error(`at ${state?.count}`);
    });
    await expect(broken).rejects.toThrow('at 3');
  });

  it('append decisions that hang together all, or none of them', async () => {
    await Promise.all([count(distant, 'a'), count(distant, 'b')]);
    await count(ledger, 'a');
    const seen = await Promise.all([
      count(distant, 'a'),
      count(distant, 'b'),
      decideOn(distant, 'administration', 'b', (stream) => ({
        events: [recorded('x')],
        outcome: stream.find('administration', 'a')?.count,
      })),
      count(distant, 'c'),
    ]);
    expect(seen).toEqual([2, 1, 3, 0]);
    // One decision saw both a, which was old, and b: all on either were taken again, and c was not.
    expect(distant.conflicts).toBe(3);
    expect((await distant.streamRow('administration', 'b'))?.version).toBe(3);
  });

  it('see at once which stream the other one has begun', async () => {
    await count(distant, 'a');
    await append(ledger, 'incident', 'i', [incidentOpened()]);
    const streamId = streamIdOf('incident', 'i');
    const again = decideOn(distant, 'administration', 'a', () => ({
      events: [recorded('x')],
      companions: [{ kind: 'incident', streamId, events: [incidentOpened()] }],
      outcome: undefined,
    }));
    await expect(again).rejects.toThrow('incident:i cannot begin');
    expect(await ledger.size()).toBe(2);
  });

  it('know each change of the directory before they decide', async () => {
    await append(ledger, 'client', 'web', [clientRegistered('one')]);
    const nameAt = (node: PostgresLedger, id: string) =>
      decideOn(node, 'administration', id, (stream) => ({
        events: [recorded('x')],
        outcome: stream.find('client', 'web')?.metadata.name,
      }));
    expect([await nameAt(ledger, 'a'), await nameAt(distant, 'b')]).toEqual(['one', 'one']);
    for (const name of ['two', 'three', 'four']) {
      const data = { metadata: metadataNamed(name) };
      await append(ledger, 'client', 'web', [{ type: 'ClientUpdated', data }]);
      // All that it decides on is remembered: only the append can tell that it is old.
      expect(await Promise.all([nameAt(distant, 'b'), nameAt(distant, 'b')])).toEqual([name, name]);
    }
  });

  it('know the epoch before they decide', async () => {
    const epochAt = (node: PostgresLedger) =>
      decideOn(node, 'administration', 'a', ({ epoch }) => ({
        events: [recorded('x')],
        outcome: epoch,
      }));
    expect(await epochAt(distant)).toBe(0);
    await store.setEpoch(3);
    expect(await epochAt(distant)).toBe(3);
    await store.setEpoch(0);
  });

  it('go on while one of them stands still in the middle of an append', async () => {
    await count(distant, 'a');
    proxy.requests('hold', 40);
    const paused = count(distant, 'a');
    await proxy.disturbed();
    for (let index = 1; index < 5; index += 1) expect(await count(ledger, 'a')).toBe(index);
    proxy.requests('pass');
    expect(await paused).toBe(5);
    // Nobody else has written since: the next one appends at once.
    expect(await count(distant, 'a')).toBe(6);
    proxy.answers('hold');
    const unanswered = count(distant, 'a');
    await proxy.disturbed();
    expect(await count(ledger, 'a')).toBe(8);
    proxy.answers('pass');
    expect(await unanswered).toBe(7);
  });

  it('fail an append that waits too long for whoever holds the log, and read meanwhile', async () => {
    await count(distant, 'a');
    const holder = new pg.Client({ connectionString: store.ownerUrl });
    await holder.connect();
    await holder.query(`SELECT pg_advisory_lock(${LOG_LOCK_CLASS}, 0)`);
    const waiting = expectLedgerError(count(distant, 'a'), 'ledger_unavailable', 'timeout');
    expect(await distant.size()).toBe(1);
    expect(await distant.load('administration', 'a')).toMatchObject({ count: 1 });
    await waiting;
    await holder.end();
    expect(await count(distant, 'a')).toBe(1);
  });
});

describe('a steady node', () => {
  it('rotates with one round trip for each flush, however many families are in it', async () => {
    const families = Array.from({ length: 20 }, (_, index) => `${FAMILY}${index}`);
    await Promise.all(families.map((family) => beginFamily(distant, family)));
    for (let generation = 0; generation < 5; generation += 1) {
      const tripped = await roundTripsOf(() =>
        Promise.all(families.map((family) => refreshFamily(distant, family, generation))),
      );
      expect(tripped).toBe(1);
    }
    expect(distant.conflicts).toBe(0);
  });

  it('reads a family, its client and its account with one round trip', async () => {
    await beginFamily(ledger, FAMILY);
    await append(ledger, 'client', 'web', [clientRegistered('Web')]);
    const read = () =>
      distant.read((reader) => [
        reader.find('family', FAMILY)?.generation,
        reader.find('client', 'web')?.metadata.name,
      ]);
    expect(await read()).toEqual([0, 'Web']);
    expect(await roundTripsOf(read)).toBe(1);
  });

  it('finds nothing under a name that PostgreSQL has no text for', async () => {
    expect(await ledger.load('client', 'web\0')).toBeUndefined();
    const found = await decideOn(ledger, 'administration', 'a', (stream) => ({
      events: [],
      outcome: stream.find('client', 'web\0'),
    }));
    expect(found).toBeUndefined();
  });
});

describe('clocks of two nodes', () => {
  const HOUR = 3_600_000;

  it('an hour ahead of the database: that node alone records and decides nothing', async () => {
    const setMax = (change: string) =>
      store.query(
        `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I ${change}', current_database()); END $$`,
      );
    await setMax('SET token_ledger.clock_ahead_max = 60000');
    const failures: string[] = [];
    const observer = { failed: (code: string) => void failures.push(code) };
    const ahead = await store.open({ clock: () => Date.now() + HOUR, observer });
    const right = await store.open({ clock: () => Date.now() });
    const words = ' s ahead of that of its database: set the clock';
    await expectLedgerError(count(ahead, 'a'), 'clock_ahead', words);
    await setMax('RESET token_ledger.clock_ahead_max');
    const nothing = decideOn(ahead, 'administration', 'a', () => ({ events: [], outcome: 'done' }));
    await expectLedgerError(nothing, 'clock_ahead', words);
    expect(failures).toEqual(['clock_ahead', 'clock_ahead']);
    expect(await count(right, 'a')).toBe(0);
  });

  it('an hour apart: the one that is behind records nothing until it has caught up', async () => {
    const ahead = settableClock(LEDGER_TESTED_AT + HOUR);
    const early = await store.open({ clock: ahead });
    await count(ledger, 'a');
    await count(ledger, 'b');
    await count(early, 'a');
    await expectLedgerError(count(ledger, 'b'), 'clock_behind', '3,600 s behind');
    await expectLedgerError(count(ledger, 'new'), 'clock_behind');
    store.clock.now = ahead.now - 1000;
    expect(await count(ledger, 'b')).toBe(1);
    expect(await count(early, 'b')).toBe(2);
  });

  it('a little apart: neither waits for the other, and appended times never run backwards', async () => {
    const ahead = settableClock(LEDGER_TESTED_AT + 400);
    const early = await store.open({ clock: ahead });
    for (let index = 0; index < 6; index += 1) {
      await count(ledger, 'behind');
      await count(early, 'ahead');
      ahead.now += 1;
      store.clock.now += 1;
    }
    expect(ledger.conflicts + early.conflicts).toBe(0);
    const appended = (await allEvents(ledger)).map(({ appendedAt }) => appendedAt);
    expect(appended).toEqual(appended.toSorted((a, b) => a - b));
    // What a node knows to have been recorded, it never records anything before.
    const recordedTimes = (await allEvents(ledger)).map(({ recordedAt }) => recordedAt);
    expect(recordedTimes.at(-2)).toBeGreaterThanOrEqual(LEDGER_TESTED_AT);
  });

  it('a second apart: what would be recorded too early is decided again', async () => {
    const ahead = settableClock(LEDGER_TESTED_AT + 30_000);
    const early = await store.open({ clock: ahead });
    await count(ledger, 'a');
    await count(early, 'b');
    const told = await decideOn(ledger, 'administration', 'a', ({ recordedAt }) => ({
      events: [recorded('x')],
      outcome: recordedAt,
    }));
    expect(told).toBe(ahead.now);
    expect(ledger.conflicts).toBe(1);
  });
});
