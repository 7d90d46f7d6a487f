import { POSTGRES_LEDGER_MIGRATIONS } from '../connection-options.js';
import { APPEND_ONLY_TABLES } from '../migrations/postgres-1763856000000-create-ledger.js';
import type { NamedStatement, PostgresConnections } from './postgres-connection.js';

/** A body between dollar quotes, and the name of its function. */
const FUNCTION = /^CREATE FUNCTION ledger\.(\w+)\([\s\S]*?(\$\w+\$)([\s\S]*)\2$/;

const FUNCTIONS: NamedStatement = {
  name: 'verify.functions',
  text: `SELECT p.proname, p.prosrc FROM pg_catalog.pg_proc p
    JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'ledger'`,
};
const TRIGGERS: NamedStatement = {
  name: 'verify.triggers',
  text: `SELECT t.tgname, pg_catalog.pg_get_triggerdef(t.oid), t.tgenabled <> 'D'
    FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'ledger' AND NOT t.tgisinternal ORDER BY t.tgname`,
};

/**
 * How the functions and triggers of a ledger differ from what its migrations made: one that refuses
 * nothing has the right name too.
 */
export async function schemaFaults(connections: PostgresConnections): Promise<string[]> {
  const functions = new Map(await connections.rows<[string, string]>(FUNCTIONS, []));
  const triggers = new Map(
    (await connections.rows<[string, string, boolean]>(TRIGGERS, [])).map(
      ([name, definition, isOn]) => [name, isOn ? definition : 'off'],
    ),
  );
  return [
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

function madeFunctions(): ReadonlyMap<string, string> {
  const statements = POSTGRES_LEDGER_MIGRATIONS.flatMap((migration) => migration.statements);
  return new Map(
    statements.flatMap((sql) => {
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
