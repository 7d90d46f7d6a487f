import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { streamIdOf } from '../domain/identifiers.js';
import { Ledger } from '../ledger/ledger.port.js';
import { asOfEvent, newestEvent, asOfMoment } from './as-of.answer.js';
import { auditEventsOf } from './audit-event.answer.js';
import type { FamilyEventList } from './event-list.answer.js';
import { firstEventOf } from './first-event.reader.js';
import { ViewsReader } from '../views/views.port.js';
import { pageOf } from './list-events.handler.js';
import { ListFamilyEvents } from './list-family-events.query.js';
import { type Moment } from '../access/moment.js';
import { cursorAfter } from '../access/page-cursor.js';

/** Answers with a page of a family's events. */
@QueryHandler(ListFamilyEvents)
export class ListFamilyEventsHandler implements IQueryHandler<ListFamilyEvents> {
  constructor(
    private readonly ledger: Ledger,
    private readonly views: ViewsReader,
  ) {}

  async execute(query: ListFamilyEvents): Promise<FamilyEventList | undefined> {
    const { familyId, after, limit, moment } = query;
    const newest = await newestEvent(this.ledger);
    const upTo = moment?.position ?? newest.position;
    const hadBegun = await this.hadBegun(familyId, moment);
    if (!hadBegun) return undefined;
    const choice = { streamId: streamIdOf('family', familyId), after };
    const { ledger, views } = this;
    const { events, next } = await pageOf({ ledger, views }, choice, limit, upTo);
    return {
      asOf: moment === undefined ? asOfEvent(newest) : asOfMoment(moment),
      events: await auditEventsOf(this.ledger, events),
      next: next === null ? null : cursorAfter(next),
    };
  }

  private async hadBegun(familyId: string, moment: Moment | undefined): Promise<boolean> {
    const family = await this.ledger.load('family', familyId);
    if (family === undefined || moment === undefined) return family !== undefined;
    const { ledger, views } = this;
    const first = await firstEventOf({ ledger, views }, familyId, family.grantedAt);
    return first !== undefined && first.position <= moment.position;
  }
}
