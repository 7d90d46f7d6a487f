import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { Ledger } from '../ledger/ledger.port.js';
import { ViewsReader, type ViewedEvent, type ViewsBeingBuilt } from '../views/views.port.js';
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
    return listingOf<ViewedEvent, AuditEvent>(
      { ledger: this.ledger, views: this.views },
      {
        page: (page) => this.views.events(filter, page),
        positionOf: ({ position }) => position,
        itemsOf: async (rows) => {
          const positions = rows.map(({ position }) => position);
          return auditEventsOf(this.ledger, await this.ledger.eventsAt(positions));
        },
      },
      request,
      isWhole,
    );
  }
}
