import { setTimeout } from 'node:timers/promises';
import BetterSqlite3 from 'better-sqlite3';
import { DataSource } from 'typeorm';
import { preparePrivateFile } from '../config/private-file.js';
import type { Instant } from '../domain/identifiers.js';
import { AddAddressRanges1763856000000 } from './add-address-ranges.migration.js';
import { AddVerdictNotes1763942400000 } from './add-verdict-notes.migration.js';
import { CreateVault1763683200000 } from './create-vault.migration.js';
import { isBehind, type VaultDatabase } from './vault-database.js';
import { vaultEntities, type VaultTable } from './vault.entities.js';

/** Every schema that this version knows, oldest first. */
const MIGRATIONS = [
  CreateVault1763683200000,
  AddAddressRanges1763856000000,
  AddVerdictNotes1763942400000,
];
/** Milliseconds. */
const RETRY_DELAY = 10;

/** A vault's database in one file. */
class SqliteVaultDatabase implements VaultDatabase {
  constructor(
    readonly source: DataSource,
    readonly name: string,
  ) {}

  /**
   * Overwrites boxes in their place. Where rows are deleted SQLite moves others and leaves copies of
   * them on its pages, which a later erasure would not reach.
   */
  async eraseBoxes(table: VaultTable, column: string, id: string): Promise<void> {
    const statement = `UPDATE ${table} SET sealed = zeroblob(length(sealed)) WHERE ${column} = ?`;
    await this.source.query(statement, [id]);
  }

  /**
   * Until it is checkpointed the write-ahead log still holds the pages as they were: whether that could
   * be done now.
   */
  async settleErasure(): Promise<boolean> {
    const [result] = await this.source.query<{ busy: number }[]>('PRAGMA wal_checkpoint(TRUNCATE)');
    return result?.busy === 0;
  }
}

/**
 * Opens the vault's database, made and brought to this version's schema if need be. `busyTimeout` is
 * how long a statement waits for another process, in milliseconds. Throws a VaultError for a schema
 * of a newer version, and otherwise the file system's or the database's error.
 */
export async function openSqliteVaultDatabase(
  file: string,
  busyTimeout: number,
): Promise<VaultDatabase> {
  preparePrivateFile(file);
  const source = new DataSource({
    type: 'better-sqlite3',
    driver: BetterSqlite3,
    database: file,
    timeout: busyTimeout,
    prepareDatabase: (database: BetterSqlite3.Database) => setPragmas(database, busyTimeout),
    entities: vaultEntities({ text: { type: 'text' }, box: { type: 'blob' } }),
    migrations: MIGRATIONS,
    logging: false,
  });
  await source.initialize();
  try {
    if (await isBehind(source, file)) await migrate(source);
  } catch (error) {
    await source.destroy();
    throw error;
  }
  return new SqliteVaultDatabase(source, file);
}

async function setPragmas(database: BetterSqlite3.Database, busyTimeout: number): Promise<void> {
  try {
    await enterWriteAheadLog(database, Date.now() + busyTimeout);
    database.pragma('synchronous = FULL');
    database.pragma('secure_delete = ON');
    // A file that may not be written is opened for reading without a word: try a write that stays out.
    database.exec('BEGIN IMMEDIATE; PRAGMA user_version = 0; ROLLBACK');
  } catch (error) {
    database.close();
    throw error;
  }
}

/** SQLite's busy timeout does not hold for this: it gives up at once while another process does it. */
async function enterWriteAheadLog(
  database: BetterSqlite3.Database,
  deadline: Instant,
): Promise<void> {
  for (;;) {
    try {
      database.pragma('journal_mode = WAL');
      return;
    } catch (error) {
      const isBusy = (error as NodeJS.ErrnoException).code === 'SQLITE_BUSY';
      if (!isBusy || Date.now() >= deadline) throw error;
      await setTimeout(RETRY_DELAY);
    }
  }
}

/**
 * One write lock around all of it: a process that starts at the same time waits, then finds it done.
 * After an error the caller closes the database, which rolls back.
 */
async function migrate(source: DataSource): Promise<void> {
  await source.query('BEGIN IMMEDIATE');
  await source.runMigrations({ transaction: 'none' });
  await source.query('COMMIT');
}
