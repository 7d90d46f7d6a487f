import { POSTGRES_LEDGER_MIGRATIONS } from '../connection-options.js';
import { APPEND_ONLY_TABLES } from '../migrations/postgres-1763856000000-create-ledger.js';
import type { NamedStatement, PostgresConnections } from './postgres-connection.js';

/** A table of the migrations, and its lines. */
const TABLE = /^CREATE TABLE ledger\.(\w+) \(\n([\s\S]*)\n\s*\)(?: WITH [\s\S]*)?$/;
const COLUMN = /^(\w+) (\w+)(.*?),?$/;

/** A body between dollar quotes, and the name of its function. */
const FUNCTION = /^CREATE FUNCTION ledger\.(\w+)\([\s\S]*?(\$\w+\$)([\s\S]*)\2$/;

const FUNCTIONS: NamedStatement = {
  name: 'verify.functions',
  text: `SELECT p.proname, p.prosrc FROM pg_catalog.pg_proc p
    JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'ledger'`,
};
/** A partition is a part of its table; TypeORM keeps its own table. */
const TABLES: NamedStatement = {
  name: 'verify.tables',
  text: `SELECT c.relname, c.relkind IN ('r', 'p'), string_agg(format('%s %s%s%s%s', a.attname,
      pg_catalog.format_type(a.atttypid, a.atttypmod), ' COLLATE ' || k.collname,
      CASE WHEN a.attnotnull THEN ' NOT NULL' END,
      ' DEFAULT ' || pg_catalog.pg_get_expr(d.adbin, d.adrelid)), ', ' ORDER BY a.attnum)
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_attribute a
      ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_catalog.pg_collation k ON k.oid = a.attcollation AND k.collname <> 'default'
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE n.nspname = 'ledger' AND c.relkind NOT IN ('i', 'I', 'S', 't', 'c')
      AND NOT c.relispartition AND c.relname <> 'migrations'
    GROUP BY c.oid ORDER BY c.relname`,
};
/** A partition may have a trigger of its own that refuses changes, and no other one. */
const TRIGGERS: NamedStatement = {
  name: 'verify.triggers',
  text: `SELECT t.tgname, pg_catalog.pg_get_triggerdef(t.oid), t.tgenabled <> 'D'
    FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'ledger' AND NOT t.tgisinternal
      AND NOT (c.relispartition AND t.tgfoid = to_regproc('ledger.refuse_change')) ORDER BY t.tgname`,
};

/**
 * How the tables with their columns, functions and triggers of a ledger differ from what its migrations
 * made: a trigger that refuses nothing has the right name too.
 */
export async function schemaFaults(connections: PostgresConnections): Promise<string[]> {
  const functions = new Map(await connections.rows<[string, string]>(FUNCTIONS, []));
  const triggers = new Map(
    (await connections.rows<[string, string, boolean]>(TRIGGERS, [])).map(
      ([name, definition, isOn]) => [name, isOn ? definition : 'off'],
    ),
  );
  const relations = await connections.rows<[string, boolean, string]>(TABLES, []);
  const columnsOf = (isTable: boolean): ReadonlyMap<string, string> =>
    new Map(relations.flatMap(([name, is, columns]) => (is === isTable ? [[name, columns]] : [])));
  return [
    ...differences('table', madeTables(), columnsOf(true)),
    ...differences('view', new Map(), columnsOf(false)),
    ...differences('function', madeFunctions(), functions),
    ...differences('trigger', madeTriggers(), triggers),
  ];
}

function differences(
  what: string,
  made: ReadonlyMap<string, string>,
  found: ReadonlyMap<string, string>,
): string[] {
  const lost = [...made.keys()].filter((name) => !found.has(name));
  const others = [...found].filter(([name, text]) => made.get(name) !== text);
  return [
    ...lost.map((name) => `the ${what} ${name} is missing`),
    ...others.map(([name]) =>
      made.has(name)
        ? `the ${what} ${name} is not as it was made`
        : `the ${what} ${name} is none of the ledger's`,
    ),
  ];
}

/** The columns of each table, in the words of the catalog. */
function madeTables(): ReadonlyMap<string, string> {
  return new Map(
    madeStatements().flatMap((sql) => {
      const [, name, lines] = TABLE.exec(sql) ?? [];
      if (name === undefined || lines === undefined) return [];
      const columns = lines.split('\n').map((line) => line.trim());
      return [[name, columns.flatMap(columnOf).join(', ')]];
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

function madeStatements(): readonly string[] {
  return POSTGRES_LEDGER_MIGRATIONS.flatMap((migration) => migration.statements);
}

function madeFunctions(): ReadonlyMap<string, string> {
  return new Map(
    madeStatements().flatMap((sql) => {
      const [, name, , body] = FUNCTION.exec(sql) ?? [];
      return name === undefined || body === undefined ? [] : [[name, body]];
    }),
  );
}

/** As PostgreSQL itself words them. */
function madeTriggers(): ReadonlyMap<string, string> {
  return new Map(
    APPEND_ONLY_TABLES.map((table) => [
      `${table}_refuse_change`,
      `CREATE TRIGGER ${table}_refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.${table} ` +
        'FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()',
    ]),
  );
}
