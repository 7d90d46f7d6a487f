import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ViewsFollowing } from '../../src/cli/views-following.js';
import { viewsPlaceOf } from '../../src/cli/views-thread.js';
import { SqliteViewsReader } from '../../src/views/sqlite/sqlite-views.reader.js';
import { count } from '../support/ledger-executions.js';
import { openViewsStage, type ViewsStage } from '../support/views-stage.js';

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
  return new ViewsFollowing({ ...viewsPlaceOf(stage.settings), ledgerFile }, reader, {
    onFailure: (_, code) => void told.push(code),
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
    expect(told).toEqual(['missing']);
    await count(stage.ledger, 'a');
    following.wake();
    expect((await reader.progress()).position).toBe(1);
  });

  it('say that there is no ledger to follow, and stop nothing', async () => {
    const following = followingOn(`${stage.file}-none`);
    following.start();
    expect(told).toEqual(['ledger_unavailable']);
    const { isServing } = await reader.progress();
    expect(isServing).toBe(false);
    await following.stop();
  });
});
