import type { Position } from '../domain/identifiers.js';
import type { FedEvent, LedgerFeed, LogIdentity } from '../ledger/ledger-feed.port.js';

/** A ledger as it was when the event at a position was its newest, for whoever follows it. */
export class FeedUpTo implements LedgerFeed {
  constructor(
    private readonly ledger: LedgerFeed,
    private readonly upTo: Position,
  ) {}

  log(): Promise<LogIdentity> {
    return this.ledger.log();
  }

  async size(): Promise<Position> {
    return this.upTo + 1;
  }

  async feed(after: Position | null, limit: number): Promise<readonly FedEvent[]> {
    const left = this.upTo - (after ?? -1);
    return left <= 0 ? [] : this.ledger.feed(after, Math.min(limit, left));
  }
}
