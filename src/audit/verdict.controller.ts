import { Controller, HttpCode, Param, Post, Req } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiBody, ApiOperation, ApiResponse } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ActiveAccessToken } from '../access/access-token-status.js';
import { actorOf } from '../access/administration-record.service.js';
import { Bearer } from '../access/bearer.guard.js';
import { jsonBodyOf } from '../access/json-body.js';
import { strictParameters } from '../access/ledger-parameters.js';
import { ApiProblem, OperatorDoor, Unstored } from '../access/operator-door.decorator.js';
import { requestContextOf } from '../access/request-context.js';
import { incidentEvents } from '../domain/events/directory.events.js';
import { ApiNotFound, found } from './audit-door.decorator.js';
import { idInPath } from './audit.parameters.js';
import { GiveVerdict } from './give-verdict.command.js';
import { type IncidentAnswer, incidentAnswer } from './investigation.answer.js';
import { FindIncident } from './list-incidents.query.js';
import { problemOfBody } from './list-place.js';

const verdicts = incidentEvents.IncidentVerdictGiven.shape.verdict.options;

const verdictBody = strictParameters({
  verdict: z.enum(verdicts, `must be one of ${verdicts.join(', ')}`),
});

/** What operators judge incidents to be. */
@OperatorDoor({ scope: 'admin', tag: 'Audit', security: 'admin' })
@Controller('audit/incidents')
export class VerdictController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  /** Judges an incident. */
  @Post(':id/verdict')
  @HttpCode(200)
  @Unstored()
  @ApiOperation({
    summary: 'Judge an incident',
    description:
      'Needs the scope `admin`. The newest verdict counts; who gave it stands in the ledger.',
  })
  @ApiBody({
    required: true,
    schema: {
      type: 'object',
      required: ['verdict'],
      properties: { verdict: { type: 'string', enum: [...verdicts] } },
      example: { verdict: 'theft' },
    },
  })
  @ApiResponse({ status: 200, description: 'The incident.', standardSchema: incidentAnswer })
  @ApiProblem(400, 'Bad Request', `verdict must be one of ${verdicts.join(', ')}`, 'verdict')
  @ApiNotFound('incident')
  async judge(
    @Param({ schema: idInPath }) { id }: z.infer<typeof idInPath>,
    @Req() request: FastifyRequest,
    @Bearer() bearer: ActiveAccessToken,
  ): Promise<IncidentAnswer> {
    const parsed = verdictBody.safeParse(jsonBodyOf(request));
    if (!parsed.success) throw problemOfBody(parsed.error);
    const { correlationId, origin } = requestContextOf(request);
    const attribution = { actor: actorOf(bearer), correlationId, origin };
    const command = new GiveVerdict(id, parsed.data.verdict, attribution);
    const outcome = await this.commands.execute(command);
    return found(
      'incident',
      outcome === 'no_such_incident' ? undefined : await this.queries.execute(new FindIncident(id)),
    );
  }
}
