import type { DataSourceOptions } from 'typeorm';
import type { Settings } from '../config/settings.js';
import { CreateLedger1763683200000 } from './migrations/1763683200000-create-ledger.js';
import { AddSeals1763769600000 } from './migrations/1763769600000-add-seals.js';
import { AddNodes1763942400000 } from './migrations/postgres-1763942400000-add-nodes.js';
import { AddTransfer1764028800000 } from './migrations/postgres-1764028800000-add-transfer.js';
import { CreatePostgresLedger1763856000000 } from './migrations/postgres-1763856000000-create-ledger.js';

/** Every migration of the ledger, oldest first. A database that names another is newer than we are. */
export const LEDGER_MIGRATIONS = [CreateLedger1763683200000, AddSeals1763769600000] as const;

/** Every migration of the ledger on PostgreSQL, oldest first. */
export const POSTGRES_LEDGER_MIGRATIONS = [
  CreatePostgresLedger1763856000000,
  AddNodes1763942400000,
  AddTransfer1764028800000,
] as const;

/** How TypeORM reaches the ledger: for migrations only; the hot path has a handle of its own. */
export function ledgerDataSourceOptions({
  ledgerFile,
  postgresUrl,
  postgresOwnerUrl = postgresUrl,
}: Pick<Settings, 'ledgerFile'> &
  Partial<Pick<Settings, 'postgresUrl' | 'postgresOwnerUrl'>>): DataSourceOptions {
  return postgresOwnerUrl === undefined
    ? sqliteDataSourceOptions(ledgerFile)
    : postgresLedgerDataSourceOptions(postgresOwnerUrl);
}

function sqliteDataSourceOptions(database: string): DataSourceOptions {
  return {
    type: 'better-sqlite3',
    database,
    migrations: [...LEDGER_MIGRATIONS],
    migrationsTableName: 'migrations',
    migrationsTransactionMode: 'each',
    enableWAL: true,
  };
}

/** How TypeORM reaches a ledger on PostgreSQL, as the owner of its schema: for migrations only. */
export function postgresLedgerDataSourceOptions(ownerUrl: string): DataSourceOptions {
  return {
    type: 'postgres',
    url: ownerUrl,
    schema: 'ledger',
    migrations: [...POSTGRES_LEDGER_MIGRATIONS],
    migrationsTableName: 'migrations',
    migrationsTransactionMode: 'each',
    applicationName: 'token-ledger migrations',
    installExtensions: false,
    connectTimeoutMS: 2000,
    poolSize: 1,
  };
}
