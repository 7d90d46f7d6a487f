import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ViewsFollowing } from '../../src/cli/views-following.js';
import { BackgroundThread } from '../../src/cli/background-thread.js';
import { viewsPlaceOf } from '../../src/cli/views-thread.js';
import { SqliteViewsReader } from '../../src/views/sqlite/sqlite-views.reader.js';
import { count } from '../support/ledger-executions.js';
import { onDatabase } from '../support/ledger-sqlite.js';
import { damageTable, openViewsStage, type ViewsStage } from '../support/views-stage.js';

const PATIENCE = 20_000;

let stage: ViewsStage;
let reader: SqliteViewsReader;
let told: (string | undefined)[];
beforeEach(async () => {
  stage = await openViewsStage();
  reader = new SqliteViewsReader(stage.viewsDirectory);
  told = [];
});
afterEach(() => stage.remove());

function followingOn(ledgerFile: string): ViewsFollowing {
  const place = { ...viewsPlaceOf(stage.settings), ledgerFile };
  return new ViewsFollowing(new BackgroundThread(), place, reader, {
    onFailure: (_, code) => void told.push(code),
    onFirst: () => void told.push('first'),
    onFault: (fault) => void told.push(fault),
  });
}

async function viewsHave(events: number): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while ((await reader.progress()).position !== events - 1) {
    if (performance.now() > deadline) throw new Error('the views did not follow');
    await pause(10);
  }
}

describe('the views of a server', () => {
  it('follow its ledger, and are not asked any more when it stops', async () => {
    const following = followingOn(stage.file);
    await count(stage.ledger, 'a');
    following.start();
    await viewsHave(1);
    await count(stage.ledger, 'a');
    following.wake();
    following.wake();
    await viewsHave(2);
    await following.stop();
    expect(told).toEqual(['first']);
    await count(stage.ledger, 'a');
    following.wake();
    expect((await reader.progress()).position).toBe(1);
  });

  it('are built anew when a question finds them damaged, and answer then', async () => {
    const following = followingOn(stage.file);
    await count(stage.ledger, 'a');
    following.start();
    await viewsHave(1);
    const asked = { order: 'newest_first', limit: 1, rowsScannedMax: 1 } as const;
    const first = stage.shelf.current() ?? 0;
    expect(await reader.events({}, asked)).toMatchObject({ kind: 'viewed', upTo: 0 });
    damageTable(stage.fileOf(first), 'incidents');
    expect(await reader.incidents({}, asked)).toMatchObject({ kind: 'being_built' });
    await viewsHave(1);
    expect(await reader.incidents({}, asked)).toMatchObject({ kind: 'viewed', upTo: 0 });
    expect(told).toEqual(['first', 'unreadable']);
    expect(stage.shelf.current()).toBeGreaterThan(first);
    await following.stop();
  });

  it('are built anew when they are found damaged as they are opened', async () => {
    const following = followingOn(stage.file);
    await count(stage.ledger, 'a');
    following.start();
    await viewsHave(1);
    const asked = { order: 'newest_first', limit: 1, rowsScannedMax: 1 } as const;
    const file = stage.fileOf(stage.shelf.current() ?? 0);
    onDatabase(file, (database) => database.exec('DROP TABLE incidents'));
    expect(await reader.incidents({}, asked)).toMatchObject({ kind: 'being_built' });
    await viewsHave(1);
    expect(await reader.incidents({}, asked)).toMatchObject({ kind: 'viewed', upTo: 0 });
    await following.stop();
  });

  it('that nobody builds anew fail who asks them, and are not replaced', async () => {
    await count(stage.ledger, 'a');
    const number = await stage.rebuild();
    damageTable(stage.fileOf(number), 'incidents');
    const asked = { order: 'newest_first', limit: 1, rowsScannedMax: 1 } as const;
    await expect(stage.reader().incidents({}, asked)).rejects.toMatchObject({
      code: expect.stringMatching(/^SQLITE_CORRUPT/),
    });
    expect(stage.shelf.current()).toBe(number);
  });

  it('say that there is no ledger to follow, and stop nothing', async () => {
    const following = followingOn(`${stage.file}-none`);
    following.start();
    while (told.length === 0) await pause(5);
    expect(told).toEqual(['ledger_unavailable']);
    const { isServing } = await reader.progress();
    expect(isServing).toBe(false);
    await following.stop();
  });
});
