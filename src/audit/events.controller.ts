import { Controller, Get, Query, Req, Res, type StreamableFile } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOperation } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { AuditDoor, Unstored } from './audit-door.decorator.js';
import { eventParameters, PAGE_ITEMS } from './audit.parameters.js';
import { type EventList, eventList } from './event-list.answer.js';
import { ApiEvents } from './event-list.documentation.js';
import { ListEvents, StreamEvents } from './list-events.query.js';
import { ndjsonReply, wantsNdjson } from './ndjson.reply.js';

/** The ledger itself, event by event. */
@AuditDoor()
@Controller('audit/events')
export class EventsController {
  constructor(private readonly queries: QueryBus) {}

  /** The ledger in order of position. */
  @Get()
  @Unstored()
  @ApiOperation({
    summary: 'The ledger in order of position',
    description:
      'A page of at most `limit` events. A page of a filtered list may hold fewer, even none, and ' +
      'still not be the last: go on while `next` is not null. To follow the ledger, go on later ' +
      'after `asOf.position`.',
  })
  @ApiEvents(eventList)
  async list(
    @Query({ schema: eventParameters }) parameters: z.infer<typeof eventParameters>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<EventList | StreamableFile> {
    const { after = null, limit, type, stream: streamId } = parameters;
    const choice = { after, type, streamId };
    void reply.header('vary', 'accept');
    if (!wantsNdjson(request)) {
      return this.queries.execute(new ListEvents(choice, limit ?? PAGE_ITEMS));
    }
    return ndjsonReply(await this.queries.execute(new StreamEvents(choice, limit)), reply);
  }
}
