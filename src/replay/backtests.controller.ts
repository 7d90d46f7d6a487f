import { Readable } from 'node:stream';
import {
  Controller,
  Delete,
  Get,
  HttpCode,
  Logger,
  Param,
  Post,
  Query,
  Req,
  Res,
  type StreamableFile,
} from '@nestjs/common';
import { ApiBody, ApiOperation, ApiResponse } from '../access/api-description.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { AdministrationRecord } from '../access/administration-record.service.js';
import { bearerOf } from '../access/bearer.guard.js';
import { jsonBodyOf, problemOfBody } from '../access/json-body.js';
import { ApiLiveList } from '../access/list.documentation.js';
import { ApiProblem, Unstored } from '../access/operator-door.decorator.js';
import { Problem } from '../access/problem-details.js';
import { requestContextOf } from '../access/request-context.js';
import { jsonLine, NDJSON, streamedLines } from '../access/streamed-lines.js';
import { wholeListReply, wholeListTypeOf } from '../access/whole-list.reply.js';
import { parameterProblem } from '../access/wrong-parameter.js';
import { Ledger } from '../ledger/ledger.port.js';
import {
  backtestJob,
  type BacktestJobAnswer,
  backtestJobOf,
  backtestList,
  type BacktestListAnswer,
  backtestListOf,
} from './backtest-job.answer.js';
import { backtestedAttemptOf, backtestedAttemptSchema } from './backtested-attempt.answer.js';
import { BacktestJobs } from './backtest-jobs.service.js';
import { backtestRange } from './backtest-range.reader.js';
import {
  attemptParameters,
  backtestListParameters,
  backtestPolicyOf,
  backtestRequest,
  backtestRequestSchema,
} from './backtest.parameters.js';
import {
  type BacktestedAttempt,
  backtestedAttempts,
  type BacktestOrder,
  isDiverging,
} from './backtest.runner.js';
import { listedBacktestColumns } from './listed-backtest.columns.js';
import { ReplayDoor } from './replay-door.decorator.js';
import { noMoment } from './replay.problems.js';

const NO_JOB = 'There is no such backtest: a restart forgets them, and so does time.';
const NO_ROOM = 'Too many backtests are waiting. Try again later.';

const logger = new Logger('Replay');

const jobInPath = z.object({ id: z.string().meta({ example: 'Yk3mV8x2QbWc7LrP0sTzNg' }) });

/** What would have been under another policy. */
@ReplayDoor()
@Controller('replay/backtests')
export class BacktestsController {
  constructor(
    private readonly jobs: BacktestJobs,
    private readonly record: AdministrationRecord,
    private readonly ledger: Ledger,
  ) {}

  /** Queues a backtest. */
  @Post()
  @HttpCode(202)
  @Unstored()
  @ApiOperation({
    summary: 'Decide what happened again, under another policy',
    description:
      'Takes what token families went through and decides it again, by the rules that decide ' +
      'refreshes. One runs at a time, beside the service; a restart forgets it. That it was asked ' +
      'for is recorded in the ledger, and nothing else is.',
  })
  @ApiBody({ required: true, schema: backtestRequestSchema })
  @ApiResponse({ status: 202, description: 'It waits, or runs.', standardSchema: backtestJob })
  @ApiProblem(400, 'Bad Request', 'policy must say what would be otherwise', 'policy')
  @ApiProblem(503, 'Service Unavailable', NO_ROOM)
  async begin(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<BacktestJobAnswer> {
    const order = await this.orderOf(jsonBodyOf(request));
    const job = await this.jobs.queue(order, (id) =>
      this.record.recordBacktest(id, order, bearerOf(request), requestContextOf(request)),
    );
    if (job === undefined) throw noRoom();
    void reply.header('location', `/replay/backtests/${job.id}`);
    return backtestJobOf(job);
  }

  /** The backtests that this process remembers. */
  @Get()
  @Unstored()
  @ApiOperation({
    summary: 'Which backtests wait, run, and have ended',
    description:
      'Newest first: all that wait or run, and the last ones that have ended. A restart forgets them.',
  })
  @ApiLiveList(backtestList, 'backtests', listedBacktestColumns)
  @ApiProblem(400, 'Bad Request', 'limit is not a parameter here', 'limit')
  list(
    @Query({ schema: backtestListParameters }) _: z.infer<typeof backtestListParameters>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): BacktestListAnswer | StreamableFile {
    void reply.header('vary', 'accept');
    const type = wholeListTypeOf(request);
    const list = backtestListOf(this.jobs.list());
    if (type === undefined) return list;
    const pages = Readable.from([list.backtests]);
    return wholeListReply(type, { pages }, reply, listedBacktestColumns);
  }

  /** How far a backtest is, and what it came to. */
  @Get(':id')
  @Unstored()
  @ApiOperation({ summary: 'How far a backtest is, and what it came to' })
  @ApiResponse({ status: 200, description: 'The backtest.', standardSchema: backtestJob })
  @ApiProblem(404, 'Not Found', NO_JOB)
  find(@Param({ schema: jobInPath }) { id }: z.infer<typeof jobInPath>): BacktestJobAnswer {
    const job = this.jobs.find(id);
    if (job === undefined) throw noJob();
    return backtestJobOf(job);
  }

  /** Every attempt of a backtest, recorded and simulated. */
  @Get(':id/attempts')
  @Unstored()
  @ApiOperation({
    summary: 'Every attempt of a backtest, as it came out and as it would have',
    description:
      'One a line, family by family, as fast as it is read: decided once more for this answer, from ' +
      'what the backtest was asked for with, so that nothing of it is kept. It can be read at any ' +
      'time, also while the backtest waits or runs; closing the connection ends it.',
  })
  @ApiResponse({
    status: 200,
    description: 'The attempts, each a line of JSON.',
    content: { [NDJSON]: { schema: backtestedAttemptSchema } },
  })
  @ApiProblem(400, 'Bad Request', 'only must be diverging', 'only')
  @ApiProblem(404, 'Not Found', NO_JOB)
  attempts(
    @Param({ schema: jobInPath }) { id }: z.infer<typeof jobInPath>,
    @Query({ schema: attemptParameters }) { only }: z.infer<typeof attemptParameters>,
  ): StreamableFile {
    const job = this.jobs.find(id);
    if (job === undefined) throw noJob();
    const isWanted = only === undefined ? undefined : isDiverging;
    const pages = backtestedAttempts(this.ledger, job.order, isWanted);
    const lineOf = (attempt: BacktestedAttempt): string => jsonLine(backtestedAttemptOf(attempt));
    return streamedLines(pages, lineOf, { type: NDJSON, logger });
  }

  /** Ends a backtest that waits or runs. */
  @Delete(':id')
  @Unstored()
  @ApiOperation({ summary: 'Cancel a backtest that waits or runs' })
  @ApiResponse({ status: 200, description: 'As it is now.', standardSchema: backtestJob })
  @ApiProblem(404, 'Not Found', NO_JOB)
  cancel(@Param({ schema: jobInPath }) { id }: z.infer<typeof jobInPath>): BacktestJobAnswer {
    const job = this.jobs.cancel(id);
    if (job === undefined) throw noJob();
    return backtestJobOf(job);
  }

  private async orderOf(body: unknown): Promise<BacktestOrder> {
    const parsed = backtestRequest.safeParse(body);
    if (!parsed.success) throw problemOfBody(parsed.error);
    const { policy, client: clientId, from, to } = parsed.data;
    if (clientId !== undefined && (await this.ledger.load('client', clientId)) === undefined) {
      throw parameterProblem('client', 'is no client of this ledger');
    }
    const range = await backtestRange(this.ledger, { from, to });
    if ('kind' in range) throw noMoment(range);
    return { ...range, policy: backtestPolicyOf(policy), clientId };
  }
}

function noRoom(): Problem {
  const problem = { status: 503, title: 'Service Unavailable', detail: NO_ROOM };
  return new Problem(problem, { 'retry-after': '30' });
}

function noJob(): Problem {
  return new Problem({ status: 404, title: 'Not Found', detail: NO_JOB });
}
