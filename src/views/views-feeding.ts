import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LedgerFeed } from '../ledger/ledger-feed.port.js';
import { EventOwners } from './event-owners.js';
import { changesOf } from './views.projection.js';
import type { ViewsStore } from './views-store.port.js';

/** What one batch came to. */
export type Feeding = 'caught_up' | 'more' | 'overtaken';

/** Feeds events of the ledger to views, batch by batch; only a batch is in memory. */
export class ViewsFeeding {
  private readonly owners: EventOwners;

  constructor(
    private readonly ledger: LedgerFeed,
    private readonly store: ViewsStore,
    /** In events; no more than a feed answers with at once. */
    private readonly batchMax: number,
  ) {
    this.owners = new EventOwners((position) => store.ownersAt(position));
  }

  /**
   * Applies the next batch in one transaction. `overtaken`: somebody else has applied it; what comes
   * next is read anew.
   */
  async feed(): Promise<Feeding> {
    const after = this.store.origin().newest?.position ?? null;
    const batch = await this.ledger.feed(after, this.batchMax);
    const changes = changesOf(after, batch, this.owners);
    if (changes !== undefined && !this.store.apply(changes)) return 'overtaken';
    await nextTurn();
    return batch.length < this.batchMax ? 'caught_up' : 'more';
  }
}
