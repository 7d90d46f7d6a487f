import { describe, expect, it } from '@jest/globals';
import {
  FILE_LINES_90TH_PERCENTILE_MAX,
  FILE_LINES_MAX,
  findBadNames,
  findLongFiles,
  findLongFunctions,
  FUNCTION_LINES_MAX,
  ninetiethPercentile,
} from './size-rules.js';
import { readSourceFiles } from './source-files.js';

const sources = readSourceFiles();

describe('the size of src/', () => {
  it(`has no file over ${String(FILE_LINES_MAX)} lines`, () => {
    expect(findLongFiles(sources)).toEqual([]);
  });

  it(`keeps nine files in ten within ${String(FILE_LINES_90TH_PERCENTILE_MAX)} lines`, () => {
    expect(ninetiethPercentile(sources)).toBeLessThanOrEqual(FILE_LINES_90TH_PERCENTILE_MAX);
  });

  it(`has no function over ${String(FUNCTION_LINES_MAX)} lines`, () => {
    expect(findLongFunctions(sources)).toEqual([]);
  });

  it('names files noun.role.ts, with no barrel and no empty name', () => {
    expect(findBadNames(sources)).toEqual([]);
  });
});

describe('the size checker', () => {
  const lines = (count: number): string => 'a();\n'.repeat(count);

  it('counts the lines of a file, not the newline at its end', () => {
    expect(findLongFiles([{ path: 'a.ts', text: lines(400) }])).toEqual([]);
    expect(findLongFiles([{ path: 'a.ts', text: lines(401) }])).toEqual(['a.ts has 401 lines']);
  });

  it('takes the ninetieth percentile of the lengths', () => {
    const files = Array.from({ length: 101 }, (_, length) => ({
      path: `a${String(length)}.ts`,
      text: lines(length),
    }));
    expect(ninetiethPercentile(files)).toBe(90);
    expect(ninetiethPercentile([])).toBe(0);
  });

  it.each([
    ['a function', `function a() {\n${lines(69)}}`],
    ['an arrow function', `const a = () => {\n${lines(69)}};`],
    ['a method', `class A {\n  b() {\n${lines(69)}}\n}`],
    ['a constructor', `class A {\n  constructor() {\n${lines(69)}}\n}`],
    ['a decorated method', `class A {\n  @B()\n  @C({})\n  b() {\n${lines(69)}}\n}`],
  ])('measures %s', (_kind, text) => {
    expect(findLongFunctions([{ path: 'a.ts', text }])).toEqual([
      expect.stringMatching(/^a\.ts:[12] has 71 lines$/),
    ]);
    expect(findLongFunctions([{ path: 'a.ts', text: text.replace('a();\n', '') }])).toEqual([]);
  });

  it.each([
    ['ledger/index.ts', 'barrel'],
    ['ledger/utils.ts', 'says nothing'],
    ['ledger/date-utils.ts', 'says nothing'],
    ['common/clock.ts', 'says nothing'],
    ['ledger/row.helper.ts', 'says nothing'],
    ['ledger/tokenFamily.ts', 'kebab-case'],
    ['ledger/Ledger.ts', 'kebab-case'],
    ['ledger/a.b.c.ts', 'kebab-case'],
    ['groupCommit/a.ts', 'kebab-case'],
  ])('refuses the name %s', (path, complaint) => {
    expect(findBadNames([{ path, text: '' }])).toEqual([expect.stringContaining(complaint)]);
  });

  it.each(['main.ts', 'ledger/token-family.decider.ts', 'ledger/sqlite/group-commit.ts'])(
    'accepts the name %s',
    (path) => {
      expect(findBadNames([{ path, text: '' }])).toEqual([]);
    },
  );
});
