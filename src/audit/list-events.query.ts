import { Query } from '@nestjs/cqrs';
import type { Position, StreamId } from '../domain/identifiers.js';
import type { AuditEvent } from './audit-event.answer.js';
import type { EventList } from './event-list.answer.js';
import type { ItemStream } from '../access/item-stream.js';
import type { Moment } from '../access/moment.js';

/** Which events are asked for. */
export interface EventChoice {
  /** Only events after this position; null: from the beginning. */
  readonly after: Position | null;
  /** Only events of this type. */
  readonly type?: string | undefined;
  /** Only events of this stream. */
  readonly streamId?: StreamId | undefined;
}

/** A page of events up to a moment, and the position that the next one goes on after. */
export type EventsUpTo = Pick<EventList, 'asOf' | 'events' | 'next'>;

/**
 * A page of the ledger in order of position. It looks through a bounded part of the ledger, so a page
 * may hold fewer events than asked for and still not be the last one: `next` says.
 */
export class ListEvents extends Query<EventsUpTo> {
  constructor(
    readonly choice: EventChoice,
    readonly limit: number,
    /** Nothing after it is shown; undefined: now. */
    readonly moment?: Moment,
  ) {
    super();
  }
}

/** Events a page at a time, for as long as they are asked for, up to one event of the ledger. */
export type EventStream = ItemStream<AuditEvent>;

/** All chosen events that the ledger has now, in order of position. */
export class StreamEvents extends Query<EventStream> {
  constructor(
    readonly choice: EventChoice,
    /** At most so many events. */
    readonly limit = Infinity,
    /** Nothing after it is shown; undefined: now. */
    readonly moment?: Moment,
  ) {
    super();
  }
}
