import { Query } from '@nestjs/cqrs';
import type { StreamId } from '../domain/identifiers.js';
import type { IncidentAnswer, IncidentList } from './incident.answer.js';

/** A page of incidents, newest first. */
export class ListIncidents extends Query<IncidentList> {
  constructor(
    /** The last incident of the page before; null: begin with the newest. */
    readonly before: StreamId | null,
    readonly limit: number,
  ) {
    super();
  }
}

/** One incident with its evidence; undefined when there is no such incident. */
export class FindIncident extends Query<IncidentAnswer | undefined> {
  constructor(readonly incidentId: string) {
    super();
  }
}
