import path from 'node:path';
import ts from 'typescript';
import { parse, placeOf, walk, type SourceFile } from './source-files.js';

/** The files of the ledger that other folders may see: its port, and the errors the port promises. */
const LEDGER_PORT = /^ledger\/[a-z0-9-]+\.(?:port|errors)\.ts$/;
/** How the vault opens the same database: `ledger/connection-options.ts`. */
const LEDGER_CONNECTION_OPTIONS = /^ledger\/connection[-.]options\.ts$/;
/** Of the vault, what operators wrote about incidents: no secret can be had through it. */
const VERDICT_NOTES = /^vault\/verdict-notes\.port\.ts$/;

/** What one folder may import: whole folders by name, or single files by their path below src/. */
export type ImportRule = readonly (string | RegExp)[];

/** The table "folder | may import" of docs/ARCHITECTURE.md; a folder always sees itself. */
export const IMPORT_TABLE: Readonly<Record<string, ImportRule>> = {
  config: [],
  domain: ['config'],
  tlog: [],
  ledger: ['config', 'domain', 'tlog'],
  vault: ['config', 'domain', LEDGER_CONNECTION_OPTIONS],
  tokens: ['config', 'domain', 'vault'],
  grants: ['config', 'domain', LEDGER_PORT, 'vault', 'tokens'],
  directory: ['config', 'domain', LEDGER_PORT, 'vault', 'tokens'],
  access: ['config', 'domain', LEDGER_PORT, 'tokens', 'grants', 'directory'],
  oauth: ['config', 'domain', 'access', 'grants', 'directory', 'tokens'],
  interaction: ['config', 'domain', 'access', 'grants', 'directory', 'tokens'],
  views: ['config', 'domain', LEDGER_PORT],
  audit: ['config', 'access', 'domain', 'views', LEDGER_PORT, VERDICT_NOTES, 'tlog'],
  replay: ['config', 'access', 'domain', 'views', LEDGER_PORT, 'tlog'],
  admin: ['config', 'domain', 'access', 'grants', 'directory', 'views', LEDGER_PORT],
  operations: ['config', 'domain', 'access', 'grants', 'directory', LEDGER_PORT, 'tokens'],
};

/** Composition roots: they may import anything, and only they import each other. */
const COMPOSITION_ROOT = /^(?:main\.ts|cli\.ts|app\.module\.ts|cli\/.*|demo\/.*)$/;

/** The modules from outside src/ that a pure folder may import; other folders choose freely. */
const PURE_FOLDER_MODULES: Readonly<Record<string, readonly string[]>> = {
  domain: ['zod'],
  tlog: ['node:crypto'],
};

/** Globals that would give the domain a clock, randomness or an environment. */
const IMPURE_GLOBALS = new Set(['crypto', 'process', 'performance', 'globalThis', 'require']);
const IMPURE_MEMBERS = new Set(['Date.now', 'Math.random']);

/** One import found in a file: its specifier (undefined if computed) and its place. */
interface ImportSite {
  readonly specifier: string | undefined;
  readonly place: string;
}

/** Every breach of the import table and of the purity rules in these files, one sentence each. */
export function findImportViolations(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => {
    const tree = parse(file);
    const folder = folderOf(file.path);
    const imports = importSites(tree).flatMap((site) => {
      const complaint = judgeImport(file.path, site.specifier);
      return complaint === undefined ? [] : [`${site.place} ${complaint}`];
    });
    return folder === 'domain' ? [...imports, ...impurities(tree)] : imports;
  });
}

/** The circles in the graph of folders, each as `a -> b -> a`; composition roots count as one folder. */
export function findFolderCycles(files: readonly SourceFile[]): string[] {
  const graph = new Map<string, Set<string>>();
  for (const file of files) {
    const from = nodeOf(file.path);
    const targets = graph.get(from) ?? new Set<string>();
    graph.set(from, targets);
    for (const { specifier } of importSites(parse(file))) {
      const target = specifier?.startsWith('.') ? nodeOf(resolve(file.path, specifier)) : from;
      if (target !== from) targets.add(target);
    }
  }
  return [...graph.keys()].toSorted().flatMap((start) => shortestCycle(graph, start));
}

/** The names of the packages that these files import, without node's own modules. */
export function findImportedPackages(files: readonly SourceFile[]): string[] {
  const specifiers = files
    .flatMap((file) => importSites(parse(file)))
    .flatMap(({ specifier }) => specifier ?? [])
    .filter((specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:'));
  return [...new Set(specifiers.map(packageOf))].toSorted();
}

function judgeImport(importer: string, specifier: string | undefined): string | undefined {
  if (specifier === undefined) return 'imports a module whose name is computed';
  if (!specifier.startsWith('.')) return judgeModule(importer, specifier);

  const target = resolve(importer, specifier);
  if (target.startsWith('..')) return `imports ${specifier}, which is outside src/`;
  if (COMPOSITION_ROOT.test(importer)) return undefined;
  if (COMPOSITION_ROOT.test(target)) return `imports the composition root ${target}`;

  const folder = folderOf(importer);
  const rule = IMPORT_TABLE[folder];
  if (rule === undefined) return `is in ${folder || 'src'}/, which the import table does not name`;
  if (folderOf(target) === folder) return undefined;
  const allowed = rule.some((permitted) =>
    typeof permitted === 'string' ? permitted === folderOf(target) : permitted.test(target),
  );
  return allowed ? undefined : `imports ${target}, which ${folder}/ may not`;
}

function judgeModule(importer: string, specifier: string): string | undefined {
  const folder = folderOf(importer);
  if (!COMPOSITION_ROOT.test(importer) && IMPORT_TABLE[folder] === undefined) {
    return `is in ${folder || 'src'}/, which the import table does not name`;
  }
  const permitted = PURE_FOLDER_MODULES[folder];
  return permitted === undefined || permitted.includes(packageOf(specifier))
    ? undefined
    : `imports ${specifier}, but ${folder}/ is pure`;
}

function importSites(tree: ts.SourceFile): ImportSite[] {
  const sites: ImportSite[] = [];
  const add = (node: ts.Node, specifier: ts.Node | undefined): void => {
    const text = specifier && ts.isStringLiteralLike(specifier) ? specifier.text : undefined;
    sites.push({ specifier: text, place: placeOf(node) });
  };
  walk(tree, (node) => {
    if (ts.isImportDeclaration(node)) add(node, node.moduleSpecifier);
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier) add(node, node.moduleSpecifier);
    else if (ts.isExternalModuleReference(node)) add(node, node.expression);
    else if (ts.isImportTypeNode(node)) {
      add(node, ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node, node.arguments[0]);
    }
  });
  return sites;
}

function impurities(tree: ts.SourceFile): string[] {
  const found: string[] = [];
  walk(tree, (node) => {
    if (ts.isPropertyAccessExpression(node) && IMPURE_MEMBERS.has(node.getText())) {
      found.push(`${placeOf(node)} uses ${node.getText()}, but domain/ is pure`);
    } else if (isCurrentTime(node)) {
      found.push(`${placeOf(node)} asks for the current time, but domain/ is pure`);
    } else if (ts.isIdentifier(node) && IMPURE_GLOBALS.has(node.text) && isReference(node)) {
      found.push(`${placeOf(node)} uses ${node.text}, but domain/ is pure`);
    }
  });
  return found;
}

/** True for `new Date()`, `new Date` and `Date()`; a Date made from a given time is pure. */
function isCurrentTime(node: ts.Node): boolean {
  const called = ts.isNewExpression(node) || ts.isCallExpression(node) ? node : undefined;
  if (!called || !ts.isIdentifier(called.expression) || called.expression.text !== 'Date') {
    return false;
  }
  return ts.isCallExpression(called) || (called.arguments ?? []).length === 0;
}

/** True if an identifier stands for a value in scope, rather than naming a member or a type. */
function isReference(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isShorthandPropertyAssignment(parent)) return true;
  const isName = 'name' in parent && parent.name === node;
  const isType = ts.isTypeNode(parent) || ts.isQualifiedName(parent);
  return !isName && !isType;
}

/** The path below src/ of the TypeScript file that a relative specifier means. */
function resolve(importer: string, specifier: string): string {
  return path.posix.join(path.posix.dirname(importer), specifier).replace(/\.js$/, '.ts');
}

/** The first folder of a path below src/, or '' for a file directly in it. */
function folderOf(file: string): string {
  return file.includes('/') ? file.slice(0, file.indexOf('/')) : '';
}

function nodeOf(file: string): string {
  return COMPOSITION_ROOT.test(file) ? 'composition root' : folderOf(file);
}

function packageOf(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier;
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

/** The shortest way from a folder back to itself; a circle is reported by its first folder only. */
function shortestCycle(graph: ReadonlyMap<string, ReadonlySet<string>>, start: string): string[] {
  const paths = [[start]];
  const seen = new Set<string>();
  for (let route = paths.shift(); route !== undefined; route = paths.shift()) {
    for (const next of graph.get(route.at(-1) ?? start) ?? []) {
      if (next === start) return [[...route, start].join(' -> ')];
      if (next > start && !seen.has(next)) {
        seen.add(next);
        paths.push([...route, next]);
      }
    }
  }
  return [];
}
