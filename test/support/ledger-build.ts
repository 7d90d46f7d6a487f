import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll } from '@jest/globals';
import { transformFileSync } from '@swc/core';

const ROOT = path.resolve(import.meta.dirname, '../..');
/** Below node_modules, so that the compiled files find their packages. */
const CACHE = path.join(ROOT, 'node_modules/.cache/token-ledger');
const FOLDERS = ['src/config', 'src/domain', 'src/ledger', 'src/tlog'];
const PROGRAM = 'test/support/ledger-child.program.ts';
const PROGRAM_PARTS = ['domain-world', 'ledger-executions', 'ledger-families'].map(
  (name) => `test/support/${name}.ts`,
);

/** The ledger as JavaScript: what threads and processes of their own can load. */
export interface LedgerBuild {
  /** The program that `startLedgerChild` runs. */
  readonly program: string;
  /** The compiled file of a source file, such as `src/ledger/sqlite/server-lock.ts`. */
  fileOf(source: string): string;
}

const builds = new Set<string>();

afterAll(() => {
  for (const target of builds) rmSync(target, { recursive: true, force: true });
});

/** Compiles the ledger as its source is now; removed when the tests of this file are done. */
export function buildLedger(): LedgerBuild {
  mkdirSync(CACHE, { recursive: true });
  const target = mkdtempSync(path.join(CACHE, 'ledger-'));
  builds.add(target);
  writeFileSync(path.join(target, 'package.json'), '{"type":"module"}');
  const fileOf = (source: string): string => path.join(target, source.replace(/\.ts$/, '.js'));
  for (const source of [...FOLDERS.flatMap(sourcesIn), PROGRAM, ...PROGRAM_PARTS]) {
    compile(path.join(ROOT, source), fileOf(source));
  }
  return { program: fileOf(PROGRAM), fileOf };
}

function sourcesIn(folder: string): string[] {
  return readdirSync(path.join(ROOT, folder), { recursive: true })
    .map((name) => path.join(folder, String(name)))
    .filter((name) => name.endsWith('.ts'));
}

function compile(source: string, target: string): void {
  const { code } = transformFileSync(source, {
    swcrc: false,
    jsc: {
      target: 'es2023',
      keepClassNames: true,
      parser: { syntax: 'typescript', decorators: true },
      transform: { useDefineForClassFields: true, verbatimModuleSyntax: true },
    },
  });
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, code);
}
