import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from '@jest/globals';
import { CheckpointFile } from '../../src/ledger/sealing/checkpoint-file.js';
import { signer } from '../ledger/sealing/sealed-ledger.js';
import { temporaryDirectories, useBuild } from './built-processes.js';

useBuild();
const newDirectory = temporaryDirectories();

it('a checkpoint that does not fit on the disk is taken back whole, and told', () => {
  const path = join(newDirectory(), 'checkpoints');
  const origin = `token-ledger/${'a'.repeat(32)}`;
  const notes = [1, 2, 3, 4, 5].map((size) =>
    signer.sign({ origin, size, root: Buffer.alloc(32) }),
  );
  const built = resolve(import.meta.dirname, '../../dist/ledger/sealing/checkpoint-file.js');
  const program = `import { CheckpointFile } from '${built}';
    const file = new CheckpointFile('${path}');
    for (const [at, note] of ${JSON.stringify(notes)}.entries()) file.append({ at, note });`;
  const words = ['-c', 'ulimit -f 1; exec "$0" --input-type=module --eval "$1"'];
  const ended = spawnSync('bash', [...words, process.execPath, program], { encoding: 'utf8' });
  expect(ended.stderr).toContain('EFBIG');
  const lines = readFileSync(path, 'utf8').split('\n');
  expect(lines.pop()).toBe('');
  expect(lines.length).toBeGreaterThan(1);
  const filed = lines.map((line) => JSON.parse(line) as unknown);
  expect(filed).toEqual(notes.slice(0, lines.length).map((note, at) => ({ at, note })));
  expect(new CheckpointFile(path).last()).toEqual(filed.at(-1));
});
