import { Query } from '@nestjs/cqrs';
import type { Instant } from '../domain/identifiers.js';
import type { ViewsBeingBuilt } from '../views/views.port.js';
import type { ActivityAnswer, ActivityHourAnswer } from './activity.answer.js';
import type { ClientHealthPage, ListedClient } from './client-health.answer.js';
import type { ClientAnswer } from './client.answer.js';
import type { ItemStream } from '../access/item-stream.js';
import type { Moment } from '../access/moment.js';
import type { SubjectAnswer } from './subject.answer.js';
import type { Seen } from './viewed-state.reader.js';

/** The hours that are asked for: from the one that `from` lies in, up to before `to`. */
export interface Span {
  readonly from: Instant;
  readonly to: Instant;
}

/** Clients by id, with how they use their tokens; `next` is the id of the last one. */
export class ListClientHealth extends Query<Seen<ClientHealthPage> | ViewsBeingBuilt> {
  constructor(
    readonly moment: Moment,
    readonly span: Span,
    readonly limit: number,
    readonly after: string | null,
  ) {
    super();
  }
}

/** All clients by id, up to `limit` of them, with how they use their tokens. */
export class StreamClientHealth extends Query<Seen<ItemStream<ListedClient>> | ViewsBeingBuilt> {
  constructor(
    readonly moment: Moment,
    readonly span: Span,
    /** At most so many clients. */
    readonly limit: number,
    readonly after: string | null,
  ) {
    super();
  }
}

/** How many events there were hour by hour, of one client or of the whole ledger. */
export class CountActivity extends Query<Seen<ActivityAnswer> | ViewsBeingBuilt> {
  constructor(
    readonly moment: Moment,
    readonly span: Span,
    readonly clientId?: string,
  ) {
    super();
  }
}

/** As CountActivity: all hours of the span. */
export class StreamActivity extends Query<Seen<ItemStream<ActivityHourAnswer>> | ViewsBeingBuilt> {
  constructor(
    readonly moment: Moment,
    readonly span: Span,
    readonly clientId?: string,
  ) {
    super();
  }
}

/** What is known about one client; undefined when there was no such client. */
export class FindClient extends Query<Seen<ClientAnswer | undefined> | ViewsBeingBuilt> {
  constructor(
    readonly clientId: string,
    readonly moment: Moment,
    readonly span: Span,
  ) {
    super();
  }
}

/** What is known about one account; undefined when nothing is. */
export class FindSubject extends Query<Seen<SubjectAnswer | undefined> | ViewsBeingBuilt> {
  constructor(
    readonly subject: string,
    readonly moment: Moment,
  ) {
    super();
  }
}
