import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { preparePrivateFile } from '../../config/private-file.js';
import type { LogIdentity } from '../../ledger/ledger-feed.port.js';
import type { ViewChanges } from '../view-changes.js';
import type { ViewsBuild } from '../views-store.port.js';
import { PendingCounts } from './pending-counts.js';
import { SqliteViewsStore } from './sqlite-views.store.js';
import {
  ADDRESS_INDEX,
  VIEWS_INDEXES,
  VIEWS_SCHEMA_VERSION,
  VIEWS_TABLES,
} from './views-schema.js';
import { makeDurable } from './views-files.js';

/** What a build does with its files at its end. */
export interface BuildEnds {
  /** Puts the views in place of the ones before. */
  readonly publish: () => void;
  readonly discard: () => void;
  /** Lets others build. */
  readonly release: () => void;
}

/**
 * Views that are being filled: without a journal and without waiting for the disk, as whatever stops
 * that leaves a file that nobody looks at. All of it is made durable before they are published.
 */
export class SqliteViewsBuild extends SqliteViewsStore implements ViewsBuild {
  private indexes = 0;
  private readonly counts = new PendingCounts();

  private constructor(
    handle: Database.Database,
    readonly number: number,
    private readonly file: string,
    private readonly ends: BuildEnds,
  ) {
    super(handle);
  }

  /** Begins views of a log in a new file. */
  static begin(file: string, number: number, log: LogIdentity, ends: BuildEnds): SqliteViewsBuild {
    preparePrivateFile(file);
    const handle = new Database(file);
    try {
      handle.pragma('locking_mode = EXCLUSIVE');
      handle.pragma('journal_mode = OFF');
      handle.pragma('synchronous = OFF');
      handle.pragma('secure_delete = ON');
      handle.pragma('cache_size = -64000');
      for (const statement of [...VIEWS_TABLES, ADDRESS_INDEX]) handle.exec(statement);
      handle
        .prepare('INSERT INTO progress (singleton, log_origin, log_epoch) VALUES (1, ?, ?)')
        .run(log.origin, log.epoch);
      return new SqliteViewsBuild(handle, number, file, ends);
    } catch (error) {
      handle.close();
      throw error;
    }
  }

  index(): boolean {
    super.addCounts(this.counts.take());
    const statement = VIEWS_INDEXES[this.indexes];
    if (statement !== undefined) {
      this.handle.exec(statement);
      this.indexes += 1;
      return false;
    }
    this.eraseBulk();
    return true;
  }

  private eraseBulk(): void {
    let page = this.statements.erasures.all(-1);
    while (page.length > 0) {
      this.erase(page);
      page = this.statements.erasures.all(page.at(-1)?.position ?? 0);
    }
  }

  publish(): void {
    this.handle.pragma(`user_version = ${VIEWS_SCHEMA_VERSION}`);
    this.handle.pragma('locking_mode = NORMAL');
    this.handle.pragma('journal_mode = WAL');
    this.handle.close();
    makeDurable(this.file);
    makeDurable(dirname(this.file));
    this.ends.publish();
    this.ends.release();
  }

  discard(): void {
    this.handle.close();
    this.ends.discard();
    this.ends.release();
  }

  /** Those of the bulk are summed first: each batch has some of nearly every client. */
  protected override addCounts(counts: Pick<ViewChanges, 'clientHealth' | 'activity'>): void {
    this.counts.add(counts);
    if (this.isIndexed || this.counts.isFull) super.addCounts(this.counts.take());
  }

  private get isIndexed(): boolean {
    return this.indexes === VIEWS_INDEXES.length;
  }

  /** Without its index an erasure would read everything: those of the bulk wait for it. */
  protected override erase(erasures: ViewChanges['erasures']): void {
    if (this.isIndexed) super.erase(erasures);
  }
}
