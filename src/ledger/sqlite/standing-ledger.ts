import type Database from 'better-sqlite3';
import type { Settings } from '../../config/settings.js';
import type { Position } from '../../domain/identifiers.js';
import { LEDGER_MIGRATIONS } from '../connection-options.js';
import { LedgerUnavailable } from '../ledger.errors.js';
import type { StandingLedger } from '../transfer/standing-ledger.port.js';
import { openLedgerHandle } from './ledger-handle.js';
import { lockForServer } from './ledger-locks.js';
import { appliedMigrations } from './ledger-schema.js';
import { ORIGIN_IS_KEPT } from './ledger-statements.js';
import { ledgerErrorOf } from './sqlite-errors.js';
import { openSqliteSource } from './sqlite-ledger.source.js';

/** How long a command that writes may take to be done, in milliseconds. */
const WRITER_PATIENCE = 10_000;

/**
 * Holds a ledger as it is: no server can start on it or on its data directory, and no command writes.
 * Nothing is written. The kernel lets go of it however this process ends.
 *
 * Throws a LedgerError: `ledger_locked` when a server runs on it, `ledger_unavailable` when an older
 * version wrote it, else what keeps it from being opened; then nothing is held.
 */
export function holdLedger(
  settings: Pick<Settings, 'dataDirectory' | 'ledgerFile'>,
): StandingLedger {
  const { ledgerFile } = settings;
  const opened: (() => void)[] = [];
  const letGo = (): void => {
    for (const release of opened.splice(0).toReversed()) release();
  };
  try {
    opened.push(lockForServer(settings));
    const handle = openLedgerHandle(ledgerFile);
    opened.push(() => handle.close());
    refuseOlder(handle, ledgerFile);
    handle.pragma(`busy_timeout = ${WRITER_PATIENCE}`);
    handle.exec('BEGIN IMMEDIATE');
    return standingOn(handle, ledgerFile, letGo);
  } catch (error) {
    letGo();
    throw ledgerErrorOf(error, ledgerFile);
  }
}

function standingOn(handle: Database.Database, file: string, letGo: () => void): StandingLedger {
  const source = openSqliteSource(file);
  const version = handle.prepare<[], number>('SELECT version FROM directory_version').pluck();
  const origins = handle
    .prepare<[number, number], Position>(
      `SELECT position FROM origins WHERE position > ? AND ${ORIGIN_IS_KEPT}
       ORDER BY position LIMIT ?`,
    )
    .pluck();
  return {
    source,
    directoryVersion: () => version.get() ?? 0,
    originPositions: (after, limit) => origins.all(after, limit),
    close: async () => {
      await source.close();
      letGo();
    },
  };
}

function refuseOlder(handle: Database.Database, file: string): void {
  if (appliedMigrations(handle, file).length === LEDGER_MIGRATIONS.length) return;
  throw new LedgerUnavailable(
    'ledger_unavailable',
    `${file} was written by an older version: start the server of this version on it once`,
  );
}
