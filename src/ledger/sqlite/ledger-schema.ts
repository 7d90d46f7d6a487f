import type Database from 'better-sqlite3';
import { LEDGER_MIGRATIONS } from '../connection-options.js';
import { LedgerError } from '../ledger.errors.js';

/**
 * The names of the migrations that a ledger file has. Throws a LedgerError `schema_newer` when one of
 * them is none of ours.
 */
export function appliedMigrations(handle: Database.Database, file: string): readonly string[] {
  const table = handle.prepare("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").get();
  if (table === undefined) return [];
  const applied = handle.prepare<[], string>('SELECT name FROM migrations').pluck().all();
  const known = new Set<string>(LEDGER_MIGRATIONS.map((migration) => migration.name));
  const unknown = applied.find((name) => !known.has(name));
  if (unknown === undefined) return applied;
  throw new LedgerError(
    'schema_newer',
    `${file} was written by a newer version (${unknown}); start that version instead`,
  );
}
