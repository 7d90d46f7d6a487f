import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import type { Position } from '../domain/identifiers.js';
import { Ledger } from '../ledger/ledger.port.js';
import { ViewsReader, type ViewsBeingBuilt } from '../views/views.port.js';
import { type AuditEvent, auditEventsOf } from './audit-event.answer.js';
import { type Listing, listingOf } from './listing.reader.js';
import { SearchEvents } from './search-events.query.js';

/** Answers with events that the views find and the ledger tells. */
@QueryHandler(SearchEvents)
export class SearchEventsHandler implements IQueryHandler<SearchEvents> {
  constructor(
    private readonly ledger: Ledger,
    private readonly views: ViewsReader,
  ) {}

  execute({
    filter,
    request,
    isWhole,
  }: SearchEvents): Promise<Listing<AuditEvent> | ViewsBeingBuilt> {
    return listingOf<Position, AuditEvent>(
      { ledger: this.ledger, views: this.views },
      {
        page: (page) => this.views.eventPositions(filter, page),
        positionOf: (position) => position,
        itemsOf: async (positions) =>
          auditEventsOf(this.ledger, await this.ledger.eventsAt(positions)),
      },
      request,
      isWhole,
    );
  }
}
