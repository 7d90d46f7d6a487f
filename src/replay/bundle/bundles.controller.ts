import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOperation, ApiResponse } from '../../access/api-description.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { actorOf } from '../../access/administration-record.service.js';
import { bearerOf } from '../../access/bearer.guard.js';
import { ApiProblem, Unstored } from '../../access/operator-door.decorator.js';
import { Problem } from '../../access/problem-details.js';
import { parameterProblem } from '../../access/wrong-parameter.js';
import { ReplayDoor } from '../replay-door.decorator.js';
import { SELECTION_KINDS, type Selection } from './bundle.evidence.js';
import { type BundleParameters, bundleParameters } from './bundle.parameters.js';
import { ExportBundle, type NoBundle } from './export-bundle.query.js';

/** A server waits a little, and draws no report that would hold up all others for long. */
const TERMS = { patience: 10_000, eventsMax: 2_000 };

const UNKNOWN = 'The ledger has nothing of that id.';
const NOT_SEALED = 'No checkpoint covers it yet. Try again later.';
const TOO_MANY = 'has more than 2,000 events: use `token-ledger bundle export`';
const CONTENT_TYPE = 'text/html; charset=utf-8';

/** Evidence that proves itself. */
@ReplayDoor()
@Controller('replay/bundles')
export class BundlesController {
  constructor(private readonly queries: QueryBus) {}

  /** All that the ledger has about one thing, as one file. */
  @Get()
  @Unstored()
  @ApiOperation({
    summary: 'All evidence about an incident, a family or a person, as one file',
    description:
      'A report that any browser shows offline, with the events, where they came from, and their ' +
      'proofs against one checkpoint inside; `token-ledger verify-bundle` verifies it without the ' +
      'ledger. Give exactly one parameter. Events that no checkpoint covers in time are named and ' +
      'left out.',
  })
  @ApiResponse({
    status: 200,
    description: 'The file.',
    content: { 'text/html': { schema: { type: 'string' } } },
  })
  @ApiProblem(400, 'Bad Request', 'family must be 32 lower-case hexadecimal digits', 'family')
  @ApiProblem(404, 'Not Found', UNKNOWN)
  @ApiProblem(503, 'Service Unavailable', NOT_SEALED)
  async bundle(
    @Query({ schema: bundleParameters }) parameters: BundleParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const asked = selectionIn(parameters);
    const by = actorOf(bearerOf(request));
    const answer = await this.queries.execute(new ExportBundle(asked, by, TERMS));
    if (answer.kind === 'none') throw problemOf(answer, asked);
    const name = `token-ledger-${asked.kind}-${asked.id}.html`;
    void reply
      .type(CONTENT_TYPE)
      .header('content-disposition', `attachment; filename="${name}"`)
      .header('x-content-type-options', 'nosniff')
      .send(answer.file);
  }
}

function selectionIn(parameters: BundleParameters): Selection {
  const given = SELECTION_KINDS.flatMap((kind) => {
    const id = parameters[kind];
    return id === undefined ? [] : [{ kind, id }];
  });
  const [asked] = given;
  if (asked !== undefined && given.length === 1) return asked;
  throw parameterProblem(asked?.kind ?? 'incident', 'must be given, alone of the three');
}

function problemOf({ reason }: NoBundle, { kind }: Selection): Problem {
  switch (reason) {
    case 'unknown':
      return new Problem({ status: 404, title: 'Not Found', detail: UNKNOWN });
    case 'not_sealed':
      return new Problem(
        { status: 503, title: 'Service Unavailable', detail: NOT_SEALED },
        { 'retry-after': '10' },
      );
    case 'too_many_events':
      return parameterProblem(kind, TOO_MANY);
  }
}
