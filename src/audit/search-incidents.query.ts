import { Query } from '@nestjs/cqrs';
import type { IncidentFilter, ViewsBeingBuilt } from '../views/views.port.js';
import type { AuditIncident } from './incident.answer.js';
import type { Listing, ListingRequest } from './listing.reader.js';

/** Incidents that match, as they were at a moment. `isWhole`: all of them will be read. */
export class SearchIncidents extends Query<Listing<AuditIncident> | ViewsBeingBuilt> {
  constructor(
    readonly filter: IncidentFilter,
    readonly request: ListingRequest,
    readonly isWhole: boolean,
  ) {
    super();
  }
}
