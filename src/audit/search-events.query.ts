import { Query } from '@nestjs/cqrs';
import type { EventFilter, ViewsBeingBuilt } from '../views/views.port.js';
import type { AuditEvent } from './audit-event.answer.js';
import type { Listing, ListingRequest } from './listing.reader.js';

/** Events that match, found through the views. `isWhole`: all of them will be read. */
export class SearchEvents extends Query<Listing<AuditEvent> | ViewsBeingBuilt> {
  constructor(
    readonly filter: EventFilter,
    readonly request: ListingRequest,
    readonly isWhole: boolean,
  ) {
    super();
  }
}
