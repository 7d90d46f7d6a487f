import { setImmediate } from 'node:timers/promises';
import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { Ledger, type StreamRow } from '../ledger/ledger.port.js';
import { asOfStreams, newestEvent } from './as-of.answer.js';
import type { AuditIncident, IncidentAnswer, IncidentList } from './incident.answer.js';
import { incidentOf } from './incident.reader.js';
import { FindIncident, ListIncidents } from './list-incidents.query.js';
import { cursorBefore } from './page-cursor.js';
import { searchStreams } from './stream-search.reader.js';

/** After so many incidents the server's other work has its turn. */
const INCIDENTS_AT_ONCE = 25;

/** Answers with a page of incidents. */
@QueryHandler(ListIncidents)
export class ListIncidentsHandler implements IQueryHandler<ListIncidents> {
  constructor(private readonly ledger: Ledger) {}

  async execute({ before, limit, choice }: ListIncidents): Promise<IncidentList> {
    const { kind, searchedMax } = choice;
    const isChosen = ({ state }: StreamRow<'incident'>): boolean => state.kind === kind;
    const newest = await newestEvent(this.ledger);
    const { rows, next } = await searchStreams(this.ledger, 'incident', {
      before,
      limit,
      isChosen: kind === undefined ? undefined : isChosen,
      searchedMax,
    });
    const incidents: AuditIncident[] = [];
    for (const row of rows) {
      incidents.push(await incidentOf(this.ledger, row));
      if (incidents.length % INCIDENTS_AT_ONCE === 0) await setImmediate();
    }
    return {
      asOf: await asOfStreams(this.ledger, newest, rows),
      incidents,
      next: next === null ? null : cursorBefore(next),
    };
  }
}

/** Answers with one incident. */
@QueryHandler(FindIncident)
export class FindIncidentHandler implements IQueryHandler<FindIncident> {
  constructor(private readonly ledger: Ledger) {}

  async execute({ incidentId }: FindIncident): Promise<IncidentAnswer | undefined> {
    const newest = await newestEvent(this.ledger);
    const row = await this.ledger.streamRow('incident', incidentId);
    if (row === undefined) return undefined;
    const asOf = await asOfStreams(this.ledger, newest, [row]);
    return { asOf, incident: await incidentOf(this.ledger, row) };
  }
}
