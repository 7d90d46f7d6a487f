import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { streamIdOf } from '../domain/identifiers.js';
import { Ledger } from '../ledger/ledger.port.js';
import { asOfMoment } from './as-of.answer.js';
import { auditEventsOf } from './audit-event.answer.js';
import { firstEventOf } from './first-event.reader.js';
import { ViewsReader } from '../views/views.port.js';
import { pageOf } from './list-events.handler.js';
import type { EventsUpTo } from './list-events.query.js';
import { ListFamilyEvents } from './list-family-events.query.js';
import type { Moment } from '../access/moment.js';

/** Answers with a page of a family's events. */
@QueryHandler(ListFamilyEvents)
export class ListFamilyEventsHandler implements IQueryHandler<ListFamilyEvents> {
  constructor(
    private readonly ledger: Ledger,
    private readonly views: ViewsReader,
  ) {}

  async execute({
    familyId,
    after,
    limit,
    moment,
  }: ListFamilyEvents): Promise<EventsUpTo | undefined> {
    if (!(await this.hadBegun(familyId, moment))) return undefined;
    const choice = { streamId: streamIdOf('family', familyId), after };
    const { ledger, views } = this;
    const { events, next } = await pageOf({ ledger, views }, choice, limit, moment.position);
    return { asOf: asOfMoment(moment), events: await auditEventsOf(ledger, events), next };
  }

  private async hadBegun(familyId: string, { position }: Moment): Promise<boolean> {
    const { ledger, views } = this;
    const family = await ledger.streamRow('family', familyId);
    if (family === undefined) return false;
    if (family.lastPosition <= position) return true;
    const first = await firstEventOf({ ledger, views }, familyId, family.state.grantedAt);
    return first !== undefined && first.position <= position;
  }
}
