import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { streamIdOf } from '../domain/identifiers.js';
import { Ledger } from '../ledger/ledger.port.js';
import { type ViewsBeingBuilt, ViewsReader } from '../views/views.port.js';
import { momentOf } from './as-of.answer.js';
import { auditEventsOf } from './audit-event.answer.js';
import { spanOf, usageOf } from './client-health.handler.js';
import type { ClientAnswer } from './client.answer.js';
import { familyCountsOf } from './family-counts.reader.js';
import { FindClient, type Span } from './overview.query.js';
import { streamRowAt } from './stream-history.reader.js';
import {
  answerOf,
  incidentCounts,
  newest,
  type Seen,
  seenAt,
  type ViewedState,
} from './viewed-state.reader.js';

/** So many changes of a registration are told. */
const CHANGES_TOLD = 100;

/** Answers what is known about a client. */
@QueryHandler(FindClient)
export class FindClientHandler implements IQueryHandler<FindClient> {
  constructor(
    private readonly ledger: Ledger,
    private readonly views: ViewsReader,
  ) {}

  execute({
    clientId,
    moment,
    span,
  }: FindClient): Promise<Seen<ClientAnswer | undefined> | ViewsBeingBuilt> {
    const { ledger, views } = this;
    return seenAt({ ledger, views }, moment, (state) => this.find(clientId, span, state));
  }

  private async find(
    clientId: string,
    span: Span,
    state: ViewedState,
  ): Promise<ClientAnswer | undefined> {
    const { ledger, views } = this;
    const { asOf, upTo } = state;
    const row = await streamRowAt(ledger, 'client', clientId, upTo);
    if (row === undefined) return undefined;
    const { status, registeredAt, firstParty, verified, mayIntrospect, metadata } = row.state;
    const streamId = streamIdOf('client', clientId);
    const { events } = await ledger.streamEvents(streamId, upTo + 1, CHANGES_TOLD);
    const families = answerOf(await views.families({ clientId }, newest(upTo)));
    const incidents = answerOf(await views.incidents({ clientId }, newest(upTo)));
    return {
      asOf,
      client: {
        id: clientId,
        status,
        registeredAt: momentOf(registeredAt),
        firstParty,
        verified,
        mayIntrospect,
        operatorScopes: [...row.state.operatorScopes],
        resources: [...row.state.resources],
        metadata,
      },
      registration: await auditEventsOf(ledger, events.toReversed()),
      families: await familyCountsOf(ledger, families, state),
      incidents: incidentCounts(incidents),
      health: await this.healthIn(clientId, span, state),
    };
  }

  private async healthIn(
    clientId: string,
    span: Span,
    { upTo }: ViewedState,
  ): Promise<ClientAnswer['health']> {
    const sum = answerOf(await this.views.clientSum(clientId, { ...span, upTo }));
    const { counters, positions, partialHour } = sum;
    if (positions === null && partialHour === null) return null;
    const { firstPosition = null, lastPosition = null } = positions ?? {};
    return { ...spanOf(span, sum), ...usageOf(counters), firstPosition, lastPosition };
  }
}
