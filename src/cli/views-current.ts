import { readCurrentViews } from '../views/sqlite/current-views.js';
import type { NewestEvent } from '../views/view-changes.js';
import { faultOf } from '../views/views-faults.js';
import type { ViewsFault } from '../views/views-store.port.js';
import { NO_VIEWS, type ViewsState } from '../views/views.runner.js';
import { openLedgerFeed } from './ledger-place.js';
import type { ViewsPlace } from './views-thread.js';

/** How the views of a data directory stand beside their ledger. */
export interface ViewsStanding {
  /** The number of the views that count; undefined when they cannot be used. */
  readonly number: number | undefined;
  readonly newest: NewestEvent | null;
  /** How many events the ledger has. */
  readonly ledgerEvents: number;
  /** Why they cannot be used and will be built anew. */
  readonly fault: ViewsFault | undefined;
}

/** Compares the views with their ledger. Throws a LedgerError when that cannot be read. */
export async function standingOf(place: ViewsPlace): Promise<ViewsStanding> {
  const ledger = await openLedgerFeed(place);
  try {
    const current = readCurrentViews(place.viewsDirectory);
    const fault = typeof current === 'string' ? current : await faultOf(current.origin, ledger);
    const ledgerEvents = await ledger.size();
    if (typeof current === 'string' || fault !== undefined) {
      return { number: undefined, newest: null, ledgerEvents, fault };
    }
    const { number, origin } = current;
    return { number, newest: origin.newest, ledgerEvents, fault };
  } finally {
    await ledger.close();
  }
}

/** What a process may ask that has no runner: the views that count now, if they can be used. */
export async function currentViewsState(place: ViewsPlace): Promise<ViewsState> {
  const { number, newest } = await standingOf(place);
  return number === undefined ? NO_VIEWS : { serving: number, newest, rebuild: null };
}
