import Database from 'better-sqlite3';
import { LEDGER_MIGRATIONS } from '../connection-options.js';
import { LedgerError, LedgerUnavailable } from '../ledger.errors.js';

/** The vault's migrations are named after it, and it lies beside the ledger. */
const VAULT_MIGRATION = /^\w*Vault\d+$/;

/**
 * The names of the migrations that a ledger file has. Throws a LedgerError `schema_newer` when one of
 * them is none of ours, and `ledger_unavailable` for a vault.
 */
export function appliedMigrations(handle: Database.Database, file: string): readonly string[] {
  const table = handle.prepare("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").get();
  if (table === undefined) return [];
  const applied = handle.prepare<[], string>('SELECT name FROM migrations').pluck().all();
  const known = new Set<string>(LEDGER_MIGRATIONS.map((migration) => migration.name));
  const unknown = applied.find((name) => !known.has(name));
  if (unknown === undefined) return applied;
  if (VAULT_MIGRATION.test(unknown)) {
    throw new LedgerUnavailable('ledger_unavailable', `${file} is a vault, not a ledger`);
  }
  throw new LedgerError(
    'schema_newer',
    `${file} was written by a newer version (${unknown}); start that version instead`,
  );
}

interface SchemaObject {
  readonly type: string;
  readonly name: string;
  readonly sql: string | null;
}

/** TypeORM keeps its own table; what begins with `sqlite_` is SQLite's, which lets nobody else make it. */
const SCHEMA = `SELECT type, name, sql FROM sqlite_master
  WHERE NOT (type = 'table' AND name = 'migrations')
    AND NOT (type IN ('table', 'index') AND name LIKE 'sqlite\\_%' ESCAPE '\\')
  ORDER BY type, name`;

/**
 * How the tables, triggers, indexes and views of a ledger file differ from what its migrations made: a
 * trigger that refuses nothing has the right name too.
 */
export function schemaFaults(handle: Database.Database, applied: readonly string[]): string[] {
  const made = schemaAfter(applied);
  const found = schemaOf(handle);
  const lost = [...made.keys()].filter((name) => !found.has(name));
  const others = [...found].filter(([name, sql]) => made.get(name) !== sql);
  return [
    ...lost.map((name) => `the ${name} is missing`),
    ...others.map(([name]) =>
      made.has(name) ? `the ${name} is not as it was made` : `the ${name} is none of the ledger's`,
    ),
  ];
}

/** The schema by type and name, as these migrations make it in an empty database. */
function schemaAfter(migrations: readonly string[]): ReadonlyMap<string, string | null> {
  const database = new Database(':memory:');
  try {
    for (const { name, statements } of LEDGER_MIGRATIONS) {
      if (migrations.includes(name)) for (const sql of statements) database.exec(sql);
    }
    return schemaOf(database);
  } finally {
    database.close();
  }
}

function schemaOf(handle: Database.Database): ReadonlyMap<string, string | null> {
  const objects = handle.prepare<[], SchemaObject>(SCHEMA).all();
  return new Map(objects.map(({ type, name, sql }) => [`${type} ${name}`, sql]));
}
