import { Query } from '@nestjs/cqrs';
import type { EventFilter, ViewsBeingBuilt } from '../views/views.port.js';
import type { StreamId } from '../domain/identifiers.js';
import type { AuditEvent } from './audit-event.answer.js';
import type { Listing, ListingRequest } from './listing.reader.js';

/** Which events are looked for: all that is given must match. */
export interface EventSearch extends EventFilter {
  readonly streamId?: StreamId | undefined;
}

/** Events that match, found through the views. `isWhole`: all of them will be read. */
export class SearchEvents extends Query<Listing<AuditEvent> | ViewsBeingBuilt> {
  constructor(
    readonly search: EventSearch,
    readonly request: ListingRequest,
    readonly isWhole: boolean,
  ) {
    super();
  }
}
