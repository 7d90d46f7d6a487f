import { Controller, Get, Param, Query, Req, Res, type StreamableFile } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOperation, ApiResponse } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { streamIdOf } from '../domain/identifiers.js';
import { ApiNotFound, AuditDoor, found, Unstored } from './audit-door.decorator.js';
import { familyEventParameters, idInPath, noParameters, PAGE_ITEMS } from './audit.parameters.js';
import { type FamilyEventList, familyEventList } from './event-list.answer.js';
import { ApiEvents } from './event-list.documentation.js';
import { type FamilyAnswer, familyAnswer } from './family.answer.js';
import { FindFamily } from './find-family.query.js';
import { StreamEvents } from './list-events.query.js';
import { ListFamilyEvents } from './list-family-events.query.js';
import { ndjsonReply, wantsNdjson } from './ndjson.reply.js';

type Id = z.infer<typeof idInPath>;

/** Token families, as the auditor sees them. */
@AuditDoor()
@Controller('audit/families')
export class FamiliesController {
  constructor(private readonly queries: QueryBus) {}

  /** What is known about a family, as it stands now. */
  @Get(':id')
  @Unstored()
  @ApiOperation({
    summary: 'What is known about a token family',
    description: 'Whose it is stands there as a subject; the profile is never shown.',
  })
  @ApiResponse({ status: 200, description: 'The family.', standardSchema: familyAnswer })
  @ApiNotFound('family')
  async find(
    @Param({ schema: idInPath }) { id }: Id,
    @Query({ schema: noParameters }) _none: object,
  ): Promise<FamilyAnswer> {
    return found('family', await this.queries.execute(new FindFamily(id)));
  }

  /** The whole life of a family, oldest event first. */
  @Get(':id/events')
  @Unstored()
  @ApiOperation({ summary: 'The whole life of a token family, oldest event first' })
  @ApiEvents(familyEventList)
  @ApiNotFound('family')
  async events(
    @Param({ schema: idInPath }) { id }: Id,
    @Query({ schema: familyEventParameters }) parameters: z.infer<typeof familyEventParameters>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<FamilyEventList | StreamableFile> {
    const { cursor: after = null, limit } = parameters;
    void reply.header('vary', 'accept');
    if (!wantsNdjson(request)) {
      const list = new ListFamilyEvents(id, after, limit ?? PAGE_ITEMS);
      return found('family', await this.queries.execute(list));
    }
    found('family', await this.queries.execute(new FindFamily(id)));
    const choice = { after, streamId: streamIdOf('family', id) };
    return ndjsonReply(await this.queries.execute(new StreamEvents(choice, limit)), reply);
  }
}
