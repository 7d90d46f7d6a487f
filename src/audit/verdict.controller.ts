import { Controller, HttpCode, Param, Post, Req } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiBody, ApiOperation, ApiResponse } from '../access/api-description.js';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ActiveAccessToken } from '../access/access-token-status.js';
import { actorOf } from '../access/administration-record.service.js';
import { Bearer } from '../access/bearer.guard.js';
import { jsonBodyOf, problemOfBody } from '../access/json-body.js';
import { strictParameters } from '../access/ledger-parameters.js';
import { ApiProblem, OperatorDoor, Unstored } from '../access/operator-door.decorator.js';
import { Problem } from '../access/problem-details.js';
import { requestContextOf } from '../access/request-context.js';
import { incidentEvents } from '../domain/events/directory.events.js';
import { ApiNotFound, found } from './audit-door.decorator.js';
import { idInPath } from './audit.parameters.js';
import { GiveVerdict, NOTE_CHARACTERS_MAX } from './give-verdict.command.js';
import { type IncidentAnswer, incidentAnswer } from './investigation.answer.js';
import { FindIncident } from './list-incidents.query.js';

const verdicts = incidentEvents.IncidentVerdictGiven.shape.verdict.options;

const SUBJECT_ERASED = 'The account was erased: no note about it can be kept.';

const verdictBody = strictParameters({
  verdict: z.enum(verdicts, `must be one of ${verdicts.join(', ')}`),
  note: z
    .string('must be a text')
    .max(NOTE_CHARACTERS_MAX, `must have at most ${NOTE_CHARACTERS_MAX} characters`)
    .refine((text) => text.trim() !== '', 'is empty')
    .optional(),
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
      'Needs the scope `admin`. The newest verdict counts; who gave it stands in the ledger. A note is ' +
      'kept outside of it, shown with the incident, and erased with the account that it is about.',
  })
  @ApiBody({
    required: true,
    schema: {
      type: 'object',
      required: ['verdict'],
      properties: {
        verdict: { type: 'string', enum: [...verdicts] },
        note: { type: 'string', minLength: 1, maxLength: NOTE_CHARACTERS_MAX },
      },
      example: { verdict: 'theft', note: 'The phone was at home, the owner abroad.' },
    },
  })
  @ApiResponse({ status: 200, description: 'The incident.', standardSchema: incidentAnswer })
  @ApiProblem(400, 'Bad Request', `verdict must be one of ${verdicts.join(', ')}`, 'verdict')
  @ApiNotFound('incident')
  @ApiProblem(409, 'Conflict', SUBJECT_ERASED)
  async judge(
    @Param({ schema: idInPath }) { id }: z.infer<typeof idInPath>,
    @Req() request: FastifyRequest,
    @Bearer() bearer: ActiveAccessToken,
  ): Promise<IncidentAnswer> {
    const parsed = verdictBody.safeParse(jsonBodyOf(request));
    if (!parsed.success) throw problemOfBody(parsed.error);
    const { correlationId, origin } = requestContextOf(request);
    const attribution = { actor: actorOf(bearer), correlationId, origin };
    const { verdict, note } = parsed.data;
    const command = new GiveVerdict(id, verdict, attribution, note);
    const outcome = await this.commands.execute(command);
    if (outcome === 'subject_erased') {
      throw new Problem({ status: 409, title: 'Conflict', detail: SUBJECT_ERASED });
    }
    return found(
      'incident',
      outcome === 'no_such_incident' ? undefined : await this.queries.execute(new FindIncident(id)),
    );
  }
}
