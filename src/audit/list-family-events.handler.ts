import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { streamIdOf } from '../domain/identifiers.js';
import { Ledger } from '../ledger/ledger.port.js';
import { asOfEvent, newestEvent } from './as-of.answer.js';
import { auditEventsOf } from './audit-event.answer.js';
import type { FamilyEventList } from './event-list.answer.js';
import { pageOf } from './list-events.handler.js';
import { ListFamilyEvents } from './list-family-events.query.js';
import { cursorAfter } from './page-cursor.js';

/** Answers with a page of a family's events. */
@QueryHandler(ListFamilyEvents)
export class ListFamilyEventsHandler implements IQueryHandler<ListFamilyEvents> {
  constructor(private readonly ledger: Ledger) {}

  async execute(query: ListFamilyEvents): Promise<FamilyEventList | undefined> {
    const { familyId, after, limit } = query;
    const newest = await newestEvent(this.ledger);
    if ((await this.ledger.load('family', familyId)) === undefined) return undefined;
    const choice = { streamId: streamIdOf('family', familyId), after };
    const { events, next } = await pageOf(this.ledger, choice, limit, newest.position);
    return {
      asOf: asOfEvent(newest),
      events: await auditEventsOf(this.ledger, events),
      next: next === null ? null : cursorAfter(next),
    };
  }
}
