import { closeSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { viewsPlaceOf, viewsShelfOf } from '../../src/cli/views-thread.js';
import type { RecordedEvent } from '../../src/domain/envelope.js';
import type { Ledger } from '../../src/ledger/ledger.port.js';
import {
  openSqliteLedgerReader,
  type SqliteLedgerReader,
} from '../../src/ledger/sqlite/sqlite-ledger.reader.js';
import { SqliteViewsReader } from '../../src/views/sqlite/sqlite-views.reader.js';
import type { SqliteViewsShelf } from '../../src/views/sqlite/sqlite-views.shelf.js';
import { ViewsFeeding } from '../../src/views/views-feeding.js';
import { rebuildViews } from '../../src/views/views-rebuild.js';
import type { ViewsStore } from '../../src/views/views-store.port.js';
import { onDatabase, openSqliteStore, type SqliteLedgerStore } from './ledger-sqlite.js';

/** A throw-away ledger with a place for views beside it. */
export interface ViewsStage extends SqliteLedgerStore {
  readonly feed: SqliteLedgerReader;
  readonly shelf: SqliteViewsShelf;
  readonly viewsDirectory: string;
  /** Builds views from the whole ledger and puts them in place; answers with their number. */
  rebuild(): Promise<number>;
  /** Opens views to be written; they must be usable. Closed with the stage. */
  open(number: number): ViewsStore;
  /** Asks the current views. Closed with the stage. */
  reader(): SqliteViewsReader;
  /** Where the views of a number are. */
  fileOf(number: number): string;
}

/** Opens an empty one. */
export async function openViewsStage(): Promise<ViewsStage> {
  const store = await openSqliteStore();
  const place = viewsPlaceOf(store.settings);
  const { viewsDirectory } = place;
  const feed = openSqliteLedgerReader(store.file);
  const shelf = viewsShelfOf(place);
  const opened: { close(): void }[] = [feed];
  return {
    ...store,
    feed,
    shelf,
    viewsDirectory,
    rebuild: async () => {
      const outcome = await rebuildViews(feed, shelf);
      if (outcome.kind !== 'rebuilt') throw new Error(outcome.kind);
      return outcome.number;
    },
    open: (number) => {
      const views = shelf.open(number);
      if (typeof views === 'string') throw new Error(views);
      opened.push(views);
      return views;
    },
    reader: () => {
      const reader = new SqliteViewsReader(viewsDirectory);
      reader.follow({ serving: shelf.current(), newest: null, rebuild: null });
      opened.push(reader);
      return reader;
    },
    fileOf: (number) => join(viewsDirectory, `${number}.sqlite`),
    remove: async () => {
      for (const one of opened) one.close();
      await store.remove();
    },
  };
}

/** Applies to views all that the ledger has. */
export async function catchUp(feed: SqliteLedgerReader, views: ViewsStore): Promise<void> {
  const feeding = new ViewsFeeding(feed, views, 256);
  while ((await feeding.feed()) !== 'caught_up');
}

/** Every row of every table, with addresses in place of their numbers, which are chosen freely. */
export function rowsOfViews(file: string): Record<string, unknown[]> {
  const database = new Database(file, { readonly: true });
  const all = (sql: string): unknown[] => database.prepare(sql).all();
  try {
    return {
      progress: all('SELECT * FROM progress'),
      audit_events: all(`SELECT e.*, NULL AS address_id, address FROM audit_events e
        LEFT JOIN addresses USING (address_id) ORDER BY position`),
      addresses: all("SELECT address FROM addresses WHERE trim(address) <> '' ORDER BY address"),
      families: all('SELECT * FROM families ORDER BY created_position'),
      incidents: all('SELECT * FROM incidents ORDER BY opened_position'),
      client_health: all('SELECT * FROM client_health ORDER BY client_id, hour, measure'),
      activity: all('SELECT * FROM activity ORDER BY client_id, hour, type'),
    };
  } finally {
    database.close();
  }
}

/** Overwrites where a table and its indexes begin: views stay open, and only who asks it finds out. */
export function damageTable(file: string, table: string): void {
  const pages = onDatabase(file, (database) => {
    const size = Number(database.pragma('page_size', { simple: true }));
    return database
      .prepare<[string], number>('SELECT rootpage FROM sqlite_schema WHERE tbl_name = ?')
      .pluck()
      .all(table)
      .map((page) => ({ size, offset: (page - 1) * size }));
  });
  const descriptor = openSync(file, 'r+');
  for (const { size, offset } of pages)
    writeSync(descriptor, Buffer.alloc(size, 255), 0, size, offset);
  closeSync(descriptor);
}

/** All bytes of all files of views. */
export function bytesOfViews(directory: string): string {
  return readdirSync(directory)
    .map((name) => readFileSync(join(directory, name), 'latin1'))
    .join('\n');
}

/** Every event of a ledger. */
export async function eventsOf(ledger: Ledger): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  let after: number | null = null;
  do {
    const page: Awaited<ReturnType<Ledger['eventsAfter']>> = await ledger.eventsAfter(after, 1000);
    events.push(...page.events);
    after = page.next;
  } while (after !== null);
  return events;
}

/** Removes the origins of these events from the ledger, as an erasure does. */
export function eraseOrigins(file: string, positions: readonly number[]): void {
  onDatabase(file, (database) => {
    const erase = database.prepare('DELETE FROM origins WHERE position = ?');
    for (const position of positions) erase.run(position);
  });
}
