import { Query } from '@nestjs/cqrs';
import type { StreamId } from '../domain/identifiers.js';
import type { AuditIncident, IncidentList } from './incident.answer.js';
import type { IncidentAnswer } from './investigation.answer.js';
import type { Moment } from '../access/moment.js';

/** Which incidents are asked for, and how far they are looked for. */
export interface IncidentChoice {
  readonly kind?: AuditIncident['kind'] | undefined;
  readonly familyId?: string | undefined;
  readonly clientId?: string | undefined;
  readonly subject?: string | undefined;
  /** So many incidents are looked at before the search stops. */
  readonly searchedMax: number;
}

/**
 * A page of incidents, newest first. Where it looks for some of them, a page may hold fewer than asked
 * for and still not be the last one: `next` says.
 */
export class ListIncidents extends Query<IncidentList> {
  constructor(
    /** The last incident of the page before; null: begin with the newest. */
    readonly before: StreamId | null,
    readonly limit: number,
    readonly choice: IncidentChoice = { searchedMax: Infinity },
  ) {
    super();
  }
}

/**
 * One incident with its evidence, as it stood at a moment, or stands now; undefined when there is no
 * such incident.
 */
export class FindIncident extends Query<IncidentAnswer | undefined> {
  constructor(
    readonly incidentId: string,
    readonly moment?: Moment,
  ) {
    super();
  }
}
