import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

/** One TypeScript file: its path below src/, with forward slashes, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** Reads every TypeScript file below src/ of this repository, sorted by path. */
export function readSourceFiles(): readonly SourceFile[] {
  const root = path.resolve(import.meta.dirname, '../../src');
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((file) => ({
      path: path.relative(root, file).split(path.sep).join('/'),
      text: readFileSync(file, 'utf8'),
    }))
    .toSorted((left, right) => (left.path < right.path ? -1 : 1));
}

/** Parses one file into a syntax tree whose nodes know their parents. */
export function parse(file: SourceFile): ts.SourceFile {
  return ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true);
}

/** Calls `visit` for every node of a syntax tree, parents before children. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => {
    walk(child, visit);
  });
}

/** Names the place of a node for a report: `folder/file.ts:12`, lines from 1. */
export function placeOf(node: ts.Node): string {
  const tree = node.getSourceFile();
  const { line } = tree.getLineAndCharacterOfPosition(node.getStart(tree));
  return `${tree.fileName}:${String(line + 1)}`;
}
