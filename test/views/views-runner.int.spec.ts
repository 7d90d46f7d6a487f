import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { tryLock } from '../../src/ledger/sqlite/ledger-locks.js';
import { SqliteViewsShelf } from '../../src/views/sqlite/sqlite-views.shelf.js';
import type { ViewsFault, ViewsShelf } from '../../src/views/views-store.port.js';
import { ViewsRunner, type ViewsState } from '../../src/views/views.runner.js';
import { onDatabase } from '../support/ledger-sqlite.js';
import { type Happening, ViewsHistory } from '../support/views-history.js';
import { openViewsStage, rowsOfViews, type ViewsStage } from '../support/views-stage.js';

const PATIENCE = 20_000;
const history: readonly Happening[] = [
  { what: 'begin', person: 0, address: 0 },
  { what: 'refresh', family: 0, back: 0, address: 1 },
];
const later: readonly Happening[] = [{ what: 'refresh', family: 0, back: 0, address: 2 }];

/** A fault, or that there are no views yet. */
type Told = ViewsFault | 'first';

/** A runner on a stage, and what it said. */
interface Watched {
  readonly runner: ViewsRunner;
  readonly states: ViewsState[];
  readonly faults: Told[];
  readonly failures: unknown[];
  /** Waits until the views that may be read are at the end of the ledger. */
  caughtUp(): Promise<number>;
}

let stage: ViewsStage;
let past: ViewsHistory;
let running: Watched[];
beforeEach(async () => {
  stage = await openViewsStage();
  past = new ViewsHistory(stage);
  running = [];
  await past.takeAll(history);
});
afterEach(async () => {
  for (const { runner } of running) await runner.stop();
  await stage.remove();
});

function run(shelf: ViewsShelf = stage.shelf): Watched {
  const states: ViewsState[] = [];
  const faults: Told[] = [];
  const failures: unknown[] = [];
  const runner = new ViewsRunner({
    ledger: stage.feed,
    shelf,
    onState: (state) => void states.push(state),
    onFailure: (error) => void failures.push(error),
    onFirst: () => void faults.push('first'),
    onFault: (fault) => void faults.push(fault),
  });
  const isThere = async (): Promise<boolean> => {
    const { serving, newest } = states.at(-1) ?? {};
    return serving !== undefined && newest?.position === (await stage.ledger.size()) - 1;
  };
  const caughtUp = async (): Promise<number> => {
    await eventually(isThere);
    return states.at(-1)?.serving ?? 0;
  };
  const watched = { runner, states, faults, failures, caughtUp };
  running.push(watched);
  runner.start();
  return watched;
}

async function eventually(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error('it did not come to that');
    await pause(10);
  }
}

/** The views are those that a rebuild makes, and none of what was wrong with them is left. */
async function expectViewsOf(number: number): Promise<void> {
  const rows = rowsOfViews(stage.fileOf(number));
  const rebuilt = await stage.rebuild();
  expect(rows).toEqual(rowsOfViews(stage.fileOf(rebuilt)));
}

describe('a runner', () => {
  it('builds the first views and follows the ledger from there', async () => {
    const { runner, caughtUp, faults, failures, states } = run();
    const first = await caughtUp();
    expect(faults).toEqual(['first']);
    expect(states.some(({ rebuild }) => rebuild !== null)).toBe(true);
    await past.takeAll(later);
    runner.wake();
    expect(await caughtUp()).toBe(first);
    expect(failures).toEqual([]);
    await runner.stop();
    await expectViewsOf(first);
  });

  it('says once that there are no views, while another process builds them', async () => {
    const build = stage.shelf.build(await stage.feed.log());
    let tries = 0;
    const shelf = new SqliteViewsShelf(stage.viewsDirectory, (file) => {
      tries += 1;
      return tryLock(file);
    });
    const { runner, faults, caughtUp } = run(shelf);
    await eventually(() => {
      runner.wake();
      return tries > 2;
    });
    build?.discard();
    await caughtUp();
    expect(faults).toEqual(['first']);
  });

  it('finds what another process wrote, although nobody wakes it', async () => {
    const { caughtUp } = run();
    const first = await caughtUp();
    await past.takeAll(later);
    expect(await caughtUp()).toBe(first);
  });

  it('goes on where the one before it stopped', async () => {
    const before = run();
    const first = await before.caughtUp();
    await before.runner.stop();
    await past.takeAll(later);
    const { caughtUp, faults } = run();
    expect(await caughtUp()).toBe(first);
    expect(faults).toEqual([]);
  });

  it('shares the views with another one, and each event is in them once', async () => {
    const one = run();
    const number = await one.caughtUp();
    const other = run();
    for (let round = 0; round < 5; round += 1) {
      await past.takeAll(history);
      one.runner.wake();
      other.runner.wake();
      expect(await one.caughtUp()).toBe(number);
      expect(await other.caughtUp()).toBe(number);
    }
    for (const { runner, failures } of [one, other]) {
      await runner.stop();
      expect(failures).toEqual([]);
    }
    await expectViewsOf(number);
  });

  it('turns to the views that another process put in place', async () => {
    const { caughtUp, runner, states } = run();
    const first = await caughtUp();
    const second = await stage.rebuild();
    runner.wake();
    await eventually(() => states.at(-1)?.serving === second);
    await past.takeAll(later);
    expect(await caughtUp()).toBe(second);
    await eventually(() => {
      stage.shelf.clean();
      return !existsSync(stage.fileOf(first));
    });
  });

  it('stops while it builds, and leaves no half-built views', async () => {
    const { runner, states } = run();
    await runner.stop();
    expect(stage.shelf.current() === undefined || states.at(-1)?.serving !== undefined).toBe(true);
    expect(await stage.rebuild()).toBeGreaterThan(0);
  });
});

describe('views that cannot be used', () => {
  let number: number;
  beforeEach(async () => {
    number = await stage.rebuild();
  });

  const spoilt: readonly [Told, () => void][] = [
    ['unreadable', () => writeFileSync(stage.fileOf(number), 'not a database'.repeat(1000))],
    ['unreadable', () => onViews('DROP TABLE audit_events')],
    ['unreadable', () => onViews('DELETE FROM progress')],
    ['missing', () => rmSync(stage.fileOf(number))],
    ['first', () => writeFileSync(`${stage.viewsDirectory}/current`, 'nonsense')],
    ['other_schema', () => onViews('PRAGMA user_version = 999')],
    ['other_ledger', () => onViews("UPDATE progress SET log_origin = 'another'")],
    ['other_ledger', () => onViews('UPDATE progress SET log_epoch = log_epoch + 1')],
    ['ahead_of_ledger', () => onViews('UPDATE progress SET position = position + 1')],
    ['other_history', () => onViews("UPDATE progress SET event_id = 'another'")],
  ];
  it.each(spoilt)('are built anew: %s', async (fault, spoil) => {
    spoil();
    const { runner, caughtUp, faults } = run();
    const next = await caughtUp();
    expect(faults).toEqual([fault]);
    expect(next).not.toBe(number);
    await runner.stop();
    await expectViewsOf(next);
  });

  it('are built anew when somebody removes them all under a server that runs', async () => {
    const { runner, caughtUp, faults, states } = run();
    await caughtUp();
    rmSync(stage.viewsDirectory, { recursive: true });
    runner.wake();
    await eventually(() => states.at(-1)?.serving !== number);
    const next = await caughtUp();
    expect(faults).toEqual(['missing']);
    await runner.stop();
    await expectViewsOf(next);
  });

  it('are built although somebody removes their directory just before it is looked through', async () => {
    const shelf = new SqliteViewsShelf(stage.viewsDirectory, (file) => {
      const release = tryLock(file);
      rmSync(stage.viewsDirectory, { recursive: true });
      return release;
    });
    shelf.clean();
    const build = shelf.build(await stage.feed.log());
    build?.publish();
    expect(build?.number).toBeGreaterThan(0);
    expect(shelf.current()).toBe(build?.number);
  });

  it('are built anew when they turn out to be damaged while they follow', async () => {
    const { runner, caughtUp, faults, failures } = run();
    await caughtUp();
    onViews('DROP TABLE activity');
    await past.takeAll(later);
    runner.wake();
    expect(await caughtUp()).not.toBe(number);
    expect(failures).toHaveLength(1);
    expect(faults).toEqual(['unreadable']);
  });

  it('do not answer, and say how far new ones are', async () => {
    onViews('PRAGMA user_version = 999');
    const reader = stage.reader();
    const page = { order: 'newest_first', limit: 1, rowsScannedMax: 1 } as const;
    reader.follow({ serving: undefined, newest: null, rebuild: { done: 3, total: 9 } });
    const answer = { kind: 'being_built', done: 3, total: 9 };
    expect(await reader.events({}, page)).toEqual(answer);
    expect(await reader.family('family0')).toEqual(answer);
    expect(await reader.progress()).toMatchObject({ isServing: false, position: null });
  });

  function onViews(sql: string): void {
    onDatabase(stage.fileOf(number), (database) => database.exec(sql));
  }
});

describe('a ledger that cannot be read for a while', () => {
  it('is followed again afterwards', async () => {
    const { runner, caughtUp, failures } = run();
    const first = await caughtUp();
    // What the reader's handle does not find fails, as a file in trouble does.
    onDatabase(stage.file, (database) => database.exec('ALTER TABLE origins RENAME TO moved'));
    runner.wake();
    await eventually(() => failures.length > 0);
    onDatabase(stage.file, (database) => database.exec('ALTER TABLE moved RENAME TO origins'));
    await past.takeAll(later);
    runner.wake();
    expect(await caughtUp()).toBe(first);
  });
});
