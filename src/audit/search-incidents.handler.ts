import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { Ledger } from '../ledger/ledger.port.js';
import { type ViewedIncident, type ViewsBeingBuilt, ViewsReader } from '../views/views.port.js';
import type { AuditIncident } from './incident.answer.js';
import { incidentsOf, type IncidentRow } from './incident.reader.js';
import { type Listing, listingOf, ROWS_FOLLOWED_MAX } from './listing.reader.js';
import { SearchIncidents } from './search-incidents.query.js';

/** Answers with incidents that the views find and the ledger shows the evidence of. */
@QueryHandler(SearchIncidents)
export class SearchIncidentsHandler implements IQueryHandler<SearchIncidents> {
  constructor(
    private readonly ledger: Ledger,
    private readonly views: ViewsReader,
  ) {}

  execute({
    filter,
    request,
    isWhole,
  }: SearchIncidents): Promise<Listing<AuditIncident> | ViewsBeingBuilt> {
    return listingOf<ViewedIncident, AuditIncident>(
      { ledger: this.ledger, views: this.views },
      {
        page: (page) => this.views.incidents(filter, page),
        rowsScannedMax: filter.evidence && ROWS_FOLLOWED_MAX,
        positionOf: ({ openedPosition }) => openedPosition,
        itemsOf: (rows) => incidentsOf(this.ledger, rows.map(rowOf)),
      },
      request,
      isWhole,
    );
  }
}

function rowOf({ incidentId, verdict, ...row }: ViewedIncident): IncidentRow {
  return { ...row, id: incidentId, verdict: verdict?.verdict ?? null };
}
