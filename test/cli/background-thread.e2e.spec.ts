import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { count } from '../support/ledger-executions.js';
import { openSqliteStore, type SqliteLedgerStore } from '../support/ledger-sqlite.js';
import { signingKey } from '../ledger/sealing/sealed-ledger.js';
import { useBuild } from './built-processes.js';

const DIST = resolve(import.meta.dirname, '../../dist/cli');

useBuild();

let store: SqliteLedgerStore;
let directory: string;

beforeEach(async () => {
  store = await openSqliteStore();
  directory = mkdtempSync(join(tmpdir(), 'token-ledger-thread-'));
});

afterEach(async () => {
  await store.remove();
  rmSync(directory, { recursive: true });
});

/** What a program prints that has a thread of the build, and the works that parts are begun with. */
async function run(program: string): Promise<string[]> {
  const works = {
    views: { ledgerFile: store.file, viewsDirectory: join(directory, 'views') },
    nowhere: { ledgerFile: `${store.file}-none`, viewsDirectory: join(directory, 'none') },
    sealing: {
      ledgerFile: store.file,
      checkpointFile: join(directory, 'a.checkpoints'),
      privateKey: [...signingKey],
      interval: 1000,
    },
  };
  const script = `
    const { BackgroundPart, BackgroundThread } = await import(${JSON.stringify(pathToFileURL(join(DIST, 'background-thread.js')))});
    const works = ${JSON.stringify(works)};
    works.sealing.privateKey = Uint8Array.from(works.sealing.privateKey);
    const thread = new BackgroundThread();
    const say = (...words) => console.log(words.join(' '));
    const until = (begin) => new Promise(begin);
    // The thread keeps no process alive.
    const alive = setInterval(() => undefined, 1000);
    ${program}
    clearInterval(alive);`;
  const file = join(directory, 'program.mjs');
  writeFileSync(file, script);
  const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: 30_000 });
  return stdout.trim().split('\n');
}

describe('the thread beside the requests', () => {
  it('runs several parts, and ends with the last one', async () => {
    await count(store.ledger, 'a');
    const said = await run(`
      let views;
      await until((done) => {
        views = thread.begin('views', works.views, ({ state }) => {
          if (state?.newest?.position === 0) done();
        }, say);
      });
      let sealing;
      await until((done) => {
        sealing = thread.begin('sealing', works.sealing, ({ kind }) => kind === 'sealed' && done(), say);
      });
      await (await views).stop();
      say('views stopped');
      await (await sealing).stop();
      say('sealing stopped');`);
    expect(said).toEqual(['views stopped', 'sealing stopped']);
  });

  it('goes on with the others when one part cannot be begun, which is told of it', async () => {
    await count(store.ledger, 'a');
    const said = await run(`
      let sealing;
      await until((done) => {
        sealing = thread.begin('sealing', works.sealing, ({ kind }) => kind === 'sealed' && done(), say);
      });
      await until((done) => {
        void thread.begin('views', works.nowhere, say, ({ message }) => done(say(message)));
      });
      await (await sealing).stop();
      say('sealing stopped');`);
    expect(said).toEqual([`there is no ledger in ${store.file}-none`, 'sealing stopped']);
  });

  it('tells every part when it dies, and another one can be begun', async () => {
    await count(store.ledger, 'a');
    const said = await run(`
      await until((died) => {
        void thread.begin('views', works.views, () => undefined, () => died(say('views died')));
        thread.worker.postMessage({ part: 'views', order: null });
      });
      await until(async (done) => {
        const sealing = await thread.begin('sealing', works.sealing, async ({ kind }) => {
          if (kind !== 'sealed') return;
          await sealing.stop();
          done(say('sealed again'));
        }, say);
      });`);
    expect(said).toEqual(['views died', 'sealed again']);
  });

  it('tells a part that it died when it ends without an error, unless that was told to stop', async () => {
    await count(store.ledger, 'a');
    const said = await run(`
      const begin = (died) => thread.begin('views', works.views, () => undefined, died);
      await until((done) => {
        void begin(({ message }) => done(say(message.split(',')[0])));
        void thread.worker.terminate();
      });
      const views = await begin(() => say('died'));
      const stopped = views.stop();
      void thread.worker.terminate();
      await stopped;
      say('views stopped');`);
    expect(said).toEqual(['the background thread ended by itself', 'views stopped']);
  });
});

describe('a part of the thread', () => {
  it('is begun again some time after the thread has ended by itself, and not when it was stopped', async () => {
    await count(store.ledger, 'a');
    const said = await run(`
      const later = globalThis.setTimeout;
      globalThis.setTimeout = (work, pause) => {
        say('in', pause);
        return later(work, 1);
      };
      let reported = () => undefined;
      const part = new BackgroundPart(thread, 'views', works.views, ({ state }) => {
        if (state?.newest?.position === 0) reported();
      }, ({ message }) => say(message.split(',')[0]));
      for (let time = 0; time < 2; time += 1) {
        await until((done) => {
          reported = done;
          if (time === 0) part.start();
          else void thread.worker.terminate();
        });
        say('follows');
      }
      await part.stop();
      say('stopped');`);
    expect(said).toEqual([
      'follows',
      'the background thread ended by itself',
      'in 10000',
      'follows',
      'stopped',
    ]);
  });
});
