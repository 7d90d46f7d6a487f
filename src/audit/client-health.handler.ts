import { setImmediate } from 'node:timers/promises';
import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { clientHealth } from '../domain/investigation/client-health.rules.js';
import { Ledger } from '../ledger/ledger.port.js';
import {
  type ClientHealth,
  type ClientHealthCounters,
  type ClientPage,
  type HourSpan,
  type ViewsBeingBuilt,
  ViewsReader,
} from '../views/views.port.js';
import type { ActivityAnswer } from './activity.answer.js';
import { momentOf } from './as-of.answer.js';
import type { ClientHealthPage } from './client-health.answer.js';
import { clientsOf } from './client-names.reader.js';
import { CountActivity, ListClientHealth, type Seen, type Span } from './overview.query.js';
import { answerOf, viewedStateAt } from './viewed-state.reader.js';

/** A page of clients is read in so many reads at most. */
const READS_MAX = 50;

/** Answers with the health of clients. */
@QueryHandler(ListClientHealth)
export class ListClientHealthHandler implements IQueryHandler<ListClientHealth> {
  constructor(
    private readonly ledger: Ledger,
    private readonly views: ViewsReader,
  ) {}

  async execute({
    moment,
    span,
    limit,
    after,
  }: ListClientHealth): Promise<Seen<ClientHealthPage> | ViewsBeingBuilt> {
    const { ledger, views } = this;
    const state = await viewedStateAt({ ledger, views }, moment);
    if (state.kind === 'being_built') return state;
    const asked = { ...span, upTo: state.upTo };
    const page = await this.pageOf(asked, limit, after);
    const names = await clientsOf(
      ledger,
      page.clients.map(({ clientId }) => clientId),
    );
    const clients = page.clients.map((health) => ({
      client: names.get(health.clientId) ?? { id: health.clientId, name: null },
      ...usageOf(health),
      firstPosition: health.firstPosition,
      lastPosition: health.lastPosition,
    }));
    const answer = { asOf: state.asOf, ...spanOf(span, page), clients, next: page.next };
    return { kind: 'seen', state, answer };
  }

  /** One read sums so many rows; between two reads the server's other work has its turn. */
  private async pageOf(span: HourSpan, limit: number, after: string | null): Promise<ClientPage> {
    const clients: ClientHealth[] = [];
    let partialHour: number | null = null;
    let next = after;
    for (let reads = 0; reads < READS_MAX; reads += 1) {
      const most = { limit: limit - clients.length, after: next };
      const page = answerOf(await this.views.clientHealth(span, most));
      clients.push(...page.clients);
      partialHour ??= page.partialHour;
      ({ next } = page);
      if (next === null || clients.length === limit) break;
      await setImmediate();
    }
    return { clients, next, partialHour };
  }
}

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
    const state = await viewedStateAt({ ledger, views }, moment);
    if (state.kind === 'being_built') return state;
    const page = answerOf(await views.activity({ ...span, upTo: state.upTo }, clientId));
    const answer = {
      asOf: state.asOf,
      ...spanOf(span, page),
      hours: page.hours.map(({ hour, counts }) => ({ hour: momentOf(hour), counts })),
      next: page.next === null ? null : momentOf(page.next),
    };
    return { kind: 'seen', state, answer };
  }
}

/** How a client used its tokens, and what is wrong with that. */
export function usageOf(
  counters: ClientHealthCounters,
): Pick<ClientHealthPage['clients'][number], 'counters' | 'findings'> {
  return { counters: countersOf(counters), findings: [...clientHealth(counters)] };
}

function countersOf(health: ClientHealthCounters): ClientHealthPage['clients'][number]['counters'] {
  return {
    redeemed: health.redeemed,
    rotated: health.rotated,
    refreshed: health.refreshed,
    retriedWithin2Seconds: health.retriedWithin2Seconds,
    retriedLater: health.retriedLater,
    retriedAtUnknownAge: health.retriedAtUnknownAge,
    retriedByOtherParty: health.retriedByOtherParty,
    refreshedEarly: health.refreshedEarly,
    presentedByOtherClient: health.presentedByOtherClient,
    staleInsideWindow: health.staleInsideWindow,
    reuse: health.reuse,
    rejectedByReason: { ...health.rejectedByReason },
  };
}

/** The hours that were counted. */
export function spanOf(
  { from, to }: Span,
  { partialHour }: { readonly partialHour: number | null },
): Pick<ClientHealthPage, 'from' | 'to' | 'partialHour'> {
  return {
    from: momentOf(from),
    to: momentOf(to),
    partialHour: partialHour === null ? null : momentOf(partialHour),
  };
}
