import type { DataSourceOptions } from 'typeorm';
import type { Settings } from '../config/settings.js';
import { CreateLedger1763683200000 } from './migrations/1763683200000-create-ledger.js';
import { AddSeals1763769600000 } from './migrations/1763769600000-add-seals.js';

/** Every migration of the ledger, oldest first. A database that names another is newer than we are. */
export const LEDGER_MIGRATIONS = [CreateLedger1763683200000, AddSeals1763769600000] as const;

/** How TypeORM reaches the ledger: for migrations only; the hot path has a handle of its own. */
export function ledgerDataSourceOptions(settings: Pick<Settings, 'ledgerFile'>): DataSourceOptions {
  return {
    type: 'better-sqlite3',
    database: settings.ledgerFile,
    migrations: [...LEDGER_MIGRATIONS],
    migrationsTableName: 'migrations',
    migrationsTransactionMode: 'each',
    enableWAL: true,
  };
}
