import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Ledger } from '../../src/ledger/ledger.port.js';
import { openLedgerHandle } from '../../src/ledger/sqlite/ledger-handle.js';
import {
  type OpenSqliteLedger,
  openSqliteLedger,
} from '../../src/ledger/sqlite/open-sqlite-ledger.js';
import { openSqliteSource } from '../../src/ledger/sqlite/sqlite-ledger.source.js';
import type { LedgerObserver } from '../../src/ledger/ledger-observer.js';
import { SqliteLedger } from '../../src/ledger/sqlite/sqlite-ledger.js';
import { expectSourceIntact, type LedgerStore, settableClock } from './ledger-store.js';

/** A throw-away ledger on SQLite: where it is, besides what every store has. */
export interface SqliteLedgerStore extends LedgerStore {
  readonly directory: string;
  readonly file: string;
  readonly settings: OpenSqliteLedger['settings'];
}

/** Makes a directory for a ledger below the system's directory for temporary files. */
export function makeLedgerDirectory(): Omit<SqliteLedgerStore, keyof LedgerStore> {
  const directory = mkdtempSync(join(tmpdir(), 'token-ledger-ledger-'));
  const file = join(directory, 'ledger.sqlite');
  return { directory, file, settings: { dataDirectory: directory, ledgerFile: file } };
}

/** Opens an empty throw-away ledger on SQLite as a server does. */
export async function openSqliteStore(
  options: Partial<OpenSqliteLedger> = {},
): Promise<SqliteLedgerStore> {
  const place = makeLedgerDirectory();
  const clock = settableClock();
  const { settings } = place;
  const ledger = await openSqliteLedger({ settings, role: 'server', clock, ...options });
  const opened: Ledger[] = [ledger];
  return {
    ...place,
    ledger,
    clock,
    openAnother: async () => {
      const another = await openSqliteLedger({ settings, role: 'command_line', clock });
      opened.push(another);
      return another;
    },
    setEpoch: async (epoch) => {
      onDatabase(place.file, (database) => {
        const name = 'logs_refuse_update';
        const trigger = database
          .prepare<[string], string>('SELECT sql FROM sqlite_master WHERE name = ?')
          .pluck()
          .get(name);
        database.exec(`DROP TRIGGER ${name}`);
        database.prepare('UPDATE logs SET epoch = ?').run(epoch);
        database.exec(trigger ?? '');
      });
    },
    expectIntact: () => expectLedgerIntact(place.file),
    remove: async () => {
      for (const one of opened) await one.close();
      rmSync(place.directory, { recursive: true, force: true });
    },
  };
}

/** A throw-away ledger on a handle that the test holds too: to watch its statements, or to fill it. */
export interface HandledLedgerStore extends SqliteLedgerStore {
  readonly ledger: SqliteLedger;
  readonly handle: Database.Database;
}

/** Opens an empty throw-away ledger on a handle of the test's, set up as a server's is. */
export async function openHandledStore(
  options: { verbose?: (statement: unknown) => void; observer?: LedgerObserver } = {},
): Promise<HandledLedgerStore> {
  const store = await openSqliteStore();
  await store.ledger.close();
  const { verbose, observer } = options;
  const handle = openLedgerHandle(store.file, verbose === undefined ? {} : { verbose });
  const ledger = new SqliteLedger(handle, { file: store.file, clock: store.clock, observer });
  return {
    ...store,
    handle,
    ledger,
    remove: async () => {
      await ledger.close();
      await store.remove();
    },
  };
}

/** Fails the test unless a verification of the ledger in this file finds nothing. */
export async function expectLedgerIntact(file: string): Promise<void> {
  await expectSourceIntact(openSqliteSource(file));
}

/** Works on a ledger's database directly, past the ledger. */
export function onDatabase<Result>(
  file: string,
  work: (database: Database.Database) => Result,
): Result {
  const database = new Database(file, { fileMustExist: true });
  try {
    return work(database);
  } finally {
    database.close();
  }
}
