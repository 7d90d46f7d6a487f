/**
 * Runs the demo, and compares what it tells with the tour in README.md. Fails when the demo fails, and when the
 * tour is not what it tells. `npm run demo:check`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { blocksOf, isAsPromised } from './printed-output.js';

const fileOf = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** The demo does not wait for a seal before its last chapter. */
const NOT_SEALED_YET = /^ *The ledger has no checkpoint yet that covers .*\n/m;

const readme = await readFile(fileOf('README.md'), 'utf8');
const [, tour] = readme.split(/^## Tour$/m);
const [{ line, text }] = blocksOf(tour);
const told = await demo();
if (told !== undefined && !isAsPromised(told.replace(NOT_SEALED_YET, '').trimStart(), text)) {
  const lineInReadme = readme.split('## Tour\n')[0].split('\n').length + line - 1;
  console.error(`README.md, line ${lineInReadme}: the tour is not what the demo tells.`);
  process.exitCode = 1;
}

/** What the demo told; undefined when it failed. */
async function demo() {
  const environment = { ...process.env, NO_COLOR: '1' };
  const stdio = ['ignore', 'pipe', 'inherit'];
  const child = spawn(process.execPath, [fileOf('examples/demo/demo.js')], {
    env: environment,
    stdio,
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    output += chunk;
    process.stdout.write(chunk);
  });
  const [code] = await once(child, 'close');
  if (code === 0) return output;
  process.exitCode = 1;
  return undefined;
}
