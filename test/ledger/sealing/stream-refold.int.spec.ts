import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  openSealStore,
  type SqliteSealStore,
} from '../../../src/ledger/sealing/sqlite-seal.store.js';
import { eventsBetween } from '../../../src/ledger/sealing/event-range.js';
import { type Refolded, StreamRefold } from '../../../src/ledger/sealing/stream-refold.js';
import { append, consented, recorded } from '../../support/ledger-executions.js';
import { beginFamily, refreshFamily } from '../../support/ledger-families.js';
import { FILLED_FAMILY, fillLedger, tamper } from '../../support/ledger-tampering.js';
import { openSealedLedger, sealAll, type SealedLedger } from './sealed-ledger.js';

const OTHER_FAMILY = FILLED_FAMILY.replace(/^..../, '019b');
const NOTHING: Refolded = { differing: [], uncheckedCount: 0 };

let sealed: SealedLedger;
let store: SqliteSealStore;

beforeEach(async () => {
  sealed = await openSealedLedger();
  store = openSealStore(sealed.file);
  await fillLedger(sealed.ledger);
});

afterEach(async () => {
  await store.close();
  await sealed.remove();
});

/** Changes the database past its triggers. */
const edit = (sql: string): void =>
  tamper(sealed.file, (database) => {
    if (database.prepare(sql).run().changes === 0) throw new Error(`${sql} changes nothing`);
  });

const events = (from: number, to: number) => eventsBetween(store, from, to);

/** Checks everything that was appended while something was done. */
async function checkedAfter(
  refold: StreamRefold,
  doing: () => Promise<unknown>,
): Promise<Refolded> {
  const from = await store.eventCount();
  await doing();
  return refold.check(await events(from, await store.eventCount()));
}

const goOn = () => refreshFamily(sealed.ledger, FILLED_FAMILY, 2);

describe('streams that are folded again', () => {
  it('are all as their events make them, whoever goes on and however often', async () => {
    const refold = new StreamRefold(store);
    expect(await refold.check(await events(0, await store.eventCount()))).toEqual(NOTHING);
    expect(await checkedAfter(refold, goOn)).toEqual(NOTHING);
    expect(
      await checkedAfter(refold, async () => {
        await beginFamily(sealed.ledger, OTHER_FAMILY);
        await append(sealed.ledger, 'consent', 'ana-photo-app', [consented(['email'])]);
        await append(sealed.ledger, 'administration', 'admin', [recorded('four')]);
      }),
    ).toEqual(NOTHING);
    expect(await refold.check(await events(0, await store.eventCount()))).toEqual(NOTHING);
  });

  it('may have gone on further than was sealed', async () => {
    const refold = new StreamRefold(store);
    const from = await store.eventCount();
    await goOn();
    const to = await store.eventCount();
    await append(sealed.ledger, 'administration', 'admin', [recorded('later')]);
    await refreshFamily(sealed.ledger, FILLED_FAMILY, 3);
    expect(await refold.check(await events(from, to))).toEqual(NOTHING);
    expect(await refold.check(await events(to, await store.eventCount()))).toEqual(NOTHING);
  });

  it('are compared with a row that is further when its own events are sealed', async () => {
    const refold = new StreamRefold(store);
    const from = await store.eventCount();
    await goOn();
    const to = await store.eventCount();
    await refreshFamily(sealed.ledger, FILLED_FAMILY, 3);
    edit(`UPDATE streams SET ${replaced('state', 'active', 'alive')} WHERE ${where}`);
    expect(await refold.check(await events(from, to))).toEqual(NOTHING);
    const { differing } = await refold.check(await events(to, await store.eventCount()));
    expect(differing).toMatchObject([{ streamId: family }]);
  });

  it.each([999_999, 22])(
    'are compared with a row that only says that it is further: %s',
    async (position) => {
      const refold = new StreamRefold(store);
      const found = await checkedAfter(refold, async () => {
        await goOn();
        edit(
          `UPDATE streams SET last_position = ${position}, ${replaced('state', 'active', 'alive')}
           WHERE ${where}`,
        );
      });
      expect(found.differing).toMatchObject([{ streamId: family }]);
    },
  );

  const family = `family:${FILLED_FAMILY}`;
  const where = `stream_id = '${family}'`;
  const replaced = (column: string, from: string, to: string): string =>
    `${column} = replace(${column}, '${from}', '${to}')`;

  it.each([
    [
      'an edited state',
      `UPDATE streams SET ${replaced('state', '"generation":', '"generation":1')} WHERE ${where}`,
      'the state is not the fold of its events',
    ],
    [
      'an edited digest',
      `UPDATE streams SET digest = 'x' || digest WHERE ${where}`,
      'the digest is not that of its bodies',
    ],
    [
      'an edited body',
      `UPDATE events SET ${replaced('body', '"version":1', '"version":2')} WHERE position = 6`,
      'the digest is not that of its bodies',
    ],
    ['a body that is none', "UPDATE events SET body = '{' WHERE position = 6", 'cannot be read'],
    [
      'a chain that leaves out an event',
      'UPDATE events SET previous_position = 5 WHERE position = 7',
      'stream version',
    ],
    [
      'a chain that goes forwards',
      'UPDATE events SET previous_position = 9 WHERE position = 7',
      'stream version',
    ],
    [
      'a chain into another stream',
      'UPDATE events SET previous_position = 4 WHERE position = 6',
      'position 4 is not its own',
    ],
    ['a row that is gone', `DELETE FROM streams WHERE ${where}`, 'the stream has no row'],
    [
      'a row of before',
      `UPDATE streams SET last_position = 9 WHERE ${where}`,
      'the row is behind its events',
    ],
  ])('are found out by %s', async (_, sql, problem) => {
    const refold = new StreamRefold(store);
    const found = await checkedAfter(refold, async () => {
      await goOn();
      edit(sql);
    });
    expect(found).toEqual({
      differing: [{ streamId: family, problem: expect.stringContaining(problem) as unknown }],
      uncheckedCount: 0,
    });
  });

  it.each([
    ['state', 'streams', 'active', 'alive', where],
    ['body', 'events', 'RefreshTokenRotated', 'RefreshTokenRobbed', 'position = 17'],
  ])('are found out again each time, until they are as they were: %s', async (...change) => {
    const [column, table, from, to, row] = change;
    const refold = new StreamRefold(store);
    await goOn();
    edit(`UPDATE ${table} SET ${replaced(column, from, to)} WHERE ${row}`);
    const last = await store.eventCount();
    for (let times = 0; times < 2; times += 1) {
      expect((await refold.check(await events(last - 1, last))).differing).toHaveLength(1);
    }
    edit(`UPDATE ${table} SET ${replaced(column, to, from)} WHERE ${row}`);
    expect(await refold.check(await events(last - 1, last))).toEqual(NOTHING);
  });

  it('are counted when their history is longer than may be read, and checked when they are known', async () => {
    const bounded = new StreamRefold(store, 4);
    expect(await checkedAfter(bounded, goOn)).toEqual({ differing: [], uncheckedCount: 1 });
    const other = `administration:other`;
    await checkedAfter(bounded, () =>
      append(sealed.ledger, 'administration', 'other', [recorded('1')]),
    );
    for (let times = 0; times < 6; times += 1) {
      const again = () => append(sealed.ledger, 'administration', 'other', [recorded('again')]);
      expect(await checkedAfter(bounded, again)).toEqual(NOTHING);
    }
    edit(`UPDATE streams SET digest = '' WHERE stream_id = '${other}'`);
    const last = await store.eventCount();
    expect((await bounded.check(await events(last - 1, last))).differing).toMatchObject([
      { streamId: other },
    ]);
  });
});

describe('a sealer', () => {
  it('goes no further than an event that is missing', async () => {
    edit('DELETE FROM events WHERE position = 4');
    await expect(sealed.newSealer().seal()).rejects.toMatchObject({
      code: 'ledger_corrupted',
      message: 'the event at position 4 is missing',
    });
    expect(await sealed.seals.latest()).toBeUndefined();
  });

  it('tells what was folded after each seal', async () => {
    const told: Refolded[] = [];
    const sealer = sealed.newSealer({ refolded: (refolded) => void told.push(refolded) });
    await sealAll(sealer);
    expect(told).toEqual([NOTHING]);
    await goOn();
    edit(`UPDATE streams SET state = replace(state, '"active"', '"alive"')`);
    await sealAll(sealer);
    await sealAll(sealer);
    expect(told.slice(1)).toEqual([
      {
        differing: [
          {
            streamId: `family:${FILLED_FAMILY}`,
            problem: 'the state is not the fold of its events',
          },
        ],
        uncheckedCount: 0,
      },
    ]);
  });
});
