import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { RecordedEvent } from '../../src/domain/envelope.js';
import type { CountedPresentation } from '../../src/domain/token-family/family.decision.js';
import { PresentationCounter } from '../../src/grants/presentation-counter.service.js';
import type { RequestContext } from '../../src/grants/request-context.js';
import { ORIGIN } from '../support/ledger-executions.js';
import { beginFamily } from '../support/ledger-families.js';
import { expectLedgerError } from '../support/ledger-faults.js';
import { type HandledLedgerStore, openHandledStore } from '../support/ledger-sqlite.js';
import { LEDGER_TESTED_AT } from '../support/ledger-store.js';

const TALLIES_MAX = 10_000;
const WRITTEN_AT_ONCE = 128;
const PHOTOS = '019a43c1e4007abc8def000000000001';
const ALBUMS = '019a43c1e4007abc8def000000000002';
const retriedOf = (generation: number): CountedPresentation => ({
  outcome: 'retried',
  generation,
});
const foreign: CountedPresentation = {
  outcome: 'rejected',
  reason: 'foreign_client',
  generation: 3,
};

let store: HandledLedgerStore;
let counter: PresentationCounter;
/** How many events each commit held. */
let commits: number[];
let failures: number;

beforeEach(async () => {
  commits = [];
  failures = 0;
  store = await openHandledStore({
    observer: {
      flushed: ({ events }) => void commits.push(events),
      failed: () => void (failures += 1),
    },
  });
  counter = new PresentationCounter(store.ledger);
  await beginFamily(store.ledger, PHOTOS);
  await beginFamily(store.ledger, ALBUMS);
  commits = [];
});

afterEach(async () => {
  await store.expectIntact();
  await store.remove();
});

function presented(secondsLater: number, address: string = ORIGIN.address): RequestContext {
  const receivedAt = LEDGER_TESTED_AT + secondsLater * 1000;
  return { receivedAt, correlationId: 'request', origin: { ...ORIGIN, address } };
}

/** The counts of the ledger, oldest first. */
async function counted(): Promise<readonly RecordedEvent[]> {
  const all: RecordedEvent[] = [];
  for (let next: number | null = null; ;) {
    const page = await store.ledger.eventsAfter(next, 1000);
    all.push(...page.events.filter(({ type }) => type === 'PresentationsCounted'));
    if (page.next === null) return all;
    ({ next } = page);
  }
}

const dataOf = async () => (await counted()).map(({ data }) => data);

function breakLedger(): () => void {
  store.handle.pragma('query_only = ON');
  return () => void store.handle.pragma('query_only = OFF');
}

describe('presentations that are counted', () => {
  it('become one event for each family, outcome, reason and generation', async () => {
    counter.count(PHOTOS, foreign, presented(0));
    counter.count(PHOTOS, foreign, presented(2, '192.0.2.9'));
    counter.count(PHOTOS, foreign, presented(1, '192.0.2.1'));
    counter.count(PHOTOS, retriedOf(3), presented(3));
    counter.count(ALBUMS, foreign, presented(4));
    await counter.write();
    const events = await counted();
    const at = (second: number) => LEDGER_TESTED_AT + second * 1000;
    expect(events.map(({ streamId, actor, data }) => ({ streamId, actor, data }))).toEqual([
      {
        streamId: `family:${PHOTOS}`,
        actor: 'system',
        data: { ...foreign, count: 3, firstAt: at(0), lastAt: at(2) },
      },
      {
        streamId: `family:${PHOTOS}`,
        actor: 'system',
        data: { ...retriedOf(3), count: 1, firstAt: at(3), lastAt: at(3) },
      },
      {
        streamId: `family:${ALBUMS}`,
        actor: 'system',
        data: { ...foreign, count: 1, firstAt: at(4), lastAt: at(4) },
      },
    ]);
    const origins = await store.ledger.origins(events.map(({ position }) => position));
    expect([...origins.values()].map(({ address }) => address)).toEqual([
      '192.0.2.1',
      ORIGIN.address,
      ORIGIN.address,
    ]);
  });

  it('are written once', async () => {
    counter.count(PHOTOS, foreign, presented(0));
    await counter.write();
    await counter.write();
    await counter.onApplicationShutdown();
    expect(await counted()).toHaveLength(1);
  });

  it('share commits, as many as a commit holds', async () => {
    for (let generation = 0; generation < WRITTEN_AT_ONCE + 2; generation += 1) {
      counter.count(PHOTOS, retriedOf(generation), presented(0));
    }
    await counter.write();
    expect(commits).toEqual([WRITTEN_AT_ONCE, 2]);
  });

  it('of a family that is unknown are nobody’s, and written nowhere', async () => {
    counter.count('0'.repeat(32), foreign, presented(0));
    await counter.write();
    expect(await counted()).toEqual([]);
  });

  it('are written at shutdown, after what is being written already', async () => {
    const generations = Array.from({ length: 3 * WRITTEN_AT_ONCE }, (_, index) => index);
    for (const generation of generations) {
      counter.count(PHOTOS, retriedOf(generation), presented(0));
    }
    void counter.write();
    counter.count(ALBUMS, foreign, presented(1));
    await counter.onApplicationShutdown();
    expect(await counted()).toHaveLength(generations.length + 1);
  });
});

describe('when they are written', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'Date'] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  async function until(condition: () => boolean): Promise<void> {
    for (let turn = 0; turn < 100 && !condition(); turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  it('is a minute after the first, and again a minute after it failed', async () => {
    counter.count(PHOTOS, foreign, presented(0));
    jest.advanceTimersByTime(59_999);
    expect(jest.getTimerCount()).toBe(1);
    expect([failures, commits]).toEqual([0, []]);
    const mend = breakLedger();
    jest.advanceTimersByTime(1);
    await until(() => failures > 0);
    await until(() => jest.getTimerCount() > 0);
    expect([failures, jest.getTimerCount()]).toEqual([1, 1]);
    mend();
    jest.advanceTimersByTime(60_000);
    await until(() => commits.length > 0);
    expect(await counted()).toHaveLength(1);
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('counts that cannot be written', () => {
  it('are kept, and summed with what comes after them', async () => {
    counter.count(PHOTOS, foreign, presented(1));
    counter.count(PHOTOS, foreign, presented(2));
    counter.count(ALBUMS, foreign, presented(2));
    const mend = breakLedger();
    await expectLedgerError(counter.write(), 'read_only');
    await expectLedgerError(counter.write(), 'read_only');
    mend();
    counter.count(PHOTOS, foreign, presented(5, '192.0.2.5'));
    await counter.write();
    const [firstAt, lastAt] = [LEDGER_TESTED_AT + 1000, LEDGER_TESTED_AT + 5000];
    const events = await counted();
    expect(events.map(({ streamId, data }) => [streamId, data.count])).toEqual([
      [`family:${PHOTOS}`, 3],
      [`family:${ALBUMS}`, 1],
    ]);
    expect(events[0]?.data).toEqual({ ...foreign, count: 3, firstAt, lastAt });
    const origins = await store.ledger.origins([events[0]!.position]);
    expect([...origins.values()]).toMatchObject([{ address: '192.0.2.5' }]);
  });

  it('are summed with what came while they were tried', async () => {
    counter.count(PHOTOS, foreign, presented(3));
    const mend = breakLedger();
    const writing = counter.write();
    await Promise.resolve();
    counter.count(PHOTOS, foreign, presented(1, '192.0.2.1'));
    counter.count(PHOTOS, retriedOf(0), presented(4));
    await expectLedgerError(writing, 'read_only');
    mend();
    await counter.write();
    const [first, third] = [LEDGER_TESTED_AT + 1000, LEDGER_TESTED_AT + 3000];
    expect(await dataOf()).toEqual([
      { ...foreign, count: 2, firstAt: first, lastAt: third },
      expect.objectContaining({ ...retriedOf(0), count: 1 }),
    ]);
  });

  it('hold up no others', async () => {
    store.handle.exec(
      `CREATE TEMP TRIGGER refuse_photos BEFORE INSERT ON main.events
       WHEN new.stream_id = 'family:${PHOTOS}' BEGIN SELECT RAISE(ABORT, 'not this one'); END`,
    );
    counter.count(PHOTOS, foreign, presented(0));
    for (let generation = 0; generation < 2 * WRITTEN_AT_ONCE; generation += 1) {
      counter.count(ALBUMS, retriedOf(generation), presented(0));
    }
    counter.count(PHOTOS, retriedOf(0), presented(0));
    await expect(counter.write()).rejects.toMatchObject({ message: 'not this one' });
    expect(new Set((await counted()).map(({ streamId }) => streamId))).toEqual(
      new Set([`family:${ALBUMS}`]),
    );
    expect(await counted()).toHaveLength(2 * WRITTEN_AT_ONCE);
    store.handle.exec('DROP TRIGGER temp.refuse_photos');
    await counter.write();
    const photos = (await counted()).filter(({ streamId }) => streamId === `family:${PHOTOS}`);
    expect(photos.map(({ data }) => data.outcome)).toEqual(['rejected', 'retried']);
  });
});

describe('ten thousand different counts', () => {
  const fill = (first: number, last: number, secondsLater: number): void => {
    for (let generation = first; generation <= last; generation += 1) {
      counter.count(PHOTOS, retriedOf(generation), presented(secondsLater));
    }
  };
  const generations = async () => (await dataOf()).map(({ generation }) => Number(generation));

  it('are all that is kept; those that are kept go on counting', async () => {
    fill(1, TALLIES_MAX, 0);
    fill(TALLIES_MAX + 1, TALLIES_MAX + 5, 1);
    fill(1, 2, 2);
    await counter.write();
    const data = await dataOf();
    expect(data).toHaveLength(TALLIES_MAX);
    expect(Math.max(...data.map(({ generation }) => Number(generation)))).toBe(TALLIES_MAX);
    expect(data.filter(({ count }) => count === 2)).toHaveLength(2);
  });

  it('leave no room for older ones that could not be written: the newest stay', async () => {
    fill(1, 3, 0);
    fill(4, TALLIES_MAX, 1);
    const mend = breakLedger();
    const writing = counter.write();
    await Promise.resolve();
    fill(TALLIES_MAX, TALLIES_MAX + 3, 2);
    await expectLedgerError(writing, 'read_only');
    mend();
    await counter.write();
    const kept = new Set(await generations());
    expect(kept.size).toBe(TALLIES_MAX);
    expect([1, 2, 3].filter((generation) => kept.has(generation))).toEqual([]);
    const summed = (await dataOf()).filter(({ generation }) => generation === TALLIES_MAX);
    expect(summed).toMatchObject([{ count: 2, firstAt: LEDGER_TESTED_AT + 1000 }]);
  });
});
