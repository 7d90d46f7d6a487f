import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll } from '@jest/globals';
import { transformFileSync } from '@swc/core';

const SOURCE = path.resolve('src');
/** Below node_modules, so that the compiled files find their packages. */
const CACHE = path.resolve('node_modules/.cache/token-ledger');
const FOLDERS = ['config', 'domain', 'vault'];
/** Long enough for every process to have loaded its modules. */
const START_DELAY = 1500;
let compiled: string | undefined;

afterAll(() => {
  if (compiled !== undefined) rmSync(compiled, { recursive: true, force: true });
});

/**
 * Runs `body` in so many processes at the same moment, against the source as it is now. It is an ES
 * module that may import `./vault/…` before it awaits `start()`, and calls `report` with one JSON
 * value. Fails when a process does not report.
 */
export async function runTogether(
  processes: number,
  body: string,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  compiled ??= compile();
  const script = path.join(compiled, `script-${process.hrtime.bigint()}.js`);
  const startAt = Date.now() + START_DELAY;
  writeFileSync(
    script,
    `const report = (value) => process.stdout.write(JSON.stringify(value));
     const start = () => { while (Date.now() < ${startAt}); };
     ${body}`,
  );
  return Promise.all(Array.from({ length: processes }, () => run(script)));
}

async function run(script: string): Promise<Readonly<Record<string, unknown>>> {
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let complaint = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (complaint += chunk));
  await new Promise((resolve) => child.once('close', resolve));
  if (output === '') throw new Error(`a process reported nothing: ${complaint}`);
  return JSON.parse(output) as Record<string, unknown>;
}

function compile(): string {
  mkdirSync(CACHE, { recursive: true });
  const target = mkdtempSync(path.join(CACHE, 'together-'));
  writeFileSync(path.join(target, 'package.json'), '{"type":"module"}');
  for (const folder of FOLDERS) {
    for (const name of readdirSync(path.join(SOURCE, folder), { recursive: true })) {
      const file = path.join(folder, String(name));
      if (file.endsWith('.ts')) compileFile(file, target);
    }
  }
  return target;
}

function compileFile(file: string, target: string): void {
  const { code } = transformFileSync(path.join(SOURCE, file), {
    swcrc: false,
    jsc: {
      target: 'es2023',
      keepClassNames: true,
      parser: { syntax: 'typescript', decorators: true },
      transform: {
        legacyDecorator: true,
        decoratorMetadata: true,
        useDefineForClassFields: true,
        verbatimModuleSyntax: true,
      },
    },
  });
  const compiledFile = path.join(target, file.replace(/\.ts$/, '.js'));
  mkdirSync(path.dirname(compiledFile), { recursive: true });
  writeFileSync(compiledFile, code);
}
