import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { useBuild } from './built-processes.js';

const THREAD = resolve(import.meta.dirname, '../../dist/cli/signing-thread.js');

useBuild();

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'token-ledger-signing-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

/**
 * What a program prints that has a thread of the build, keys to sign with, and a count of the signatures
 * that its own thread made. It must end by itself.
 */
async function run(program: string, before = ''): Promise<string[]> {
  const script = `
    import crypto from 'node:crypto';
    import { syncBuiltinESMExports } from 'node:module';
    import threads from 'node:worker_threads';
    const { sign } = crypto;
    let signedHere = 0;
    crypto.sign = (...words) => {
      signedHere += 1;
      return sign(...words);
    };
    ${before}
    syncBuiltinESMExports();
    const { SigningThread } = await import(${JSON.stringify(pathToFileURL(THREAD).href)});
    const say = (...words) => console.log(words.join(' '));
    const thread = new SigningThread((error) => say('died', error.message));
    const pairs = Array.from({ length: 40 }, () => crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' }));
    const isGood = ({ publicKey }, content, signature) =>
      crypto.verify('sha256', content, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature);
    /** How many of so many texts, signed at once with a key each, have a good signature. */
    const goodOf = async (count, pairOf, textOf = (index) => 'text ' + index) => {
      const asked = Array.from({ length: count }, (_, index) => [pairOf(index), textOf(index)]);
      const signatures = await Promise.all(asked.map(([{ privateKey }, text]) => thread.sign(text, privateKey)));
      return asked.filter(([pair, text], index) => isGood(pair, Buffer.from(text), signatures[index])).length;
    };
    /** Signs again and again until the thread has made signatures too. */
    const untilShared = async (pair = pairs[0]) => {
      for (;;) {
        const before = signedHere;
        await goodOf(32, () => pair);
        if (signedHere - before < 32) return;
      }
    };
    ${program}`;
  const file = join(directory, 'program.mjs');
  writeFileSync(file, script);
  const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: 30_000 });
  return stdout.trim().split('\n');
}

describe('the thread that signs beside the event loop', () => {
  it('makes some of the signatures, each with the key that was asked for', async () => {
    const said = await run(`
      await untilShared();
      let good = 0;
      for (let turn = 0; turn < 50; turn += 1) {
        good += await goodOf(128, (index) => pairs[(index * 7 + turn) % pairs.length]);
      }
      say(good, 'good');`);
    expect(said).toEqual(['6400 good']);
  });

  it('goes on making them after another key has come', async () => {
    const said = await run(`
      await untilShared();
      let good = 0;
      for (const pair of pairs) {
        await untilShared(pair);
        good += await goodOf(64, () => pair);
      }
      say(good, 'good');`);
    expect(said).toEqual(['2560 good']);
  });

  it('is not asked for a few, and not for a text that is too long for it', async () => {
    const said = await run(`
      await untilShared();
      const { wakes } = thread.slots;
      say(await goodOf(3, () => pairs[0]), 'good');
      const long = (index) => 'x'.repeat(2049 + index);
      say(await goodOf(8, () => pairs[0], long), 'good');
      say(thread.slots.wakes - wakes, 'wakes');`);
    expect(said).toEqual(['3 good', '8 good', '0 wakes']);
  });

  it('refuses a key that cannot sign, and nothing else that is asked with it', async () => {
    const said = await run(`
      await untilShared();
      const asked = Array.from({ length: 16 }, (_, index) =>
        thread.sign('text', index % 2 === 0 ? pairs[0].privateKey : pairs[0].publicKey));
      const settled = await Promise.allSettled(asked);
      say(settled.map(({ status }) => status[0]).join(''));`);
    expect(said).toEqual(['frfrfrfrfrfrfrfr']);
  });

  it('leaves every signature to the event loop when it has ended, those under way too', async () => {
    const said = await run(`
      await untilShared();
      const { wakes } = thread.slots;
      const underWay = goodOf(64, () => pairs[0]);
      const stopped = thread.stop();
      say(await underWay, 'good');
      await stopped;
      say(await goodOf(64, () => pairs[0]), 'good');
      say(thread.slots.wakes - wakes, 'wakes');`);
    expect(said).toEqual(['64 good', '64 good', '0 wakes']);
  });

  it('is told of when it dies, and missed by no signature', async () => {
    const said = await run(`
      await untilShared();
      const died = thread.worker.terminate();
      say(await goodOf(64, () => pairs[0]), 'good');
      await died;
      const { wakes } = thread.slots;
      say(await goodOf(64, () => pairs[0]), 'good');
      say(thread.slots.wakes - wakes, 'wakes');`);
    expect(said).toEqual([
      '64 good',
      'died it ended by itself, with exit code 1',
      '64 good',
      '0 wakes',
    ]);
  });

  it('is told of when it cannot begin, and missed by no signature', async () => {
    const said = await run(
      `
      say(await goodOf(64, () => pairs[0]), 'good');
      say(await goodOf(64, () => pairs[0]), 'good');`,
      `threads.Worker = class {
        constructor() {
          throw new Error('no thread is left');
        }
      };`,
    );
    expect(said).toEqual(['died no thread is left', '64 good', '64 good']);
  });
});
