import {
  Controller,
  Get,
  HttpCode,
  Param,
  Post,
  Query,
  Req,
  Res,
  type StreamableFile,
} from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiBody, ApiOperation, ApiResponse } from '../access/api-description.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ActiveAccessToken } from '../access/access-token-status.js';
import { AdministrationRecord } from '../access/administration-record.service.js';
import { Bearer } from '../access/bearer.guard.js';
import { mapped } from '../access/item-stream.js';
import { jsonBodyOf, problemOfBody } from '../access/json-body.js';
import { ApiLiveList } from '../access/list.documentation.js';
import { ApiProblem, OperatorDoor, Unstored } from '../access/operator-door.decorator.js';
import { NO_CURSOR } from '../access/pinned-cursor.js';
import { Problem } from '../access/problem-details.js';
import { requestContextOf } from '../access/request-context.js';
import { wholeListReply, wholeListTypeOf } from '../access/whole-list.reply.js';
import { parameterProblem } from '../access/wrong-parameter.js';
import type { RevocationState } from '../domain/revocation/revocation.state.js';
import { Ledger } from '../ledger/ledger.port.js';
import { listedRevocationColumns } from './listed-revocation.columns.js';
import { ListRevocations } from './list-revocations.query.js';
import {
  listedRevocationOf,
  type RevocationAnswer,
  revocationAnswer,
  revocationList,
  type RevocationListAnswer,
  revocationListOf,
} from './revocation.answer.js';
import {
  PAGE_ITEMS,
  revocationBody,
  revocationBodySchema,
  revocationListParameters,
  selectorOf,
} from './revocation.parameters.js';
import { ApiNoSet, noSet, notOneSelector } from './revocation.problems.js';
import { RevocationAnswers } from './revocation-answer.reader.js';
import { RevocationQueue } from './revocation-queue.service.js';
import type { RevocationOrder } from './revocation-set.reader.js';
import { StartRevocation } from './start-revocation.command.js';

const NO_REVOCATION = 'The ledger has no such revocation.';

const NO_ID = 'must be 32 lower-case hexadecimal digits';

const idInPath = z.object({
  id: z
    .string()
    .regex(/^[0-9a-f]{32}$/, NO_ID)
    .meta({ example: '5f0c6a3a8f5b4d1f9d7e2b1c0a998877' }),
});

/** Many token families that are ended together. */
@OperatorDoor({ scope: 'admin', tag: 'Administration', security: 'admin' })
@Controller('admin/revocations')
export class RevocationsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly record: AdministrationRecord,
    private readonly queue: RevocationQueue,
    private readonly answers: RevocationAnswers,
    private readonly ledger: Ledger,
  ) {}

  /** Starts a revocation. */
  @Post()
  @HttpCode(202)
  @Unstored()
  @ApiOperation({
    summary: 'Revoke all of a client, a subject, a signing key or a range of addresses',
    description:
      'Ends every token family, and every client_credentials token, that the selector finds at the ' +
      'position, and nothing else. Without `from` and `to`, a client, a subject or a signing key is ' +
      'marked first: when the answer comes, nothing that the client or the subject was granted by ' +
      'then is worth anything, and no access token that the key signed before the second of ' +
      '`tokensNotBefore`. The same selector at the same position is the same revocation, however ' +
      'often it is asked for. They run one after the other, and go on after a restart.',
  })
  @ApiBody({ required: true, schema: revocationBodySchema })
  @ApiResponse({ status: 202, description: 'It waits or runs.', standardSchema: revocationAnswer })
  @ApiNoSet()
  async start(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Bearer() bearer: ActiveAccessToken,
  ): Promise<RevocationAnswer> {
    const { selector, position } = orderOf(jsonBodyOf(request));
    const context = requestContextOf(request);
    const { client, account } = bearer;
    const actor =
      account === undefined ? `client:${client.clientId}` : `account:${account.subject}`;
    const { correlationId, origin } = context;
    const outcome = await this.commands.execute(
      new StartRevocation(selector, position, { actor, correlationId, origin }),
    );
    if (outcome.kind === 'refused') throw noSet(outcome.reason, selector);
    const { id, state } = outcome;
    try {
      await this.record.record('revocation.start', id, bearer, context);
      void reply.header('location', `/admin/revocations/${id}`);
      return await this.told(id, state);
    } finally {
      // Its addresses are told before the work ends that they are kept for.
      if (state.completed === undefined) this.queue.add(id);
    }
  }

  /** Which revocations were started. */
  @Get()
  @Unstored()
  @ApiOperation({
    summary: 'Which revocations were started',
    description:
      'Newest first. One that is started meanwhile is on none of the pages that follow. As lines there ' +
      'is no `limit` unless one is given.',
  })
  @ApiLiveList(revocationList, 'revocations', listedRevocationColumns)
  @ApiProblem(400, 'Bad Request', `cursor ${NO_CURSOR}`, 'cursor')
  async list(
    @Query({ schema: revocationListParameters })
    parameters: z.infer<typeof revocationListParameters>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RevocationListAnswer | StreamableFile> {
    void reply.header('vary', 'accept');
    const type = wholeListTypeOf(request);
    const { cursor, limit = type === undefined ? PAGE_ITEMS : Infinity } = parameters;
    const query = new ListRevocations(cursor, limit, type !== undefined);
    const list = await this.queries.execute(query);
    if (list.kind === 'unknown_revocation') throw parameterProblem('cursor', NO_CURSOR);
    const progressOf = (id: string) => this.queue.progressOf(id);
    if (type === undefined) return revocationListOf(list, progressOf);
    const pages = mapped(list.pages(), (one) => listedRevocationOf(one, progressOf(one.id)));
    return wholeListReply(type, { pages }, reply, listedRevocationColumns);
  }

  /** How far a revocation is, and what it came to. */
  @Get(':id')
  @Unstored()
  @ApiOperation({ summary: 'How far a revocation is, and what it came to' })
  @ApiResponse({ status: 200, description: 'The revocation.', standardSchema: revocationAnswer })
  @ApiProblem(400, 'Bad Request', `id ${NO_ID}`, 'id')
  @ApiProblem(404, 'Not Found', NO_REVOCATION)
  async find(
    @Param({ schema: idInPath }) { id }: z.infer<typeof idInPath>,
  ): Promise<RevocationAnswer> {
    const state = await this.ledger.load('revocation', id);
    if (state === undefined) {
      throw new Problem({ status: 404, title: 'Not Found', detail: NO_REVOCATION });
    }
    return this.told(id, state);
  }

  private told(id: string, state: RevocationState): Promise<RevocationAnswer> {
    return this.answers.of(id, state, this.queue.progressOf(id));
  }
}

function orderOf(body: unknown): RevocationOrder {
  const parsed = revocationBody.safeParse(body);
  if (!parsed.success) throw problemOfBody(parsed.error);
  const selector = selectorOf(parsed.data);
  if (selector === undefined) throw notOneSelector();
  return { selector, position: parsed.data.position };
}
