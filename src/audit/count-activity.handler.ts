import { setImmediate } from 'node:timers/promises';
import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { Ledger } from '../ledger/ledger.port.js';
import { HOUR, hourOf } from '../views/hours.js';
import {
  type ActivityHour,
  type HourPage,
  type HourSpan,
  type ViewsBeingBuilt,
  ViewsReader,
} from '../views/views.port.js';
import type { ActivityAnswer, ActivityHourAnswer } from './activity.answer.js';
import { momentOf } from './as-of.answer.js';
import { spanOf } from './client-health.handler.js';
import type { ItemStream } from '../access/item-stream.js';
import { CountActivity, StreamActivity } from './overview.query.js';
import { answerOf, type Seen, seenAt } from './viewed-state.reader.js';

/** Answers with how much there was to do. */
@QueryHandler(CountActivity)
export class CountActivityHandler implements IQueryHandler<CountActivity> {
  constructor(
    private readonly ledger: Ledger,
    private readonly views: ViewsReader,
  ) {}

  async execute({
    moment,
    span,
    clientId,
  }: CountActivity): Promise<Seen<ActivityAnswer> | ViewsBeingBuilt> {
    const { ledger, views } = this;
    return seenAt({ ledger, views }, moment, async ({ asOf, upTo }) => {
      const page = answerOf(await views.activity({ ...span, upTo }, clientId));
      const hours = page.hours.map(hourAnswerOf);
      const next = page.next === null ? null : momentOf(page.next);
      return { asOf, ...spanOf(span, page), hours, next };
    });
  }
}

/** Answers with how much there was to do in every hour, a page of which is in memory. */
@QueryHandler(StreamActivity)
export class StreamActivityHandler implements IQueryHandler<StreamActivity> {
  constructor(
    private readonly ledger: Ledger,
    private readonly views: ViewsReader,
  ) {}

  async execute({
    moment,
    span,
    clientId,
  }: StreamActivity): Promise<Seen<ItemStream<ActivityHourAnswer>> | ViewsBeingBuilt> {
    const { ledger, views } = this;
    return seenAt({ ledger, views }, moment, async ({ asOf, upTo }) => {
      const asked = { ...span, upTo };
      // The hour that the state cuts in two is the last one, and has to be named before the first.
      const last = hourOf(Date.parse(asOf.at));
      const from = Math.max(span.from, last);
      const to = Math.min(span.to, last + HOUR);
      const { partialHour } = answerOf(await views.activity({ ...asked, from, to }, clientId));
      const pages = pagesOf(views, asked, clientId, partialHour);
      return { asOf, hours: spanOf(span, { partialHour }), pages };
    });
  }
}

/** Throws an Error where an hour is left out that was not said to be: a part is no whole. */
async function* pagesOf(
  views: ViewsReader,
  span: HourSpan,
  clientId: string | undefined,
  partialHour: number | null,
): AsyncGenerator<readonly ActivityHourAnswer[]> {
  for (let from: number | null = span.from; from !== null;) {
    const page: HourPage<ActivityHour> = answerOf(
      await views.activity({ ...span, from }, clientId),
    );
    // Events that came meanwhile may have made the last hour too long to be counted up to the state.
    if (page.partialHour !== null && page.partialHour !== partialHour) {
      throw new Error('an hour grew so long that it cannot be told as it was');
    }
    yield page.hours.map(hourAnswerOf);
    from = page.next;
    await setImmediate();
  }
}

function hourAnswerOf({ hour, counts }: ActivityHour): ActivityHourAnswer {
  return { hour: momentOf(hour), counts };
}
