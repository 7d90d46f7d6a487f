import { Controller, Get, Param, Query, Req, Res, type StreamableFile } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOperation } from '../access/api-description.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { ApiList } from '../access/list.documentation.js';
import type { ItemStream } from '../access/item-stream.js';
import type { Moment } from '../access/moment.js';
import { wholeListReply, wholeListTypeOf } from '../access/whole-list.reply.js';
import { type Position, streamIdOf } from '../domain/identifiers.js';
import type { EventFilter } from '../views/views.port.js';
import { ApiNotFound, AuditDoor, found, Unstored } from './audit-door.decorator.js';
import type { AuditEvent } from './audit-event.answer.js';
import { auditEventColumns } from './audit-event.columns.js';
import { idInPath, PAGE_ITEMS } from './audit.parameters.js';
import { type FamilyEventList, familyEventList } from './event-list.answer.js';
import { FindFamily } from './find-family.query.js';
import { StreamEvents } from './list-events.query.js';
import { ListFamilyEvents } from './list-family-events.query.js';
import { familyEventParameters } from './list.parameters.js';
import { built, cursorIn, cursorOf, fixedIn, numberIn, placeIn } from './list-place.js';
import type { Listing } from './listing.reader.js';
import { SearchEvents } from './search-events.query.js';

type Parameters = z.infer<typeof familyEventParameters>;

/** Which part of a family's life is told, and of which moment. */
interface Part {
  readonly id: string;
  readonly moment: Moment;
  readonly after: Position | null;
  readonly limit: number;
}

/** The life of token families, as the auditor sees it. */
@AuditDoor()
@Controller('audit/families')
export class FamilyEventsController {
  constructor(private readonly queries: QueryBus) {}

  /** The whole life of a family, oldest event first, or what is chosen from it. */
  @Get(':id/events')
  @Unstored()
  @ApiOperation({
    summary: 'The whole life of a token family, oldest event first, or what is chosen from it',
    description:
      'A page of at most `limit` events. A page of a filtered list may hold fewer, even none, and ' +
      'still not be the last: go on while `next` is not null.',
  })
  @ApiList(familyEventList, 'events', auditEventColumns)
  @ApiNotFound('family')
  async events(
    @Param({ schema: idInPath }) { id }: z.infer<typeof idInPath>,
    @Query({ schema: familyEventParameters }) asked: Parameters,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<FamilyEventList | StreamableFile> {
    void reply.header('vary', 'accept');
    const parameters = await fixedIn(this.queries, asked);
    const place = await placeIn(this.queries, nameOf(id), parameters);
    const after = place.after === null ? null : numberIn({ after: place.after });
    const type = wholeListTypeOf(request);
    const { limit = type === undefined ? PAGE_ITEMS : Infinity } = parameters;
    const part = { id, moment: place.moment, after, limit };
    if (type === undefined) return this.page(part, parameters);
    return wholeListReply(type, await this.whole(part, parameters), reply, auditEventColumns);
  }

  private async page(part: Part, parameters: Parameters): Promise<FamilyEventList> {
    const { id, moment, after, limit } = part;
    const list = nameOf(id);
    if (isChosenFrom(parameters)) {
      const listing = await this.search(part, parameters, false);
      const { asOf, items } = listing;
      return { asOf, events: [...items], next: cursorOf(list, parameters, moment, listing) };
    }
    const query = new ListFamilyEvents(id, after, limit, moment);
    const { asOf, events, next } = found('family', await this.queries.execute(query));
    const shown = { ...moment, upTo: moment.position };
    const place = next === null ? null : String(next);
    return { asOf, events, next: cursorIn(list, parameters, shown, place) };
  }

  private async whole(part: Part, parameters: Parameters): Promise<ItemStream<AuditEvent>> {
    const { id, moment, after, limit } = part;
    if (isChosenFrom(parameters)) {
      const { asOf, pages } = await this.search(part, parameters, true);
      return { asOf, pages: pages() };
    }
    found('family', await this.queries.execute(new FindFamily(id, moment)));
    const choice = { after, streamId: streamIdOf('family', id) };
    return this.queries.execute(new StreamEvents(choice, limit, moment));
  }

  /** What the views find. */
  private async search(
    { id, moment, after, limit }: Part,
    { type, outcome, reason, address, from, to }: Parameters,
    isWhole: boolean,
  ): Promise<Listing<AuditEvent>> {
    found('family', await this.queries.execute(new FindFamily(id, moment)));
    const streamId = streamIdOf('family', id);
    const filter: EventFilter = { streamId, type, outcome, reason, address };
    const { position: upTo, instant, isAsked } = moment;
    const order = 'oldest_first';
    const request = { order, limit, after, upTo, instant, isAsked, from, to } as const;
    return built(await this.queries.execute(new SearchEvents(filter, request, isWhole)));
  }
}

/** What the cursors of a family's life are told from others by. */
function nameOf(id: string): string {
  return `events of family ${id}`;
}

/** Whether the views have to be asked: the ledger itself tells a family's whole life. */
function isChosenFrom({ type, outcome, reason, address, from, to }: Parameters): boolean {
  return [type, outcome, reason, address, from, to].some((filter) => filter !== undefined);
}
