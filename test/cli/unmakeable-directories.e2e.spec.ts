import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { useBuild } from './built-processes.js';

useBuild();

const built = resolve(import.meta.dirname, '../../dist');
/** What does not end is ended, in milliseconds. */
const DEADLINE = 20_000;

/** What a program said: it would hold up this process for good where it does not end. */
function saidBy(program: string): string {
  const words = ['--input-type=module', '--eval', program];
  return spawnSync(process.execPath, words, { timeout: DEADLINE, encoding: 'utf8' }).stderr;
}

describe('a directory that cannot be made', () => {
  it.each([
    [
      'of the checkpoints',
      `import { CheckpointFile } from '${built}/ledger/sealing/checkpoint-file.js';
      new CheckpointFile('/proc/token-ledger/keys/a.checkpoints').append({ at: 1, note: '' });`,
    ],
    [
      'of the views',
      `import { ViewsFiles } from '${built}/views/sqlite/views-files.js';
      new ViewsFiles('/proc/token-ledger/views').prepare();`,
    ],
  ])('%s is told to be so, and nothing waits for it', (_, program) => {
    expect(saidBy(program)).toContain(
      "ENOENT: no such file or directory, mkdir '/proc/token-ledger'",
    );
  });
});
