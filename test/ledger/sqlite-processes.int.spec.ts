import { mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { openSqliteLedger } from '../../src/ledger/sqlite/open-sqlite-ledger.js';
import type { CheckpointRequest } from '../../src/ledger/sqlite/wal-checkpoint.js';
import { buildLedger } from '../support/ledger-build.js';
import { type LedgerChild, startLedgerChild } from '../support/ledger-child.js';
import { count } from '../support/ledger-executions.js';
import { openSqliteStore, type SqliteLedgerStore } from '../support/ledger-sqlite.js';

jest.setTimeout(60_000);

const build = buildLedger();
let store: SqliteLedgerStore;
const child = (): LedgerChild => startLedgerChild(build, store.directory);
const megabytes = (bytes: number): number => bytes / 2 ** 20;

beforeEach(async () => {
  store = await openSqliteStore();
});

afterEach(async () => {
  await store.expectIntact();
  await store.remove();
});

describe('a second server on the same data directory', () => {
  it('is refused, and the first one goes on', async () => {
    const second = child();
    await expect(second.order('open', 'server')).rejects.toThrow(
      `ledger_locked: another server is running on ${store.directory}; one server owns a data directory`,
    );
    expect(await count(store.ledger, 'a')).toBe(0);
    expect(await second.end()).toBe(0);
  });

  it('starts once the first one is killed, and finds every event that was answered', async () => {
    await store.ledger.close();
    const first = child();
    await first.order('open', 'server');
    await first.begin('countForEver', 'a');
    const { settings, clock } = store;
    const open = () => openSqliteLedger({ settings, role: 'server', clock });
    await expect(open()).rejects.toMatchObject({ code: 'ledger_locked' });
    const answers = await first.kill();
    const second = await open();
    const size = await second.size();
    // The last event may have been committed and not yet answered.
    expect([answers.length - 1, answers.length]).toContain(size);
    expect(await count(second, 'a')).toBe(size);
    await second.close();
  });
});

describe('a second server on the same ledger file', () => {
  const otherData = () => join(store.directory, 'other data');

  it('is refused from another data directory, by whatever path, and the first one goes on', async () => {
    const link = join(store.directory, 'link.sqlite');
    symlinkSync(store.file, link);
    for (const ledgerFile of [store.file, link]) {
      const second = openSqliteLedger({
        settings: { dataDirectory: otherData(), ledgerFile },
        role: 'server',
        clock: store.clock,
      });
      await expect(second).rejects.toMatchObject({
        code: 'ledger_locked',
        message: `another server is running on the ledger ${ledgerFile}; one server owns a ledger`,
      });
    }
    expect(await count(store.ledger, 'a')).toBe(0);
  });

  it('leaves its own data directory free when it is refused', async () => {
    const dataDirectory = otherData();
    const open = (ledgerFile: string) =>
      openSqliteLedger({ settings: { dataDirectory, ledgerFile }, role: 'server' });
    await expect(open(store.file)).rejects.toMatchObject({ code: 'ledger_locked' });
    await (await open(join(dataDirectory, 'ledger.sqlite'))).close();
  });

  it('may start when the first one is gone, closed or killed', async () => {
    await store.ledger.close();
    const first = child();
    await first.order('open', 'server');
    const settings = { dataDirectory: otherData(), ledgerFile: store.file };
    const open = () => openSqliteLedger({ settings, role: 'server', clock: store.clock });
    await expect(open()).rejects.toMatchObject({ code: 'ledger_locked' });
    await first.kill();
    await (await open()).close();
    const again = await open();
    expect(await count(again, 'a')).toBe(0);
    await again.close();
  });
});

describe('the command line', () => {
  it('writes while a server writes', async () => {
    const commandLine = child();
    await commandLine.order('open', 'command_line');
    let isWriting = true;
    const ordered = commandLine.order('count', 'a', 50).finally(() => (isWriting = false));
    const write = async (written = 0): Promise<number> => {
      await Promise.all([count(store.ledger, 'a'), count(store.ledger, 'b')]);
      return isWriting ? write(written + 1) : written + 1;
    };
    const written = await write();
    await ordered;
    expect(await store.ledger.load('administration', 'a')).toMatchObject({ count: written + 50 });
    expect(written).toBeGreaterThan(1);
    await commandLine.order('close');
    expect(await commandLine.end()).toBe(0);
  });

  it('can open a ledger that a server is just making', async () => {
    for (let round = 0; round < 3; round += 1) {
      await store.remove();
      mkdirSync(store.directory);
      const both = [child(), child()];
      await Promise.all(both.map((one) => one.order('wait')));
      await Promise.all(
        both.map((one, index) => one.order('open', index === 0 ? 'server' : 'command_line')),
      );
      await Promise.all(both.map((one) => one.order('count', 'a', 5)));
      await Promise.all(both.map((one) => one.order('close')));
      const again = await openSqliteLedger({ settings: store.settings, role: 'server' });
      expect(await again.size()).toBe(10);
      await again.close();
    }
  });
});

describe('a file that another process has locked', () => {
  it('refuses decisions in one line, is read on, and works again when it is free', async () => {
    const locker = child();
    await locker.order('lock');
    const another = await store.openAnother();
    const refused = Promise.allSettled([count(store.ledger, 'a'), count(store.ledger, 'b')]);
    expect(await store.ledger.size()).toBe(0);
    const patient = count(another, 'a');
    const reason = {
      code: 'ledger_locked',
      message: `${store.file} is locked by another process`,
    };
    expect(await refused).toMatchObject([{ reason }, { reason }]);
    await locker.order('unlock');
    expect(await patient).toBe(0);
    expect(await count(store.ledger, 'a')).toBe(1);
  });

  it('lets a decision wait that can still be taken in time', async () => {
    const locker = child();
    await locker.order('lock');
    const patient = await store.openAnother();
    const waiting = Array.from({ length: 300 }, () => count(patient, 'a'));
    await locker.order('wait');
    const closing = patient.close();
    await locker.order('unlock');
    const answers = await Promise.all(waiting);
    expect(answers).toEqual(Array.from({ length: 300 }, (_, index) => index));
    await closing;
  });
});

describe('the write-ahead log', () => {
  it('stays short with a second thread', async () => {
    await store.ledger.close();
    const server = child();
    await server.order('open', 'server');
    const { walBytesMax, ...rest } = (await server.order('rotate', 5000, 50)) as {
      walBytesMax: number;
    };
    expect(rest).toEqual({ threads: 1, failures: [] });
    expect(megabytes(walBytesMax)).toBeLessThan(20);
    await server.order('closeLast');
    expect(readdirSync(store.directory).toSorted()).toEqual([
      'ledger.sqlite',
      'ledger.sqlite-lock',
      'opening.lock',
      'server.lock',
    ]);
    expect(await server.end()).toBe(0);
  });

  it('stays short where the command line writes alone', async () => {
    await store.ledger.close();
    const commandLine = child();
    await commandLine.order('open', 'command_line');
    const { walBytesMax, ...rest } = (await commandLine.order('rotate', 3000, 50)) as {
      walBytesMax: number;
    };
    expect(rest).toEqual({ threads: 0, failures: [] });
    expect(megabytes(walBytesMax)).toBeLessThan(8);
    await commandLine.order('close');
    expect(await commandLine.end()).toBe(0);
  });

  it('stays short and is complained of when the second thread fails', async () => {
    await store.ledger.close();
    const broken = buildLedger();
    writeFileSync(
      broken.fileOf('src/ledger/sqlite/wal-checkpoint.worker.ts'),
      'throw new Error();',
    );
    const server = startLedgerChild(broken, store.directory);
    await server.order('open', 'server');
    const { walBytesMax, ...rest } = (await server.order('rotate', 5000, 50)) as {
      walBytesMax: number;
    };
    expect(rest).toEqual({ threads: 1, failures: ['ledger_unavailable'] });
    expect(megabytes(walBytesMax)).toBeLessThan(20);
    await server.order('close');
    expect(await server.end()).toBe(0);
  });

  it('is moved into the database by the thread itself, which ends when it is told to', async () => {
    await Promise.all(Array.from({ length: 500 }, () => count(store.ledger, 'a')));
    const before = statSync(store.file).size;
    const file = build.fileOf('src/ledger/sqlite/wal-checkpoint.worker.ts');
    const worker = new Worker(file, { workerData: { file: store.file } });
    const ask = (request: CheckpointRequest): void => {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      worker.postMessage(request);
    };
    ask('checkpoint');
    expect(await once(worker, 'message')).toEqual([undefined]);
    expect(statSync(store.file).size).toBeGreaterThan(before + 100_000);
    ask('close');
    expect(await once(worker, 'exit')).toEqual([0]);
  });
});

describe('an observer that throws', () => {
  it('fails the process and not the commit', async () => {
    await store.ledger.close();
    const server = child();
    expect(await server.order('openBadlyObserved')).toEqual({
      counts: [0, 1, 2],
      uncaught: ['a broken observer'],
    });
    await server.order('close');
  });
});
