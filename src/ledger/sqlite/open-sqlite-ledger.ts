import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { DataSource } from 'typeorm';
import type { Settings } from '../../config/settings.js';
import type { Instant } from '../../domain/identifiers.js';
import { LEDGER_MIGRATIONS, ledgerDataSourceOptions } from '../connection-options.js';
import { LedgerError } from '../ledger.errors.js';
import { lockDataDirectory } from './server-lock.js';
import { ledgerErrorOf } from './sqlite-errors.js';
import { type LedgerObserver, SqliteLedger } from './sqlite-ledger.js';
import { WalCheckpointer } from './wal-checkpointer.js';

/** Where a ledger is and who opens it. */
export interface OpenSqliteLedger {
  readonly settings: Pick<Settings, 'dataDirectory' | 'ledgerFile'>;
  /** A server owns the data directory; the command line shares it with a server that runs. */
  readonly role: 'server' | 'command_line';
  readonly clock?: () => Instant;
  readonly observer?: LedgerObserver;
}

/** How long a commit waits for another process's commit, in milliseconds. */
const BUSY_TIMEOUT = 2000;

/**
 * Opens the ledger, made and migrated if need be.
 *
 * Throws a LedgerError: `ledger_locked` (another server), `schema_newer`, `ledger_corrupted`,
 * `read_only`, `disk_full`, `ledger_unavailable`; then nothing is left open.
 */
export async function openSqliteLedger(options: OpenSqliteLedger): Promise<SqliteLedger> {
  const { dataDirectory, ledgerFile } = options.settings;
  const opened: { release(): void }[] = [];
  try {
    mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
    mkdirSync(dirname(ledgerFile), { recursive: true, mode: 0o700 });
    if (options.role === 'server') opened.push(lockDataDirectory(dataDirectory));
    await migrate(options.settings);
    const handle = openHandle(ledgerFile);
    opened.push({ release: () => handle.close() });
    return ledgerOn(handle, options, opened[0] as { release(): void });
  } catch (error) {
    for (const resource of opened.toReversed()) resource.release();
    throw ledgerErrorOf(error, ledgerFile);
  }
}

function ledgerOn(
  handle: Database.Database,
  options: OpenSqliteLedger,
  lock: { release(): void },
): SqliteLedger {
  const file = options.settings.ledgerFile;
  const isServer = options.role === 'server';
  const checkpointer = isServer ? new WalCheckpointer(handle, file) : undefined;
  return new SqliteLedger(handle, {
    file,
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    ...(options.observer === undefined ? {} : { observer: options.observer }),
    ...(checkpointer === undefined ? {} : { afterCommit: () => checkpointer.afterCommit() }),
    onClose: async () => {
      await checkpointer?.close();
    },
    onClosed: () => {
      if (isServer) lock.release();
    },
  });
}

function openHandle(file: string): Database.Database {
  const handle = new Database(file, { timeout: BUSY_TIMEOUT, fileMustExist: true });
  handle.pragma('journal_mode = WAL');
  handle.pragma('synchronous = FULL');
  handle.pragma('wal_autocheckpoint = 0');
  handle.pragma('secure_delete = ON');
  handle.pragma('foreign_keys = ON');
  handle.pragma('cache_size = -32000');
  return handle;
}

async function migrate(settings: Pick<Settings, 'ledgerFile'>): Promise<void> {
  const source = new DataSource(ledgerDataSourceOptions(settings));
  await source.initialize();
  try {
    await refuseNewerSchema(source, settings.ledgerFile);
    await source.runMigrations();
  } finally {
    await source.destroy();
  }
}

async function refuseNewerSchema(source: DataSource, file: string): Promise<void> {
  const tables: { name: string }[] = await source.query(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'migrations'",
  );
  if (tables.length === 0) return;
  const applied: { name: string }[] = await source.query('SELECT name FROM migrations');
  const known = new Set<string>(LEDGER_MIGRATIONS.map((migration) => migration.name));
  const unknown = applied.find(({ name }) => !known.has(name));
  if (unknown !== undefined) {
    throw new LedgerError(
      'schema_newer',
      `${file} was written by a newer version (${unknown.name}); start that version instead`,
    );
  }
}
