import ts from 'typescript';
import { parse, placeOf, walk, type SourceFile } from './source-files.js';

/** The size budget, in lines: no file and no function is longer. */
export const FILE_LINES_MAX = 400;
export const FILE_LINES_90TH_PERCENTILE_MAX = 250;
export const FUNCTION_LINES_MAX = 70;

const FILE_NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)?\.ts$/;
const FOLDER_NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const EMPTY_NAME = /(?:^|[-./])(?:utils?|helpers?|common)(?:[./]|$)/;

/** The files longer than the budget. */
export function findLongFiles(files: readonly SourceFile[]): string[] {
  return files
    .filter((file) => countLines(file.text) > FILE_LINES_MAX)
    .map((file) => `${file.path} has ${String(countLines(file.text))} lines`);
}

/** The length in lines that nine files in ten do not exceed; 0 when there is no file. */
export function ninetiethPercentile(files: readonly SourceFile[]): number {
  const lengths = files.map((file) => countLines(file.text)).toSorted((a, b) => a - b);
  return lengths[Math.floor(0.9 * (lengths.length - 1))] ?? 0;
}

/** The functions, methods and arrow functions longer than the budget; decorators do not count. */
export function findLongFunctions(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => {
    const found: string[] = [];
    walk(parse(file), (node) => {
      if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined) return;
      const lines = countFunctionLines(node);
      if (lines > FUNCTION_LINES_MAX) found.push(`${placeOf(node)} has ${String(lines)} lines`);
    });
    return found;
  });
}

/** The paths that break a naming rule: kebab-case `noun.role.ts`, no barrel, no empty name. */
export function findBadNames(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path }) => {
    const folders = path.split('/');
    const name = folders.pop() ?? '';
    if (name === 'index.ts') return [`${path} is a barrel file`];
    if (EMPTY_NAME.test(path)) return [`${path} has a name that says nothing`];
    if (FILE_NAME.test(name) && folders.every((folder) => FOLDER_NAME.test(folder))) return [];
    return [`${path} is not named noun.role.ts in kebab-case`];
  });
}

function countLines(text: string): number {
  return text === '' ? 0 : text.replace(/\n$/, '').split('\n').length;
}

function countFunctionLines(node: ts.Node): number {
  const tree = node.getSourceFile();
  const lineAt = (position: number): number => tree.getLineAndCharacterOfPosition(position).line;
  const decorators = ts.canHaveDecorators(node) ? (ts.getDecorators(node) ?? []) : [];
  const afterDecorators = decorators.at(-1)?.end;
  const start =
    afterDecorators === undefined
      ? node.getStart(tree)
      : afterDecorators + (/^\s*/.exec(tree.text.slice(afterDecorators))?.[0].length ?? 0);
  return lineAt(node.end) - lineAt(start) + 1;
}
