import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { preparePrivateFile } from '../../config/private-file.js';
import type { Settings } from '../../config/settings.js';
import { LedgerError } from '../ledger.errors.js';
import { ledgerErrorOf } from './sqlite-errors.js';

/** The file in a data directory that its server holds a lock on. */
export const SERVER_LOCK = 'server.lock';

/** How long an opening waits for another one to end, and how often it looks, in milliseconds. */
const OPENING_TIMEOUT = 10_000;
const OPENING_INTERVAL = 20;

/**
 * Takes the data directory and the ledger file, which may be elsewhere, for this server. The locks are
 * the kernel's, held through open transactions on files of their own, and gone the moment the process
 * is, SIGKILL included. Returns what gives them back.
 *
 * Throws a LedgerError: `ledger_locked` when another server holds one, else what keeps a lock's file
 * from being opened; then neither is held.
 */
export function lockForServer(
  settings: Pick<Settings, 'dataDirectory' | 'ledgerFile'>,
): () => void {
  const { dataDirectory, ledgerFile } = settings;
  const releaseDirectory = lockDataDirectory(dataDirectory);
  try {
    const releaseLedger = lockOrRefuse(
      // Whatever link leads to the ledger, there is one lock.
      `${realpathSync(ledgerFile)}-lock`,
      `another server is running on the ledger ${ledgerFile}; one server owns a ledger`,
    );
    return () => {
      releaseLedger();
      releaseDirectory();
    };
  } catch (error) {
    releaseDirectory();
    throw error;
  }
}

/** Takes only the data directory, of a server whose ledger is elsewhere. Throws like `lockForServer`. */
export function lockDataDirectory(dataDirectory: string): () => void {
  return lockOrRefuse(
    join(dataDirectory, SERVER_LOCK),
    `another server is running on ${dataDirectory}; one server owns a data directory`,
  );
}

/**
 * Opens something in the data directory while nobody else does, so that only one process makes it.
 * Throws a LedgerError `ledger_locked` when another one is at it for more than ten seconds.
 */
export async function openAlone<Opened>(
  dataDirectory: string,
  open: () => Promise<Opened>,
): Promise<Opened> {
  const file = join(dataDirectory, 'opening.lock');
  const deadline = performance.now() + OPENING_TIMEOUT;
  let release = tryLock(file);
  while (release === undefined) {
    if (performance.now() > deadline) {
      throw new LedgerError('ledger_locked', `another process is still opening ${dataDirectory}`);
    }
    await wait(OPENING_INTERVAL);
    release = tryLock(file);
  }
  try {
    return await open();
  } finally {
    release();
  }
}

function lockOrRefuse(file: string, refusal: string): () => void {
  const release = tryLock(file);
  if (release === undefined) throw new LedgerError('ledger_locked', refusal);
  return release;
}

/**
 * Takes the kernel's lock on a file, made if need be; undefined when another has it. Nobody else may
 * read the file: whoever can could hold the lock.
 */
export function tryLock(file: string): (() => void) | undefined {
  let handle: Database.Database | undefined;
  try {
    preparePrivateFile(file);
    handle = new Database(file, { timeout: 0 });
    handle.pragma('locking_mode = EXCLUSIVE');
    // Nothing is written, so no journal is needed: a lock must be had on a full disk too.
    handle.pragma('journal_mode = MEMORY');
    handle.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    handle?.close();
    const failure = ledgerErrorOf(error, file);
    if (failure instanceof LedgerError && failure.code === 'ledger_locked') return undefined;
    throw failure;
  }
  const held = handle;
  return () => {
    held.close();
  };
}
