import { Controller, Get, Param, Query, Req, Res, type StreamableFile } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOperation, ApiResponse } from '../access/api-description.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { FamilyFilter } from '../views/views.port.js';
import { ApiNotFound, AuditDoor, found, Unstored } from './audit-door.decorator.js';
import { idInPath, momentParameters, PAGE_ITEMS } from './audit.parameters.js';
import { type FamilyAnswer, familyAnswer } from './family.answer.js';
import { FindFamily } from './find-family.query.js';
import { FindLineage } from './find-lineage.query.js';
import { type LineageAnswer, lineageAnswer } from './lineage.answer.js';
import { ApiList } from '../access/list.documentation.js';
import { familyParameters, lineageParameters } from './list.parameters.js';
import {
  built,
  cursorIn,
  cursorOf,
  fixedIn,
  momentAsked,
  numberIn,
  placeIn,
  requestOf,
} from './list-place.js';
import { listedFamilyColumns } from './listed-family.columns.js';
import { type FamilyPage, familyPage } from './listed-family.answer.js';
import { SearchFamilies } from './search-families.query.js';
import { wholeListReply, wholeListTypeOf } from '../access/whole-list.reply.js';

type Id = z.infer<typeof idInPath>;
type Parameters = z.infer<typeof familyParameters>;

/** Generations of a lineage that are told unless more are asked for. */
const GENERATIONS = 100;

/** Token families, as the auditor sees them. */
@AuditDoor()
@Controller('audit/families')
export class FamiliesController {
  constructor(private readonly queries: QueryBus) {}

  /** Token families by when they were granted. */
  @Get()
  @Unstored()
  @ApiOperation({
    summary: 'Token families, newest first',
    description:
      'A page of at most `limit`; a page of a filtered list may hold fewer, even none, and still not ' +
      'be the last: go on while `next` is not null. `from` and `to` are about the grant.',
  })
  @ApiList(familyPage, 'families', listedFamilyColumns)
  async list(
    @Query({ schema: familyParameters }) asked: Parameters,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<FamilyPage | StreamableFile> {
    void reply.header('vary', 'accept');
    const parameters = await fixedIn(this.queries, asked);
    const type = wholeListTypeOf(request);
    const limit = type === undefined ? PAGE_ITEMS : Infinity;
    const place = await requestOf(this.queries, 'families', parameters, {
      order: 'newest_first',
      limit,
    });
    const { blocked } = parameters;
    const isBlocked = blocked === undefined ? undefined : blocked === 'true';
    const search = new SearchFamilies(filterOf(parameters), place, type !== undefined, isBlocked);
    const listing = built(await this.queries.execute(search));
    const { asOf, items, pages } = listing;
    if (type !== undefined) {
      return wholeListReply(type, { asOf, pages: pages() }, reply, listedFamilyColumns);
    }
    return { asOf, families: [...items], next: cursorOf('families', parameters, place, listing) };
  }

  /** What is known about a family, as it stands or stood. */
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
    @Query({ schema: momentParameters }) parameters: z.infer<typeof momentParameters>,
  ): Promise<FamilyAnswer> {
    const moment = await momentAsked(this.queries, parameters);
    return found('family', await this.queries.execute(new FindFamily(id, moment)));
  }

  /** All refresh and access tokens that descend from the grant. */
  @Get(':id/lineage')
  @Unstored()
  @ApiOperation({
    summary: 'All tokens that descend from one grant',
    description:
      'At most `limit` generations: the newest, and older ones on the pages that `next` leads to. ' +
      'Grant, detection and end stand on each. Any other list that is longer than `limit` has the ' +
      'newest, and how many are left out: the timeline has all.',
  })
  @ApiResponse({ status: 200, description: 'The lineage.', standardSchema: lineageAnswer })
  @ApiNotFound('family')
  async lineage(
    @Param({ schema: idInPath }) { id }: Id,
    @Query({ schema: lineageParameters }) parameters: z.infer<typeof lineageParameters>,
  ): Promise<LineageAnswer> {
    const { limit = GENERATIONS } = parameters;
    const list = `lineage of ${id}`;
    const { moment, after } = await placeIn(this.queries, list, parameters);
    const span = { limit, before: after === null ? undefined : numberIn({ after }) };
    const query = new FindLineage(id, moment, span);
    const { before, ...answer } = found('family', await this.queries.execute(query));
    const shown = { ...moment, upTo: moment.position };
    return { ...answer, next: cursorIn(list, parameters, shown, before) };
  }
}

function filterOf({
  family,
  client,
  subject,
  session,
  status,
  reason,
  incident,
  type,
  outcome,
  address,
}: Parameters): FamilyFilter {
  const isOfEvent = type !== undefined || outcome !== undefined || address !== undefined;
  return {
    familyId: family,
    clientId: client,
    subject,
    sessionId: session,
    status: status === 'revoked' ? 'ended' : status,
    endReason: reason,
    hasIncident: incident === undefined ? undefined : incident === 'true',
    event: isOfEvent ? { type, outcome, address } : undefined,
  };
}
