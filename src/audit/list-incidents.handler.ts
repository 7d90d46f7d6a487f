import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { Ledger, type StreamRow } from '../ledger/ledger.port.js';
import { VerdictNotes } from '../vault/verdict-notes.port.js';
import { asOfStreams, newestEvent, asOfMoment } from './as-of.answer.js';
import type { IncidentList } from './incident.answer.js';
import { incidentOf, type IncidentRow, incidentRowOf, incidentsOf } from './incident.reader.js';
import type { IncidentAnswer } from './investigation.answer.js';
import { investigationOf } from './investigation.reader.js';
import { FindIncident, ListIncidents } from './list-incidents.query.js';
import { cursorBefore } from '../access/page-cursor.js';
import { streamRowAt } from './stream-history.reader.js';
import { searchStreams } from './stream-search.reader.js';

/** Answers with a page of incidents. */
@QueryHandler(ListIncidents)
export class ListIncidentsHandler implements IQueryHandler<ListIncidents> {
  constructor(private readonly ledger: Ledger) {}

  async execute({ before, limit, choice }: ListIncidents): Promise<IncidentList> {
    const { searchedMax, ...wanted } = choice;
    const isAny = Object.values(wanted).every((one) => one === undefined);
    const isChosen = ({ state }: StreamRow<'incident'>): boolean =>
      (wanted.kind === undefined || state.kind === wanted.kind) &&
      (wanted.familyId === undefined || state.familyId === wanted.familyId) &&
      (wanted.clientId === undefined || state.clientId === wanted.clientId) &&
      (wanted.subject === undefined || state.subject === wanted.subject);
    const newest = await newestEvent(this.ledger);
    const { rows, next } = await searchStreams(this.ledger, 'incident', {
      before,
      limit,
      isChosen: isAny ? undefined : isChosen,
      searchedMax,
    });
    const found: IncidentRow[] = [];
    for (const row of rows) found.push(await incidentRowOf(this.ledger, row));
    return {
      asOf: await asOfStreams(this.ledger, newest, rows),
      incidents: await incidentsOf(this.ledger, found),
      next: next === null ? null : cursorBefore(next),
    };
  }
}

/** Answers with one incident. */
@QueryHandler(FindIncident)
export class FindIncidentHandler implements IQueryHandler<FindIncident> {
  constructor(
    private readonly ledger: Ledger,
    private readonly notes: VerdictNotes,
  ) {}

  async execute({ incidentId, moment }: FindIncident): Promise<IncidentAnswer | undefined> {
    const newest = await newestEvent(this.ledger);
    const row =
      moment === undefined
        ? await this.ledger.streamRow('incident', incidentId)
        : await streamRowAt(this.ledger, 'incident', incidentId, moment.position);
    if (row === undefined) return undefined;
    const asOf =
      moment === undefined ? await asOfStreams(this.ledger, newest, [row]) : asOfMoment(moment);
    const incident = await incidentOf(this.ledger, row);
    const investigation = await investigationOf(this.ledger, incident, asOf.position);
    return { asOf, incident, note: await this.noteOf(row), investigation };
  }

  private async noteOf({ state }: StreamRow<'incident'>): Promise<IncidentAnswer['note']> {
    const { noteId: id } = state;
    return id === undefined ? null : { id, text: (await this.notes.note(id)) ?? null };
  }
}
