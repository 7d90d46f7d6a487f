import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { streamPages, walkStream } from '../../src/access/event-pages.js';
import { StreamHistory } from '../../src/access/stream-history.js';
import { streamRowAt } from '../../src/audit/stream-history.reader.js';
import { type Position, streamIdOf } from '../../src/domain/identifiers.js';
import type { Passes } from '../../src/domain/investigation/passes.rules.js';
import { append, clientRegistered, count } from '../support/ledger-executions.js';
import { openSqliteStore, type SqliteLedgerStore } from '../support/ledger-sqlite.js';

const STREAM = streamIdOf('administration', 'long');
const WEB = streamIdOf('client', 'web');
/** So many events are in memory at once, in pages of 250. */
const KEPT = 2000;
const EVENTS = KEPT + 610;

let store: SqliteLedgerStore;

beforeAll(async () => {
  store = await openSqliteStore();
  const { ledger } = store;
  await append(ledger, 'client', 'web', [clientRegistered('Photos')]);
  await grow(3);
  await append(ledger, 'client', 'web', [{ type: 'ClientDisabled', data: {} }]);
  await grow(EVENTS - 3);
}, 60_000);

afterAll(() => store.remove());

async function grow(events: number): Promise<void> {
  const some = Array.from({ length: events });
  for (let done = 0; done < events; done += 2000) {
    await Promise.all(some.slice(done, done + 2000).map(() => count(store.ledger, 'long')));
  }
}

/** The positions of a stream, in two passes. */
function* positionsTwice(): Passes<readonly (readonly Position[])[]> {
  const passes: Position[][] = [[], []];
  for (const pass of passes) yield ({ position }) => void pass.push(position);
  return passes;
}

/** The positions of the events of `STREAM`: all but those of the client. */
function positions(from: Position, to: Position): Position[] {
  const all = Array.from({ length: to - from + 1 }, (_, index) => from + index);
  return all.filter((position) => position !== 0 && position !== 4);
}

describe('the history of a stream', () => {
  it('ends with the moment that is asked about', async () => {
    const { ledger } = store;
    const upTo = async (position: Position) =>
      (await StreamHistory.of(ledger, WEB, position)).answer(positionsTwice());
    expect(await upTo(3)).toEqual([[0], [0]]);
    expect(await upTo(4)).toEqual([
      [0, 4],
      [0, 4],
    ]);
    const none = await StreamHistory.of(ledger, streamIdOf('client', 'none'), 4);
    expect(none.isEmpty).toBe(true);
    expect((await StreamHistory.of(ledger, STREAM, 0)).isEmpty).toBe(true);
    expect(await streamRowAt(ledger, 'client', 'web', 3)).toMatchObject({
      version: 1,
      lastPosition: 0,
      state: { status: 'active' },
    });
    const now = await streamRowAt(ledger, 'client', 'web', 4);
    expect(now).toEqual(await ledger.streamRow('client', 'web'));
    expect(await streamRowAt(ledger, 'administration', 'long', 0)).toBeUndefined();
  });

  it.each([EVENTS + 1, 2100, 240, 3])(
    'is the same in every pass, up to position %i',
    async (upTo) => {
      const history = await StreamHistory.of(store.ledger, STREAM, upTo);
      const all = positions(0, upTo);
      expect(await history.answer(positionsTwice())).toEqual([all, all]);
    },
  );

  it('is not longer for what is appended while it is gone through', async () => {
    const { ledger } = store;
    const end = (await ledger.size()) - 1;
    const walk = await walkStream(ledger, STREAM, { after: 20, upTo: Infinity });
    await grow(300);
    const seen: Position[] = [];
    for await (const page of walk.pages()) seen.push(...page.map(({ position }) => position));
    expect(seen).toEqual(positions(21, end));
  });

  it('is read once when it is short, and its newest part once when it is long', async () => {
    const asked: (Position | null)[] = [];
    const counting = new Proxy(store.ledger, {
      get: (ledger, name: 'streamEvents') =>
        name === 'streamEvents'
          ? (...parameters: Parameters<typeof ledger.streamEvents>) => {
              asked.push(parameters[1]);
              return ledger.streamEvents(...parameters);
            }
          : ledger[name],
    });
    for await (const _ of streamPages(counting, WEB, { after: null, upTo: Infinity }));
    expect(asked).toEqual([null]);
    asked.length = 0;
    const walk = await walkStream(counting, STREAM, { after: null, upTo: Infinity });
    const pages = asked.length;
    for await (const _ of walk.pages());
    expect(asked.length - pages).toBe(pages - KEPT / 250);
  });
});
