import type { Ledger } from '../ledger/ledger.port.js';
import type { ViewsReader } from '../views/views.port.js';

/** How many events are in the views that answer; none where none do. */
export async function viewsEvents(views: ViewsReader): Promise<number> {
  return ((await views.progress()).position ?? -1) + 1;
}

/** How many events of the ledger are not in the views that answer; all of them where none do. */
export async function viewsLagEvents(ledger: Ledger, views: ViewsReader): Promise<number> {
  return Math.max(0, (await ledger.size()) - (await viewsEvents(views)));
}

/** For how long the oldest of those events has been in the ledger, in seconds; 0 when there is none. */
export async function viewsLagSeconds(ledger: Ledger, views: ViewsReader): Promise<number> {
  const { position } = await views.progress();
  const { events } = await ledger.eventsAfter(position, 1);
  const waitingSince = events[0]?.appendedAt;
  return waitingSince === undefined ? 0 : Math.max(0, Date.now() - waitingSince) / 1000;
}
