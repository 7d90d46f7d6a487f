import { Controller, Get, Param, Query, Req, Res, type StreamableFile } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOperation, ApiResponse } from '../access/api-description.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { IncidentFilter } from '../views/views.port.js';
import { ApiNotFound, AuditDoor, found, Unstored } from './audit-door.decorator.js';
import { auditIncidentColumns } from './audit-incident.columns.js';
import { idInPath, momentParameters, PAGE_ITEMS } from './audit.parameters.js';
import { type IncidentList, incidentList } from './incident.answer.js';
import { type IncidentAnswer, incidentAnswer } from './investigation.answer.js';
import { FindIncident } from './list-incidents.query.js';
import { ApiList } from '../access/list.documentation.js';
import { incidentParameters } from './list.parameters.js';
import { built, cursorOf, fixedIn, momentAsked, requestOf } from './list-place.js';
import { SearchIncidents } from './search-incidents.query.js';
import { wholeListReply, wholeListTypeOf } from '../access/whole-list.reply.js';

type Parameters = z.infer<typeof incidentParameters>;

/** Incidents, as the auditor sees them. */
@AuditDoor()
@Controller('audit/incidents')
export class IncidentsController {
  constructor(private readonly queries: QueryBus) {}

  /** Suspicious presentations, newest first. */
  @Get()
  @Unstored()
  @ApiOperation({
    summary: 'Suspicious presentations with their evidence, newest first',
    description:
      'A page of at most `limit`; a page of a filtered list may hold fewer, even none, and still not ' +
      'be the last: go on while `next` is not null. `type`, `outcome` and `reason` are those of the ' +
      '`evidence`.',
  })
  @ApiList(incidentList, 'incidents', auditIncidentColumns)
  async list(
    @Query({ schema: incidentParameters }) asked: Parameters,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<IncidentList | StreamableFile> {
    void reply.header('vary', 'accept');
    const parameters = await fixedIn(this.queries, asked);
    const type = wholeListTypeOf(request);
    const limit = type === undefined ? PAGE_ITEMS : Infinity;
    const place = await requestOf(this.queries, 'incidents', parameters, {
      order: 'newest_first',
      limit,
    });
    const search = new SearchIncidents(filterOf(parameters), place, type !== undefined);
    const listing = built(await this.queries.execute(search));
    const { asOf, items, pages } = listing;
    if (type !== undefined) {
      return wholeListReply(type, { asOf, pages: pages() }, reply, auditIncidentColumns);
    }
    return { asOf, incidents: [...items], next: cursorOf('incidents', parameters, place, listing) };
  }

  /** One incident. */
  @Get(':id')
  @Unstored()
  @ApiOperation({
    summary: 'One incident with its evidence',
    description:
      'What was presented, by whom and from where, beside who held the token; the likely cause with ' +
      'its evidence; and what the other party may have reached.',
  })
  @ApiResponse({ status: 200, description: 'The incident.', standardSchema: incidentAnswer })
  @ApiNotFound('incident')
  async find(
    @Param({ schema: idInPath }) { id }: z.infer<typeof idInPath>,
    @Query({ schema: momentParameters }) parameters: z.infer<typeof momentParameters>,
  ): Promise<IncidentAnswer> {
    const moment = await momentAsked(this.queries, parameters);
    return found('incident', await this.queries.execute(new FindIncident(id, moment)));
  }
}

function filterOf(parameters: Parameters): IncidentFilter {
  const { family, subject, client, kind, address, verdict, type, outcome, reason } = parameters;
  const isOfEvidence = type !== undefined || outcome !== undefined || reason !== undefined;
  return {
    familyId: family,
    subject,
    clientId: client,
    kind,
    address,
    verdict: verdict === 'none' ? null : verdict,
    evidence: isOfEvidence ? { type, outcome, reason } : undefined,
  };
}
