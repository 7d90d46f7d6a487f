import type { LogIdentity } from '../../ledger/ledger-feed.port.js';
import type { ViewsBuild, ViewsFault, ViewsShelf, ViewsStore } from '../views-store.port.js';
import { SqliteViewsBuild } from './sqlite-views.build.js';
import { SqliteViewsStore } from './sqlite-views.store.js';
import { ViewsFiles } from './views-files.js';
import { isUnread, openViews } from './views-handle.js';

/** A page that many batches write is copied into the file once for all of them: a log of 16 MB. */
const WAL_PAGES = 4000;

/** Takes the kernel's lock on a file, made if need be; undefined while another has it. */
export type TryLock = (file: string) => (() => void) | undefined;

/** The databases of views in one directory. */
export class SqliteViewsShelf implements ViewsShelf {
  private readonly files: ViewsFiles;
  /** A number is never used twice, even if somebody removed the directory meanwhile. */
  private numberMax = 0;

  constructor(
    directory: string,
    private readonly tryLock: TryLock,
  ) {
    this.files = new ViewsFiles(directory);
    this.files.prepare();
  }

  current(): number | undefined {
    const number = this.files.current();
    this.numberMax = Math.max(this.numberMax, number ?? 0);
    return number;
  }

  open(number: number): ViewsStore | ViewsFault {
    return openViews(this.files.file(number), 'write', (handle) => {
      handle.pragma('journal_mode = WAL');
      // Views are disposable: a power failure may cost the newest batches, and their progress too.
      handle.pragma('synchronous = NORMAL');
      handle.pragma('secure_delete = ON');
      handle.pragma(`wal_autocheckpoint = ${WAL_PAGES}`);
      return new SqliteViewsStore(handle);
    });
  }

  build(log: LogIdentity): ViewsBuild | undefined {
    this.files.prepare();
    const release = this.tryLock(this.files.lockFile);
    if (release === undefined) return undefined;
    try {
      this.sweep();
      const number = Math.max(this.numberMax, this.current() ?? 0, ...this.files.numbers()) + 1;
      this.numberMax = number;
      return SqliteViewsBuild.begin(this.files.file(number), number, log, {
        publish: () => this.files.makeCurrent(number),
        discard: () => this.discard(number),
        release,
      });
    } catch (error) {
      release();
      throw error;
    }
  }

  clean(): void {
    const release = this.tryLock(this.files.lockFile);
    if (release === undefined) return;
    try {
      this.sweep();
    } finally {
      release();
    }
  }

  /**
   * Removes what views held before they were changed: whether no file of others is left, and nothing
   * older in the current ones. False while others read or build: to be tried again.
   */
  settle(): boolean {
    this.clean();
    const current = this.current();
    if (current === undefined || this.files.numbers().some((number) => number !== current)) {
      return false;
    }
    const views = this.open(current);
    if (typeof views === 'string') return false;
    try {
      return views.settle();
    } finally {
      views.close();
    }
  }

  private discard(number: number): void {
    if (number !== this.current()) this.files.remove(number);
  }

  /** To be called under the lock: what is not current then is old, or was left by a killed build. */
  private sweep(): void {
    const current = this.current();
    for (const number of this.files.numbers()) {
      if (number !== current && isUnread(this.files.file(number))) this.files.remove(number);
    }
  }
}
