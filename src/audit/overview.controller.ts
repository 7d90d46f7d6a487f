import { Controller, Get, Param, Query, Req, Res, type StreamableFile } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOperation, ApiResponse } from '../access/api-description.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { activityHourColumns } from './activity-hour.columns.js';
import { type ActivityAnswer, activityAnswer } from './activity.answer.js';
import { ApiNotFound, AuditDoor, found, Unstored } from './audit-door.decorator.js';
import { momentParameters, PAGE_ITEMS } from './audit.parameters.js';
import { type ClientAnswer, clientAnswer } from './client.answer.js';
import { type ClientHealthPage, clientHealthPage } from './client-health.answer.js';
import { ApiCounts } from '../access/list.documentation.js';
import {
  activityParameters,
  clientHealthParameters,
  plainIdInPath,
  spanParameters,
} from './list.parameters.js';
import { built, cursorIn, momentFor, placeIn } from './list-place.js';
import { listedClientColumns } from './listed-client.columns.js';
import type { Moment } from '../access/moment.js';
import { parameterProblem } from '../access/wrong-parameter.js';
import {
  CountActivity,
  FindClient,
  FindSubject,
  ListClientHealth,
  type Span,
  StreamActivity,
  StreamClientHealth,
} from './overview.query.js';
import { type SubjectAnswer, subjectAnswer } from './subject.answer.js';
import { wholeListReply, wholeListTypeOf } from '../access/whole-list.reply.js';
import type { Instant } from '../domain/identifiers.js';
import { HOUR, hourOf } from '../views/hours.js';

const DAY = 24 * HOUR;
/** Health is told of so long a time unless another is asked for. */
const HEALTH_SPAN = 7 * DAY;
const SPAN_MAX = 366 * DAY;

/** Clients, accounts and activity, as the auditor sees them. */
@AuditDoor()
@Controller('audit')
export class OverviewController {
  constructor(private readonly queries: QueryBus) {}

  /** How clients use their tokens. */
  @Get('clients')
  @Unstored()
  @ApiOperation({
    summary: 'Clients by id, with how they use their tokens and what is wrong with that',
    description:
      'Of the last seven days unless `from` and `to` say otherwise; whole hours are counted, and the ' +
      'answer says which. A client that did nothing in that time is left out, and a page may hold fewer than `limit`.',
  })
  @ApiCounts(clientHealthPage, 'clients', listedClientColumns)
  async clients(
    @Query({ schema: clientHealthParameters }) parameters: z.infer<typeof clientHealthParameters>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ClientHealthPage | StreamableFile> {
    void reply.header('vary', 'accept');
    const { moment, after } = await placeIn(this.queries, 'clients', parameters);
    const span = spanOf(parameters, moment, HEALTH_SPAN);
    const type = wholeListTypeOf(request);
    const { limit = type === undefined ? PAGE_ITEMS : Infinity } = parameters;
    if (type !== undefined) {
      const all = new StreamClientHealth(moment, span, limit, after);
      const { answer } = built(await this.queries.execute(all));
      return wholeListReply(type, answer, reply, listedClientColumns);
    }
    const query = new ListClientHealth(moment, span, limit, after);
    const { state, answer } = built(await this.queries.execute(query));
    const shown = { ...moment, upTo: state.upTo };
    const next = cursorIn('clients', parameters, shown, answer.next);
    return { ...answer, next };
  }

  /** What is known about a client. */
  @Get('clients/:id')
  @Unstored()
  @ApiOperation({
    summary: 'What is known about a client: registration, families, health and incidents',
  })
  @ApiResponse({ status: 200, description: 'The client.', standardSchema: clientAnswer })
  @ApiNotFound('client')
  async client(
    @Param({ schema: plainIdInPath }) { id }: z.infer<typeof plainIdInPath>,
    @Query({ schema: spanParameters }) parameters: z.infer<typeof spanParameters>,
  ): Promise<ClientAnswer> {
    const moment = await momentFor(this.queries, parameters.at);
    const span = spanOf(parameters, moment, HEALTH_SPAN);
    const seen = built(await this.queries.execute(new FindClient(id, moment, span)));
    return found('client', seen.answer);
  }

  /** What is known about an account. */
  @Get('subjects/:id')
  @Unstored()
  @ApiOperation({
    summary: 'What is known about an account: standing, families, sessions, consents, incidents',
    description: 'Never its name, address or profile.',
  })
  @ApiResponse({ status: 200, description: 'The account.', standardSchema: subjectAnswer })
  @ApiNotFound('subject')
  async subject(
    @Param({ schema: plainIdInPath }) { id }: z.infer<typeof plainIdInPath>,
    @Query({ schema: momentParameters }) { at }: z.infer<typeof momentParameters>,
  ): Promise<SubjectAnswer> {
    const moment = await momentFor(this.queries, at);
    const seen = built(await this.queries.execute(new FindSubject(id, moment)));
    return found('subject', seen.answer);
  }

  /** How much there was to do. */
  @Get('activity')
  @Unstored()
  @ApiOperation({
    summary: 'How many events of each type there were, hour by hour',
    description:
      'Of the last 24 hours unless `from` and `to` say otherwise; whole hours are counted, and the ' +
      'answer says which.',
  })
  @ApiCounts(activityAnswer, 'hours', activityHourColumns)
  async activity(
    @Query({ schema: activityParameters }) parameters: z.infer<typeof activityParameters>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ActivityAnswer | StreamableFile> {
    void reply.header('vary', 'accept');
    const { client } = parameters;
    const moment = await momentFor(this.queries, parameters.at);
    const span = spanOf(parameters, moment, DAY);
    const type = wholeListTypeOf(request);
    if (type !== undefined) {
      const all = built(await this.queries.execute(new StreamActivity(moment, span, client)));
      return wholeListReply(type, all.answer, reply, activityHourColumns);
    }
    const query = new CountActivity(moment, span, client);
    return built(await this.queries.execute(query)).answer;
  }
}

/** The whole hours that are asked for: up to the end of the one that the moment lies in. */
function spanOf(
  { from, to }: { readonly from?: number | undefined; readonly to?: number | undefined },
  { instant }: Moment,
  length: number,
): Span {
  const end = to ?? hourOf(instant) + HOUR;
  const begin = from ?? hoursEnd(end) - length;
  if (begin >= end) throw parameterProblem('from', 'must be before to');
  if (end - begin > SPAN_MAX) throw parameterProblem('from', 'must be at most 366 days before to');
  return { from: hourOf(begin), to: hoursEnd(end) };
}

/** When the last hour ends that begins before an instant. */
function hoursEnd(instant: Instant): Instant {
  return hourOf(instant - 1) + HOUR;
}
