import { Controller, Get, Param, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOperation, ApiResponse } from '@nestjs/swagger';
import type { z } from 'zod';
import { ApiNotFound, AuditDoor, found, Unstored } from './audit-door.decorator.js';
import { idInPath, incidentParameters, noParameters, PAGE_ITEMS } from './audit.parameters.js';
import {
  type IncidentAnswer,
  incidentAnswer,
  type IncidentList,
  incidentList,
} from './incident.answer.js';
import { FindIncident, ListIncidents } from './list-incidents.query.js';

/** Incidents, as the auditor sees them. */
@AuditDoor()
@Controller('audit/incidents')
export class IncidentsController {
  constructor(private readonly queries: QueryBus) {}

  /** Suspicious presentations, newest first. */
  @Get()
  @Unstored()
  @ApiOperation({ summary: 'Suspicious presentations with their evidence, newest first' })
  @ApiResponse({ status: 200, description: 'A page of incidents.', standardSchema: incidentList })
  list(
    @Query({ schema: incidentParameters })
    { cursor, limit = PAGE_ITEMS }: z.infer<typeof incidentParameters>,
  ): Promise<IncidentList> {
    return this.queries.execute(new ListIncidents(cursor ?? null, limit));
  }

  /** One incident. */
  @Get(':id')
  @Unstored()
  @ApiOperation({ summary: 'One incident with its evidence' })
  @ApiResponse({ status: 200, description: 'The incident.', standardSchema: incidentAnswer })
  @ApiNotFound('incident')
  async find(
    @Param({ schema: idInPath }) { id }: z.infer<typeof idInPath>,
    @Query({ schema: noParameters }) _none: object,
  ): Promise<IncidentAnswer> {
    return found('incident', await this.queries.execute(new FindIncident(id)));
  }
}
