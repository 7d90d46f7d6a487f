import { Controller, Get, Query, Req, Res, type StreamableFile } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOperation } from '../access/api-description.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { parameterProblem } from '../access/wrong-parameter.js';
import type { ViewsBeingBuilt } from '../views/views.port.js';
import { AuditDoor, Unstored } from './audit-door.decorator.js';
import type { AuditEvent } from './audit-event.answer.js';
import { auditEventColumns } from './audit-event.columns.js';
import { PAGE_ITEMS } from './audit.parameters.js';
import { type EventList, eventList } from './event-list.answer.js';
import type { ItemStream } from '../access/item-stream.js';
import type { Moment } from '../access/moment.js';
import { ApiList } from '../access/list.documentation.js';
import { type EventChoice, ListEvents, StreamEvents } from './list-events.query.js';
import { eventParameters } from './list.parameters.js';
import { built, cursorIn, cursorOf, fixedIn, numberIn, placeIn, requestOf } from './list-place.js';
import type { Listing } from './listing.reader.js';
import { SearchEvents } from './search-events.query.js';
import { wholeListReply, wholeListTypeOf } from '../access/whole-list.reply.js';

type Parameters = z.infer<typeof eventParameters>;

/** Only the views know these of an event. */
const OF_VIEWS = [
  'family',
  'subject',
  'client',
  'type',
  'outcome',
  'reason',
  'address',
  'incident',
  'order',
  'from',
  'to',
  'at',
] as const satisfies readonly (keyof Parameters)[];

/** The ledger itself, event by event. */
@AuditDoor()
@Controller('audit/events')
export class EventsController {
  constructor(private readonly queries: QueryBus) {}

  /** The ledger in order of position, or what is chosen from it. */
  @Get()
  @Unstored()
  @ApiOperation({
    summary: 'The ledger in order of position, or what is chosen from it',
    description:
      'A page of at most `limit` events. A page of a filtered list may hold fewer, even none, and ' +
      'still not be the last: go on while `cursor` or `next` is not null. `cursor` shows the state ' +
      'of the first page to the end; to follow the ledger, go on later after `asOf.position`.',
  })
  @ApiList(eventList, 'events', auditEventColumns)
  async list(
    @Query({ schema: eventParameters }) asked: Parameters,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<EventList | StreamableFile> {
    void reply.header('vary', 'accept');
    if (asked.after !== undefined && asked.cursor !== undefined) {
      throw parameterProblem('after', 'does not go with cursor');
    }
    const parameters = await fixedIn(this.queries, asked);
    const type = wholeListTypeOf(request);
    if (type === undefined) return this.page(parameters);
    return wholeListReply(type, await this.whole(parameters), reply, auditEventColumns);
  }

  private async page(parameters: Parameters): Promise<EventList> {
    if (isOfLedger(parameters)) return this.ledgerPage(parameters);
    const request = await this.requestOf(parameters, PAGE_ITEMS);
    const found = await this.search(parameters, request, false);
    if (found.kind === 'being_built' && isOfLedger(parameters, 'type')) {
      return this.ledgerPage(parameters);
    }
    const listing = built(found);
    const { asOf, items, next } = listing;
    return {
      asOf,
      events: [...items],
      next: parameters.order === 'newest_first' ? null : next,
      cursor: cursorOf('events', sharedOf(parameters), request, listing),
    };
  }

  private async ledgerPage(parameters: Parameters): Promise<EventList> {
    const { choice, moment } = await this.ledgerPartOf(parameters);
    const query = new ListEvents(choice, parameters.limit ?? PAGE_ITEMS, moment);
    const { asOf, events, next } = await this.queries.execute(query);
    const shown = { ...moment, upTo: moment.position };
    const place = next === null ? null : String(next);
    return { asOf, events, next, cursor: cursorIn('events', sharedOf(parameters), shown, place) };
  }

  private async whole(parameters: Parameters): Promise<ItemStream<AuditEvent>> {
    if (isOfLedger(parameters)) return this.wholeLedger(parameters);
    const request = await this.requestOf(parameters, Infinity);
    const found = await this.search(parameters, request, true);
    if (found.kind === 'being_built' && isOfLedger(parameters, 'type')) {
      return this.wholeLedger(parameters);
    }
    const { asOf, pages } = built(found);
    return { asOf, pages: pages() };
  }

  private async wholeLedger(parameters: Parameters): Promise<ItemStream<AuditEvent>> {
    const { choice, moment } = await this.ledgerPartOf(parameters);
    return this.queries.execute(new StreamEvents(choice, parameters.limit, moment));
  }

  /** Which events of the ledger are told, and up to which: those of the first page's state. */
  private async ledgerPartOf(
    parameters: Parameters,
  ): Promise<{ readonly choice: EventChoice; readonly moment: Moment }> {
    const { stream: streamId, type } = parameters;
    const place = await placeIn(this.queries, 'events', sharedOf(parameters));
    const after = place.after === null ? parameters.after : numberIn({ after: place.after });
    return { choice: { after: after ?? null, streamId, type }, moment: place.moment };
  }

  private async requestOf(parameters: Parameters, limit: number) {
    const { after, order } = parameters;
    if (after !== undefined && order === 'newest_first') {
      throw parameterProblem('after', 'goes with the oldest first');
    }
    const defaults = { order: 'oldest_first', limit } as const;
    const request = await requestOf(this.queries, 'events', sharedOf(parameters), defaults);
    return after === undefined ? request : { ...request, after };
  }

  private search(
    parameters: Parameters,
    request: SearchEvents['request'],
    isWhole: boolean,
  ): Promise<Listing<AuditEvent> | ViewsBeingBuilt> {
    const { family, subject, client, stream, incident } = parameters;
    const { type, outcome, reason, address } = parameters;
    const search = {
      familyId: family,
      subject,
      clientId: client,
      streamId: stream,
      incidentId: incident,
      type,
      outcome,
      reason,
      address,
    };
    return this.queries.execute(new SearchEvents(search, request, isWhole));
  }
}

/** What all pages are asked with: a cursor has its place in itself, wherever the first page began. */
function sharedOf(parameters: Parameters): Parameters {
  return { ...parameters, after: undefined };
}

/**
 * The ledger itself answers what its own order answers: nothing of it is late. Beside that it can look
 * for a type, if more slowly than the views.
 */
function isOfLedger(parameters: Parameters, beside?: 'type'): boolean {
  return OF_VIEWS.every((name) => name === beside || parameters[name] === undefined);
}
