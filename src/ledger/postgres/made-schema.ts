import { POSTGRES_LEDGER_MIGRATIONS } from '../connection-options.js';
import { APPEND_ONLY_TABLES } from '../migrations/postgres-1763856000000-create-ledger.js';

/** A table of the migrations, and its lines. */
const TABLE = /^CREATE TABLE ledger\.(\w+) \(\n([\s\S]*)\n\s*\)(?: WITH [\s\S]*)?$/;
const COLUMN = /^(\w+) (\w+)(.*?),?$/;
const KEY_COLUMNS = /^(?:PRIMARY KEY \((.+?)\)|(\w+) .*PRIMARY KEY)/;

/** The head of a function with its name, and its body between dollar quotes. */
const FUNCTION =
  /^CREATE (?:OR REPLACE )?FUNCTION ledger\.(\w+)\(([\s\S]*?)(\$\w+\$)([\s\S]*)\3\s*$/;
const SETTING = /\bSET (\w+) (?:=|TO) ([^\s,]+(?:, ?[^\s,]+)*)/g;

/** What the migrations made of a table, in the words of the catalog. */
export interface MadeTable {
  readonly columns: string;
  readonly primaryKey: string;
}

/** What the migrations made of a function. */
export interface MadeFunction {
  readonly body: string;
  /** What it is set to whoever calls it, in the order of their names. */
  readonly settings: string;
}

/** The tables of the migrations by their names. */
export function madeTables(): ReadonlyMap<string, MadeTable> {
  return new Map(
    madeStatements().flatMap((sql) => {
      const [, name, text] = TABLE.exec(sql) ?? [];
      if (name === undefined || text === undefined) return [];
      const lines = text.split('\n').map((line) => line.trim());
      const columns = lines.flatMap(columnOf).join(', ');
      return [[name, { columns, primaryKey: lines.flatMap(keyColumnsOf).join() }]];
    }),
  );
}

function columnOf(line: string): string[] {
  const [, name, type = '', rest = ''] = COLUMN.exec(line) ?? [];
  if (name === undefined || name === 'PRIMARY') return [];
  const collation = rest.includes('COLLATE "C"') ? ' COLLATE C' : '';
  const required = /NOT NULL|PRIMARY KEY/.test(rest) ? ' NOT NULL' : '';
  const [byDefault = ''] = / DEFAULT \S+$/.exec(rest) ?? [];
  const words = type === 'timestamptz' ? 'timestamp with time zone' : type;
  return [`${name} ${words}${collation}${required}${byDefault}`];
}

function keyColumnsOf(line: string): string[] {
  const [, several, one] = KEY_COLUMNS.exec(line) ?? [];
  const columns = several ?? one;
  return columns === undefined ? [] : [columns];
}

function madeStatements(): readonly string[] {
  return POSTGRES_LEDGER_MIGRATIONS.flatMap((migration) => migration.statements);
}

/** The functions of the migrations by their names. */
export function madeFunctions(): ReadonlyMap<string, MadeFunction> {
  return new Map(
    madeStatements().flatMap((sql) => {
      const [, name, head, , body] = FUNCTION.exec(sql) ?? [];
      return name === undefined || head === undefined || body === undefined
        ? []
        : [[name, { body, settings: settingsOf(head) }]];
    }),
  );
}

function settingsOf(head: string): string {
  return [...head.matchAll(SETTING)]
    .map(([, name, value]) => `${name}=${value}`)
    .sort()
    .join('; ');
}

/** The triggers of the migrations by their names, each with its table. */
export function madeTriggers(): ReadonlyMap<string, string> {
  return new Map(APPEND_ONLY_TABLES.map((table) => [`${table}_refuse_change`, table]));
}
