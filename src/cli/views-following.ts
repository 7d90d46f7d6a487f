import type { SqliteViewsReader } from '../views/sqlite/sqlite-views.reader.js';
import type { ViewsFault } from '../views/views-store.port.js';
import { BackgroundPart, type BackgroundThread } from './background-thread.js';
import { failureOf, type ViewsPlace, type ViewsReport } from './views-thread.js';

/** Commits of so long a time are told to the thread together, in milliseconds. */
const WAKE_INTERVAL = 100;

/** Whom a server's views tell what goes wrong. Neither stops the server. */
export interface ViewsListener {
  /** Tried again; the views are late meanwhile. */
  readonly onFailure: (error: unknown, code: string | undefined) => void;
  /** The first views are built. */
  readonly onFirst: () => void;
  /** Views that cannot be used are built anew. */
  readonly onFault: (fault: ViewsFault) => void;
}

/**
 * Keeps the views of a server at the end of its ledger, on the thread beside it: requests never wait for
 * them.
 */
export class ViewsFollowing {
  private readonly part: BackgroundPart<'views'>;
  private waking: NodeJS.Timeout | undefined;

  constructor(
    thread: BackgroundThread,
    place: ViewsPlace,
    private readonly reader: SqliteViewsReader,
    private readonly listener: ViewsListener,
  ) {
    const onReport = (report: ViewsReport): void => this.receive(report);
    // The views that serve go on to, as old as they are.
    const onFailure = (error: unknown): void => this.receive(failureOf(error));
    this.part = new BackgroundPart(thread, 'views', place, onReport, onFailure);
  }

  /** Begins; returns at once, also where views have to be built first. */
  start(): void {
    this.reader.whenDamaged((damaged) => this.part.tell({ damaged }));
    this.part.start();
  }

  /** Says that the ledger has grown; to be called after each commit. */
  wake(): void {
    if (this.waking !== undefined) return;
    this.waking = setTimeout(() => {
      this.waking = undefined;
      this.part.tell('wake');
    }, WAKE_INTERVAL).unref();
  }

  /** Finishes the batch that is being applied, and lets go of everything. */
  async stop(): Promise<void> {
    clearTimeout(this.waking);
    // Only who writes can leave the write-ahead log empty, and only as the last one.
    this.reader.close();
    await this.part.stop();
  }

  private receive(report: ViewsReport): void {
    if (report.kind === 'state') this.reader.follow(report.state);
    else if (report.kind === 'first') this.listener.onFirst();
    else if (report.kind === 'fault') this.listener.onFault(report.fault);
    else this.listener.onFailure(report.error, report.code);
  }
}
