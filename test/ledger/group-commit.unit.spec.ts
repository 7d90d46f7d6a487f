import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { GROUP_COMMIT_LIMITS, GroupCommit } from '../../src/ledger/group-commit.js';
import { LedgerBusy, LedgerUnavailable } from '../../src/ledger/ledger.errors.js';

/** A group commit of numbers that remembers its batches. */
function remembering(batchSizeMax = 3, waitingMax = 10) {
  const batches: number[][] = [];
  const group = new GroupCommit<number>(
    (batch) => {
      batches.push([...batch]);
      return [];
    },
    { batchSizeMax, waitingMax },
  );
  return { batches, group };
}

describe('a group commit', () => {
  it('takes at most 128 decisions at once and lets 4,096 wait', () => {
    expect(GROUP_COMMIT_LIMITS).toEqual({ batchSizeMax: 128, waitingMax: 4096 });
  });

  it('gathers what comes in one turn, the oldest first', async () => {
    const { batches, group } = remembering();
    for (let item = 0; item < 7; item += 1) group.submit(item);
    expect(batches).toEqual([]);
    expect(group.size).toBe(7);
    await group.close();
    expect(batches).toEqual([[0, 1, 2], [3, 4, 5], [6]]);
  });

  it('lets other work of the process run between two batches', async () => {
    const { batches, group } = remembering();
    for (let item = 0; item < 6; item += 1) group.submit(item);
    await nextTurn();
    expect(batches).toHaveLength(1);
    await nextTurn();
    expect(batches).toHaveLength(2);
  });

  it('refuses what is too much, and takes more when there is room', async () => {
    const { batches, group } = remembering(3, 4);
    for (let item = 0; item < 4; item += 1) group.submit(item);
    expect(() => group.submit(4)).toThrow(LedgerBusy);
    await nextTurn();
    group.submit(5);
    await group.close();
    expect(batches.flat()).toEqual([0, 1, 2, 3, 5]);
  });

  it('commits everything at once when it is closed, and takes nothing more', async () => {
    const { batches, group } = remembering();
    for (let item = 0; item < 4; item += 1) group.submit(item);
    const closing = group.close();
    expect(batches).toEqual([[0, 1, 2], [3]]);
    expect(() => group.submit(4)).toThrow(LedgerUnavailable);
    await closing;
    await group.close();
    expect(batches).toHaveLength(2);
  });

  it('keeps at its head what could not begin, and tries that again', async () => {
    const tried: number[][] = [];
    let isLocked = true;
    const group = new GroupCommit<number>(
      (batch) => {
        tried.push([...batch]);
        return isLocked ? batch.slice(1) : [];
      },
      { batchSizeMax: 3, waitingMax: 10 },
    );
    for (let item = 0; item < 5; item += 1) group.submit(item);
    await nextTurn();
    expect(tried).toEqual([[0, 1, 2]]);
    group.submit(5);
    while (tried.length < 3) await wait(1);
    expect(tried.slice(0, 3)).toEqual([
      [0, 1, 2],
      [1, 2, 3],
      [2, 3, 4],
    ]);
    isLocked = false;
    await group.close();
    expect(tried.at(-1)).toContain(5);
    expect(group.size).toBe(0);
  });

  it('takes what a flush itself submits in a later batch', async () => {
    const batches: number[][] = [];
    const group: GroupCommit<number> = new GroupCommit<number>((batch) => {
      batches.push([...batch]);
      if (batch.includes(0)) group.submit(1);
      return [];
    });
    group.submit(0);
    await nextTurn();
    await nextTurn();
    expect(batches).toEqual([[0], [1]]);
  });

  describe('whose flush takes a while', () => {
    /** A group commit whose flushes end when they are told to. */
    function lasting(batchSizeMax = 3) {
      const running: { batch: number[]; end: (left?: readonly number[]) => void }[] = [];
      const group = new GroupCommit<number>(
        (batch) =>
          new Promise((resolve) => {
            running.push({ batch: [...batch], end: (left = []) => resolve(left) });
          }),
        { batchSizeMax, waitingMax: 10 },
      );
      return { running, group };
    }

    it('begins the next one when that has ended, with all that came meanwhile', async () => {
      const { running, group } = lasting();
      group.submit(0);
      await nextTurn();
      for (const item of [1, 2]) group.submit(item);
      await nextTurn();
      await nextTurn();
      expect(running.map(({ batch }) => batch)).toEqual([[0]]);
      expect(group.size).toBe(2);
      running[0]?.end();
      await nextTurn();
      await nextTurn();
      expect(running.map(({ batch }) => batch)).toEqual([[0], [1, 2]]);
    });

    it('keeps at its head what that could not begin', async () => {
      const { running, group } = lasting();
      for (const item of [0, 1]) group.submit(item);
      await nextTurn();
      running[0]?.end([1]);
      group.submit(2);
      while (running.length < 2) await wait(1);
      expect(running[1]?.batch).toEqual([1, 2]);
    });

    it('is closed when everything was committed, one batch after the other', async () => {
      const { running, group } = lasting();
      for (let item = 0; item < 5; item += 1) group.submit(item);
      await nextTurn();
      let isClosed = false;
      const closing = group.close().then(() => {
        isClosed = true;
      });
      for (const batch of [
        [0, 1, 2],
        [3, 4],
      ]) {
        await nextTurn();
        expect(isClosed).toBe(false);
        expect(running.at(-1)?.batch).toEqual(batch);
        running.at(-1)?.end();
      }
      await closing;
      expect(running).toHaveLength(2);
    });

    it('gives away what waits to whoever settles it', async () => {
      const { running, group } = lasting();
      group.submit(0);
      await nextTurn();
      for (const item of [1, 2]) group.submit(item);
      expect(group.takeWaiting()).toEqual([1, 2]);
      running[0]?.end();
      await group.close();
      expect(running).toHaveLength(1);
    });
  });
});
