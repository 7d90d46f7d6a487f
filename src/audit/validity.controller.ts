import { Controller, Get, HttpCode, Post, Query, Req } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiBody, ApiOperation, ApiResponse } from '../access/api-description.js';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { tooManyFailures } from '../access/bearer.guard.js';
import { FailureLimits } from '../access/failure-limits.js';
import { jsonBodyOf, problemOfBody } from '../access/json-body.js';
import { strictParameters } from '../access/ledger-parameters.js';
import { momentMember } from '../access/moment.js';
import { ApiProblem } from '../access/operator-door.decorator.js';
import { type NamedToken, PastedTokens, tokenOfJti } from '../access/pasted-tokens.service.js';
import { addressOf } from '../access/request-context.js';
import { parameterProblem } from '../access/wrong-parameter.js';
import { ApiNotFound, AuditDoor, notFound, Unstored } from './audit-door.decorator.js';
import { at, numberBetween } from './audit.parameters.js';
import { FindValidity, type Judged } from './find-validity.query.js';
import { momentFor } from './list-place.js';
import { hexId, plainId } from './list.parameters.js';
import { type ValidityAnswerAt, validityAnswer } from './validity.answer.js';

const GENERATION_MAX = 4_294_967_295;
const TOKEN_CHARACTERS_MAX = 16_384;

const jti = z
  .string('must be given once')
  .regex(/^[0-9a-f]{32}\.(?:0|[1-9]\d{0,14})$/, 'must be the jti of an access token')
  .optional()
  .meta({ description: 'Of an access token.' });

const validityParameters = strictParameters({
  jti,
  family: hexId.optional().meta({ description: 'With `generation`: of a refresh token.' }),
  generation: numberBetween(0, GENERATION_MAX).optional(),
  subject: plainId.optional().meta({ description: 'An account.' }),
  client: plainId.optional().meta({ description: 'A client.' }),
  at,
});
type Parameters = z.infer<typeof validityParameters>;

const lookupBody = strictParameters({
  token: z
    .string('must be a text')
    .min(1, 'is empty')
    .max(TOKEN_CHARACTERS_MAX, 'is too long')
    .optional(),
  jti,
  at: momentMember.optional(),
});

/** What tokens, accounts and clients were worth. */
@AuditDoor()
@Controller('audit')
export class ValidityController {
  constructor(
    private readonly queries: QueryBus,
    private readonly tokens: PastedTokens,
    private readonly limits: FailureLimits,
  ) {}

  /** Whether something was valid at a moment. */
  @Get('validity')
  @Unstored()
  @ApiOperation({
    summary: 'Whether something was valid at a moment, why, and by which events',
    description:
      'One of `jti`, `family` with `generation`, `subject` or `client`. A refresh token that was ' +
      'consumed counts as worth nothing, also inside the retry window.',
  })
  @ApiResponse({ status: 200, description: 'What it was worth.', standardSchema: validityAnswer })
  async validity(
    @Query({ schema: validityParameters }) parameters: Parameters,
  ): Promise<ValidityAnswerAt> {
    const judged = judgedOf(parameters);
    const moment = await momentFor(this.queries, parameters.at);
    return this.queries.execute(new FindValidity(judged, moment));
  }

  /** What became of a token that somebody found. */
  @Post('lookup')
  @HttpCode(200)
  @Unstored()
  @ApiOperation({
    summary: 'What became of a token that was found somewhere',
    description:
      'Any refresh token, code, access token or ID token, also one that expired or was signed with a ' +
      'retired key, with `Bearer` before it or not; or the `jti` of an access token, in either field. An ID token is worth something until it ' +
      'expires: nothing else ends it, and it opens nothing. It is neither stored nor logged. What names nothing ' +
      'counts as a failing call.',
  })
  @ApiBody({
    required: true,
    schema: {
      type: 'object',
      properties: {
        token: {
          type: 'string',
          maxLength: TOKEN_CHARACTERS_MAX,
          description: 'Any token of this server, as it was found.',
        },
        jti: { type: 'string', description: 'The `jti` of an access token, in place of it.' },
        at: {
          oneOf: [{ type: 'string' }, { type: 'integer' }],
          description: 'A time (RFC 3339) or a position.',
        },
      },
      example: { token: 'tlr_…' },
    },
  })
  @ApiResponse({ status: 200, description: 'What it was worth.', standardSchema: validityAnswer })
  @ApiNotFound('token')
  @ApiProblem(429, 'Too Many Requests', 'Too many failing requests from this address.')
  async lookup(@Req() request: FastifyRequest): Promise<ValidityAnswerAt> {
    const body = jsonBodyOf(request);
    if (namesTwo(body)) throw parameterProblem('token', 'or jti must be given, not both');
    const parsed = lookupBody.safeParse(body);
    if (!parsed.success) throw problemOfBody(parsed.error);
    const { token, jti: tokenId, at: asked } = parsed.data;
    if (token === undefined && tokenId === undefined) {
      throw parameterProblem('token', 'must be given, or jti');
    }
    const moment = await momentFor(this.queries, asked);
    const pasted = (token ?? tokenId ?? '').trim().replace(/^Bearer +/i, '');
    const ofJti = tokenOfJti(pasted);
    const named = ofJti ?? (await this.tokens.read(pasted));
    const answer = named && (await this.queries.execute(new FindValidity(named, moment)));
    // A genuine token that the ledger does not know is a finding; a jti can be invented.
    const isFound = answer !== undefined && (ofJti === undefined || isKnown(answer));
    if (isFound) return answer;
    const wait = await this.limits.callFailed(addressOf(request));
    if (wait !== undefined) throw tooManyFailures(wait);
    throw notFound('token');
  }
}

/** Whether a body has both; told before what is wrong with either. Attacker-controlled. */
function namesTwo(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'token' in body && 'jti' in body;
}

function isKnown({ validity: { reason } }: ValidityAnswerAt): boolean {
  return reason !== 'unknown' && reason !== 'not_yet_issued';
}

function judgedOf({ jti: tokenId, family, generation, subject, client }: Parameters): Judged {
  const given = [
    ...(tokenId === undefined ? [] : [tokenOfJti(tokenId)]),
    ...(family === undefined ? [] : [refreshToken(family, generation)]),
    ...(subject === undefined ? [] : [{ kind: 'subject' as const, subject }]),
    ...(client === undefined ? [] : [{ kind: 'client' as const, clientId: client }]),
  ];
  const [judged] = given;
  if (given.length !== 1 || judged === undefined) {
    throw parameterProblem(
      'jti',
      'or family, subject or client must be given, and only one of them',
    );
  }
  if (generation !== undefined && family === undefined) {
    throw parameterProblem('generation', 'goes with family');
  }
  return judged;
}

function refreshToken(familyId: string, generation: number | undefined): NamedToken {
  if (generation === undefined) throw parameterProblem('generation', 'must be given with family');
  return { kind: 'refresh', familyId, generation };
}
