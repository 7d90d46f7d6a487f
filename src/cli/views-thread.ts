import { join } from 'node:path';
import type { Settings } from '../config/settings.js';
import { LedgerError } from '../ledger/ledger.errors.js';
import { tryLock } from '../ledger/sqlite/ledger-locks.js';
import { SqliteViewsShelf } from '../views/sqlite/sqlite-views.shelf.js';
import { type ViewsFault } from '../views/views-store.port.js';
import { ViewsRunner, type ViewsState } from '../views/views.runner.js';
import { type LedgerPlace, ledgerPlaceOf, openLedgerFeed } from './ledger-place.js';

/** Where the ledger and its views are. */
export interface ViewsPlace extends LedgerPlace {
  readonly viewsDirectory: string;
}

/** What a server asks of the thread that follows its ledger. */
export type ViewsOrder = 'wake' | { readonly damaged: number };

/** What that thread says. An error is one that is tried again; a fault has new views built. */
export type ViewsReport =
  | { readonly kind: 'state'; readonly state: ViewsState }
  | { readonly kind: 'failure'; readonly error: unknown; readonly code: string | undefined }
  | { readonly kind: 'first' }
  | { readonly kind: 'fault'; readonly fault: ViewsFault };

/** Something that keeps views at the end of a ledger until it is stopped. */
export interface ViewsFollower {
  wake(): void;
  /** Says that views of this number turned out to be damaged. */
  distrust(number: number): void;
  stop(): Promise<void>;
}

/** Where the views of a data directory are. */
export function viewsPlaceOf(settings: Pick<Settings, 'dataDirectory'> & LedgerPlace): ViewsPlace {
  return { ...ledgerPlaceOf(settings), viewsDirectory: join(settings.dataDirectory, 'views') };
}

/** The databases of views of a data directory, of which one process at a time builds new ones. */
export function viewsShelfOf({ viewsDirectory }: ViewsPlace): SqliteViewsShelf {
  return new SqliteViewsShelf(viewsDirectory, tryLock);
}

/**
 * Follows a ledger on handles of its own, in whatever thread it is called. Throws a LedgerError when
 * there is no ledger to read.
 */
export async function followLedger(
  place: ViewsPlace,
  report: (report: ViewsReport) => void,
): Promise<ViewsFollower> {
  const ledger = await openLedgerFeed(place);
  const runner = new ViewsRunner({
    ledger,
    shelf: viewsShelfOf(place),
    onState: (state) => report({ kind: 'state', state }),
    onFailure: (error) => report(failureOf(error)),
    onFirst: () => report({ kind: 'first' }),
    onFault: (fault) => report({ kind: 'fault', fault }),
  });
  runner.start();
  return {
    wake: () => runner.wake(),
    distrust: (number) => runner.distrust(number),
    stop: async () => {
      await runner.stop();
      await ledger.close();
    },
  };
}

/** What failed, with its code beside it: an error that leaves a thread has lost its class. */
export function failureOf(error: unknown): Extract<ViewsReport, { kind: 'failure' }> {
  return { kind: 'failure', error, code: error instanceof LedgerError ? error.code : undefined };
}
