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
import { momentOf } from './as-of.answer.js';
import type { ClientHealthPage, ListedClient } from './client-health.answer.js';
import { clientsOf } from './client-names.reader.js';
import type { CountedHours, ItemStream } from '../access/item-stream.js';
import type { EventSources } from './list-events.handler.js';
import { ListClientHealth, type Span, StreamClientHealth } from './overview.query.js';
import { answerOf, type Seen, seenAt } from './viewed-state.reader.js';

/** A page of clients is read in so many reads at most. */
const READS_MAX = 50;
/** So many clients are read at one go where all of them are asked for. */
const CLIENTS_AT_ONCE = 250;

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
    return seenAt({ ledger, views }, moment, async ({ asOf, upTo }) => {
      const page = await pageOf(views, { ...span, upTo }, limit, after);
      const clients = await listedClientsOf(ledger, page.clients);
      return { asOf, ...spanOf(span, page), clients, next: page.next };
    });
  }
}

/** Answers with the health of all clients, a page of which is in memory. */
@QueryHandler(StreamClientHealth)
export class StreamClientHealthHandler implements IQueryHandler<StreamClientHealth> {
  constructor(
    private readonly ledger: Ledger,
    private readonly views: ViewsReader,
  ) {}

  async execute({
    moment,
    span,
    limit,
    after,
  }: StreamClientHealth): Promise<Seen<ItemStream<ListedClient>> | ViewsBeingBuilt> {
    const { ledger, views } = this;
    return seenAt({ ledger, views }, moment, async ({ asOf, upTo }) => ({
      asOf,
      hours: spanOf(span, { partialHour: null }),
      pages: pagesOf({ ledger, views }, { ...span, upTo }, limit, after),
    }));
  }
}

async function* pagesOf(
  { ledger, views }: EventSources,
  span: HourSpan,
  limit: number,
  after: string | null,
): AsyncGenerator<readonly ListedClient[]> {
  let next = after;
  for (let left = limit; left > 0;) {
    const page = await pageOf(views, span, Math.min(CLIENTS_AT_ONCE, left), next);
    yield listedClientsOf(ledger, page.clients);
    left -= page.clients.length;
    ({ next } = page);
    if (next === null) return;
    await setImmediate();
  }
}

/** One read sums so many rows; between two reads the server's other work has its turn. */
async function pageOf(
  views: ViewsReader,
  span: HourSpan,
  limit: number,
  after: string | null,
): Promise<ClientPage> {
  const clients: ClientHealth[] = [];
  let partialHour: number | null = null;
  let next = after;
  for (let reads = 0; reads < READS_MAX; reads += 1) {
    const most = { limit: limit - clients.length, after: next };
    const page = answerOf(await views.clientHealth(span, most));
    clients.push(...page.clients);
    partialHour ??= page.partialHour;
    ({ next } = page);
    if (next === null || clients.length === limit) break;
    await setImmediate();
  }
  return { clients, next, partialHour };
}

async function listedClientsOf(
  ledger: Ledger,
  clients: readonly ClientHealth[],
): Promise<ListedClient[]> {
  const names = await clientsOf(
    ledger,
    clients.map(({ clientId }) => clientId),
  );
  return clients.map((health) => ({
    client: names.get(health.clientId) ?? { id: health.clientId, name: null },
    ...usageOf(health),
    firstPosition: health.firstPosition,
    lastPosition: health.lastPosition,
    partialHour: health.partialHour === null ? null : momentOf(health.partialHour),
  }));
}

/** How a client used its tokens, and what is wrong with that. */
export function usageOf(
  counters: ClientHealthCounters,
): Pick<ListedClient, 'counters' | 'findings'> {
  return { counters: countersOf(counters), findings: [...clientHealth(counters)] };
}

function countersOf(health: ClientHealthCounters): ListedClient['counters'] {
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
): CountedHours {
  return {
    from: momentOf(from),
    to: momentOf(to),
    partialHour: partialHour === null ? null : momentOf(partialHour),
  };
}
