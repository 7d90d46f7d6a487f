import type Database from 'better-sqlite3';
import { DataSource } from 'typeorm';
import { preparePrivateFile } from '../../config/private-file.js';
import type { Settings } from '../../config/settings.js';
import type { Instant } from '../../domain/identifiers.js';
import { LEDGER_MIGRATIONS, ledgerDataSourceOptions } from '../connection-options.js';
import { makeDataDirectory } from '../data-directory.js';
import { LedgerError } from '../ledger.errors.js';
import type { LedgerObserver } from '../ledger-observer.js';
import { lockForServer, openAlone } from './ledger-locks.js';
import { openLedgerHandle } from './ledger-handle.js';
import { appliedMigrations } from './ledger-schema.js';
import { ledgerErrorOf } from './sqlite-errors.js';
import { SqliteLedger } from './sqlite-ledger.js';
import { WalCheckpointer } from './wal-checkpointer.js';

/** Where a ledger is and who opens it. */
export interface OpenSqliteLedger {
  readonly settings: Pick<Settings, 'dataDirectory' | 'ledgerFile'>;
  /** A server owns data directory and ledger; the command line shares them with one that runs. */
  readonly role: 'server' | 'command_line';
  readonly clock?: () => Instant;
  readonly observer?: LedgerObserver;
}

/** The command line has more time than a server's clients, in milliseconds. */
const COMMAND_LINE_PATIENCE = 30_000;
/** Where no server's checkpointer runs, SQLite moves the write-ahead log after so many pages. */
const PAGES_BETWEEN_CHECKPOINTS = 1000;

/**
 * Opens the ledger, made and migrated if need be.
 *
 * Throws a LedgerError: `ledger_locked` (another server, or another process holds the file),
 * `schema_newer`, `ledger_corrupted`, `read_only`, `disk_full`, `ledger_unavailable`; then nothing is
 * left open.
 */
export async function openSqliteLedger(options: OpenSqliteLedger): Promise<SqliteLedger> {
  const { dataDirectory, ledgerFile } = options.settings;
  const opened: (() => void)[] = [];
  try {
    makeDataDirectory(dataDirectory);
    preparePrivateFile(ledgerFile);
    if (options.role === 'server') opened.push(lockForServer(options.settings));
    const handle = await openAlone(dataDirectory, () => openMigrated(options.settings));
    opened.push(() => handle.close());
    return ledgerOn(handle, options, opened[0]);
  } catch (error) {
    for (const release of opened.toReversed()) release();
    throw ledgerErrorOf(error, ledgerFile);
  }
}

function ledgerOn(
  handle: Database.Database,
  { settings, role, clock, observer }: OpenSqliteLedger,
  unlock: (() => void) | undefined,
): SqliteLedger {
  const file = settings.ledgerFile;
  if (role === 'command_line') {
    handle.pragma(`wal_autocheckpoint = ${PAGES_BETWEEN_CHECKPOINTS}`);
    const lockPatience = COMMAND_LINE_PATIENCE;
    return new SqliteLedger(handle, { file, clock, observer, lockPatience });
  }
  const checkpointer = new WalCheckpointer(handle, file, (error) => {
    const failure = ledgerErrorOf(error, file);
    observer?.failed?.(failure instanceof LedgerError ? failure.code : 'ledger_unavailable', error);
  });
  return new SqliteLedger(handle, {
    file,
    clock,
    observer,
    afterCommit: (events) => checkpointer.afterCommit(events),
    onClose: () => checkpointer.close(),
    onClosed: unlock,
  });
}

async function openMigrated(settings: Pick<Settings, 'ledgerFile'>): Promise<Database.Database> {
  const handle = openLedgerHandle(settings.ledgerFile);
  try {
    const applied = appliedMigrations(handle, settings.ledgerFile);
    if (applied.length < LEDGER_MIGRATIONS.length) await migrate(settings);
    return handle;
  } catch (error) {
    handle.close();
    throw error;
  }
}

async function migrate(settings: Pick<Settings, 'ledgerFile'>): Promise<void> {
  const source = new DataSource(ledgerDataSourceOptions(settings));
  await source.initialize();
  try {
    await source.runMigrations();
  } finally {
    await source.destroy();
  }
}
