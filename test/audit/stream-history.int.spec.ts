import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Problem } from '../../src/access/problem-details.js';
import { readWhole } from '../../src/audit/list-place.js';
import {
  HISTORY_EVENTS_MAX,
  historyOf,
  HistoryTooLong,
  streamRowAt,
} from '../../src/audit/stream-history.reader.js';
import { streamIdOf } from '../../src/domain/identifiers.js';
import { append, clientRegistered, count } from '../support/ledger-executions.js';
import { openSqliteStore, type SqliteLedgerStore } from '../support/ledger-sqlite.js';

const STREAM = streamIdOf('administration', 'long');
const AT_ONCE = 4000;

let store: SqliteLedgerStore;

beforeAll(async () => {
  store = await openSqliteStore();
}, 60_000);

afterAll(() => store.remove());

async function grow(events: number): Promise<void> {
  for (let left = events; left > 0; left -= AT_ONCE) {
    const some = Array.from({ length: Math.min(left, AT_ONCE) });
    await Promise.all(some.map(() => count(store.ledger, 'long')));
  }
}

describe('the history of a stream', () => {
  it('ends with the moment that is asked about', async () => {
    const { ledger } = store;
    await append(ledger, 'client', 'web', [clientRegistered('Photos')]);
    await grow(3);
    await append(ledger, 'client', 'web', [{ type: 'ClientDisabled', data: {} }]);
    const web = streamIdOf('client', 'web');
    const typesUpTo = async (position: number) =>
      (await historyOf(ledger, web, position)).map(({ type }) => type);
    expect(await typesUpTo(3)).toEqual(['ClientRegistered']);
    expect(await typesUpTo(4)).toEqual(['ClientRegistered', 'ClientDisabled']);
    expect(await historyOf(ledger, streamIdOf('client', 'none'), 4)).toEqual([]);
    expect(await streamRowAt(ledger, 'client', 'web', 3)).toMatchObject({
      version: 1,
      lastPosition: 0,
      state: { status: 'active' },
    });
    const now = await streamRowAt(ledger, 'client', 'web', 4);
    expect(now).toEqual(await ledger.streamRow('client', 'web'));
    expect(await streamRowAt(ledger, 'administration', 'long', 0)).toBeUndefined();
  });

  it('is not read as a whole when it is too long, and the caller is told so', async () => {
    const { ledger } = store;
    await grow(HISTORY_EVENTS_MAX - 3);
    const end = (await ledger.size()) - 1;
    expect(await historyOf(ledger, STREAM, end)).toHaveLength(HISTORY_EVENTS_MAX);
    await grow(1);
    const tooLong = historyOf(ledger, STREAM, end + 1);
    await expect(tooLong).rejects.toThrow(HistoryTooLong);
    const told = await readWhole(tooLong).catch((error: unknown) => error);
    expect(told).toBeInstanceOf(Problem);
    expect(told).toMatchObject({
      details: { status: 422, detail: expect.stringContaining('more than 20000 events') },
    });
    const broken = readWhole(Promise.reject(new Error('the disk is gone')));
    await expect(broken).rejects.toThrow('the disk is gone');
  }, 60_000);
});
