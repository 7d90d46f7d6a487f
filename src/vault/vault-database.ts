import { MigrationExecutor, type DataSource, type QueryRunner, type Repository } from 'typeorm';
import type { VaultRows, VaultTable } from './vault.entities.js';
import { VaultError } from './vault.errors.js';

/** The database that a vault is kept in: all in which one kind of database differs from another. */
export interface VaultDatabase {
  readonly source: DataSource;
  /** How messages name it: without anything secret. */
  readonly name: string;
  /** Takes away the boxes of the rows with this id: no statement from now on reads them. */
  eraseBoxes(table: VaultTable, column: string, id: string): Promise<void>;
  /** Whether all has been done that can be done about the bytes of erased boxes. */
  settleErasure(): Promise<boolean>;
}

/** The rows of one of its tables. */
export function vaultRows<Table extends VaultTable>(
  { source }: VaultDatabase,
  table: Table,
): Repository<VaultRows[Table]> {
  return source.getRepository<VaultRows[Table]>(table);
}

/**
 * Whether a migration of the vault's database is missing. Throws a VaultError when the database has one
 * that is unknown here.
 */
export async function isBehind(
  source: DataSource,
  name: string,
  queryRunner?: QueryRunner,
): Promise<boolean> {
  const executor = new MigrationExecutor(source, queryRunner);
  const known = new Set(source.migrations.map((migration) => migration.constructor.name));
  const applied = await executor.getExecutedMigrations();
  const unknown = applied.find((migration) => !known.has(migration.name));
  if (unknown !== undefined) {
    throw new VaultError(
      `the vault ${name} was written by a newer version of Token Ledger (schema ${unknown.name})`,
    );
  }
  return applied.length < known.size;
}
