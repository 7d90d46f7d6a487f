import type { LedgerFeed } from '../ledger/ledger-feed.port.js';
import type { ViewsFault, ViewsOrigin } from './views-store.port.js';

/**
 * Why views do not belong to a ledger, if so: they were made from another one, or this one is an older
 * copy that was restored, and may even have gone on differently since.
 */
export async function faultOf(
  { log, newest }: ViewsOrigin,
  ledger: LedgerFeed,
): Promise<ViewsFault | undefined> {
  const { origin, epoch } = await ledger.log();
  if (log.origin !== origin || log.epoch !== epoch) return 'other_ledger';
  if (newest === null) return undefined;
  const before = newest.position === 0 ? null : newest.position - 1;
  const [fed] = await ledger.feed(before, 1);
  if (fed === undefined) return 'ahead_of_ledger';
  return fed.event.id === newest.id ? undefined : 'other_history';
}
