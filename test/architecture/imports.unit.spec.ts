import { describe, expect, it } from '@jest/globals';
import manifest from '../../package.json' with { type: 'json' };
import {
  findFolderCycles,
  findImportedPackages,
  findImportViolations,
  IMPORT_TABLE,
} from './import-rules.js';
import { readSourceFiles } from './source-files.js';

const sources = readSourceFiles();

describe('the imports of src/', () => {
  it.each(Object.keys(IMPORT_TABLE))('%s/ imports only what the table allows', (folder) => {
    const files = sources.filter((file) => file.path.startsWith(`${folder}/`));
    expect(findImportViolations(files)).toEqual([]);
  });

  it('holds nothing that the table does not name', () => {
    const files = sources.filter(
      (file) => IMPORT_TABLE[file.path.split('/')[0] ?? ''] === undefined,
    );
    expect(findImportViolations(files)).toEqual([]);
  });

  it('has no circle of folders', () => {
    expect(findFolderCycles(sources)).toEqual([]);
  });

  it('uses only packages that an installation without development packages has', () => {
    const installed = Object.keys(manifest.dependencies);
    const missing = findImportedPackages(sources).filter((name) => !installed.includes(name));
    expect(missing).toEqual([]);
  });
});

describe('the import checker', () => {
  const refused: readonly (readonly [why: string, path: string, text: string, report: RegExp])[] = [
    ['an upward import', 'domain/a.ts', `import { b } from '../ledger/b.js';`, /a\.ts:1 .*ledger/],
    [
      'a type-only import',
      'domain/a.ts',
      `import type { B } from '../vault/b.js';`,
      /vault\/b\.ts/,
    ],
    ['a re-export', 'tlog/a.ts', `\nexport * from '../domain/b.js';`, /a\.ts:2 .*domain\/b\.ts/],
    ['a dynamic import', 'tokens/a.ts', `await import('../ledger/b.js');`, /ledger\/b\.ts/],
    ['an import type', 'tokens/a.ts', `type B = import('../oauth/b.js').B;`, /oauth\/b\.ts/],
    ['a computed import', 'oauth/a.ts', `await import(name);`, /computed/],
    ['an import from a subfolder', 'tokens/x/a.ts', `import '../../grants/b.js';`, /grants/],
    ['the inside of the ledger', 'grants/a.ts', `import '../ledger/sqlite/b.port.js';`, /ledger/],
    ['the ledger port in the vault', 'vault/a.ts', `import '../ledger/b.port.js';`, /b\.port\.ts/],
    ['our code in config', 'config/a.ts', `import '../domain/b.js';`, /domain\/b\.ts/],
    ['settings in tlog', 'tlog/a.ts', `import '../config/settings.js';`, /settings\.ts/],
    ['a composition root', 'oauth/a.ts', `import '../cli/b.js';`, /composition root/],
    ['the application module', 'oauth/a.ts', `import '../app.module.js';`, /composition root/],
    ['a test from the source', 'oauth/a.ts', `import '../../test/b.js';`, /outside src/],
    ['an unknown folder', 'extras/a.ts', `import '../domain/b.js';`, /does not name/],
    ['a stray file', 'stray.ts', `import 'zod';`, /does not name/],
    ['node in the domain', 'domain/a.ts', `import 'node:fs';`, /pure/],
    ['Nest in the domain', 'domain/a.ts', `import { Inject } from '@nestjs/common';`, /pure/],
    ['a package in the domain', 'domain/a.ts', `import 'jose';`, /pure/],
    ['another node module in tlog', 'tlog/a.ts', `import 'node:fs';`, /pure/],
    ['a package in tlog', 'tlog/a.ts', `import 'zod';`, /pure/],
    ['Date.now', 'domain/a.ts', `export const a = (): number => Date.now();`, /Date\.now/],
    ['new Date()', 'domain/a.ts', `export const a = new Date();`, /current time/],
    ['Math.random', 'domain/a.ts', `export const a = Math.random();`, /Math\.random/],
    ['crypto', 'domain/a.ts', `export const a = crypto.randomUUID();`, /uses crypto/],
    ['process', 'domain/a.ts', `export const a = process.env;`, /uses process/],
  ];

  it.each(refused)('refuses %s', (_why, path, text, report) => {
    expect(findImportViolations([{ path, text }])).toEqual([expect.stringMatching(report)]);
  });

  const accepted: readonly (readonly [why: string, path: string, text: string])[] = [
    ['a neighbour', 'tlog/a.ts', `import './b.js';`],
    ['a neighbour in a subfolder', 'ledger/sqlite/a.ts', `import '../b.js';`],
    ['settings', 'vault/a.ts', `import { Settings } from '../config/settings.js';`],
    ['the ledger port', 'views/a.ts', `import { Ledger } from '../ledger/ledger.port.js';`],
    ['the connection options', 'vault/a.ts', `import '../ledger/connection-options.js';`],
    ['access in an audit endpoint', 'audit/a.ts', `import '../access/bearer.guard.js';`],
    ['tokens in operations', 'operations/a.ts', `import '../tokens/signing-keys.js';`],
    ['zod in the domain', 'domain/a.ts', `import { z } from 'zod';`],
    ['hashing in tlog', 'tlog/a.ts', `import { hash } from 'node:crypto';`],
    ['anything in a composition root', 'cli/a.ts', `import '../ledger/sqlite/b.js';`],
    ['one root in another', 'main.ts', `import './app.module.js'; import './demo/b.js';`],
    ['a given time in the domain', 'domain/a.ts', `export const a = new Date(0);`],
    ['a member called process', 'domain/a.ts', `export const a = (b: B) => b.process;`],
    ['a comment', 'domain/a.ts', `// import 'node:fs'; Date.now()`],
  ];

  it.each(accepted)('accepts %s', (_why, path, text) => {
    expect(findImportViolations([{ path, text }])).toEqual([]);
  });

  it('finds a circle of folders once', () => {
    const files = [
      { path: 'a/x.ts', text: `import '../b/x.js';` },
      { path: 'b/x.ts', text: `import type { X } from '../c/x.js';` },
      { path: 'c/x.ts', text: `import '../a/x.js'; import './y.js';` },
      { path: 'd/x.ts', text: `import '../a/x.js';` },
    ];
    expect(findFolderCycles(files)).toEqual(['a -> b -> c -> a']);
  });

  it('names the imported packages, scoped or by subpath', () => {
    const text = `import '@nestjs/cqrs'; import 'zod/v4'; import 'node:fs'; import './b.js';`;
    expect(findImportedPackages([{ path: 'a/x.ts', text }])).toEqual(['@nestjs/cqrs', 'zod']);
  });
});
