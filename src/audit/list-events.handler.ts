import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import type { RecordedEvent } from '../domain/envelope.js';
import type { Position } from '../domain/identifiers.js';
import { Ledger } from '../ledger/ledger.port.js';
import { type AsOf, asOfEvent, asOfMoment, newestEvent } from './as-of.answer.js';
import { type AuditEvent, auditEventsOf } from './audit-event.answer.js';
import { EVENTS_AT_ONCE, ledgerPages, streamPages } from '../access/event-pages.js';
import type { Moment } from '../access/moment.js';
import { ViewsReader } from '../views/views.port.js';
import {
  type EventChoice,
  type EventStream,
  type EventsUpTo,
  ListEvents,
  StreamEvents,
} from './list-events.query.js';

/** So many events are looked through for one page of a filtered list. */
const EVENTS_SEARCHED = 10_000;

/** Where events are looked for: through the views' indexes as far as they go, then in the ledger. */
export interface EventSources {
  readonly ledger: Ledger;
  readonly views: ViewsReader;
}

/** Answers with a page of the ledger. */
@QueryHandler(ListEvents)
export class ListEventsHandler implements IQueryHandler<ListEvents> {
  constructor(
    private readonly ledger: Ledger,
    private readonly views: ViewsReader,
  ) {}

  async execute({ choice, limit, moment }: ListEvents): Promise<EventsUpTo> {
    const { ledger, views } = this;
    const { asOf, upTo } = await endOf(ledger, moment);
    const { events, next } = await pageOf({ ledger, views }, choice, limit, upTo);
    return { asOf, events: await auditEventsOf(ledger, events), next };
  }
}

/** Answers with all chosen events. */
@QueryHandler(StreamEvents)
export class StreamEventsHandler implements IQueryHandler<StreamEvents> {
  constructor(private readonly ledger: Ledger) {}

  async execute({ choice, limit, moment }: StreamEvents): Promise<EventStream> {
    const { asOf, upTo } = await endOf(this.ledger, moment);
    return { asOf, pages: auditPages(this.ledger, choice, limit, upTo) };
  }
}

/** Where an answer ends: at a moment, or at what is the newest event now. */
async function endOf(
  ledger: Ledger,
  moment: Moment | undefined,
): Promise<{ readonly asOf: AsOf; readonly upTo: Position }> {
  if (moment !== undefined) return { asOf: asOfMoment(moment), upTo: moment.position };
  const newest = await newestEvent(ledger);
  return { asOf: asOfEvent(newest), upTo: newest.position };
}

/** Chosen events, and the position to go on after; null: there is nothing more. */
interface FoundEvents {
  readonly events: readonly RecordedEvent[];
  readonly next: Position | null;
}

/** A page of chosen events up to a position, and the position to go on after. */
export async function pageOf(
  { ledger, views }: EventSources,
  choice: EventChoice,
  limit: number,
  upTo: Position,
): Promise<FoundEvents> {
  const { streamId, type } = choice;
  if (streamId === undefined || type !== undefined) return search(ledger, choice, limit, upTo);
  const page = { order: 'oldest_first', limit, after: choice.after, upTo } as const;
  const scanned = { ...page, rowsScannedMax: EVENTS_SEARCHED };
  const viewed = await views.eventPositions({ streamId }, scanned);
  if (viewed.kind === 'being_built' || viewed.upTo === null) {
    return search(ledger, choice, limit, upTo);
  }
  const { rows, next } = viewed.answer;
  const events = await ledger.eventsAt(rows);
  if (next !== null || viewed.upTo >= upTo) return { events, next };
  const after = Math.max(choice.after ?? -1, viewed.upTo);
  const later = await search(ledger, { streamId, after }, limit - events.length, upTo);
  return { events: [...events, ...later.events], next: later.next };
}

/** Looks through the ledger itself: a stream's chain leads backwards only, from its newest event. */
async function search(
  ledger: Ledger,
  choice: EventChoice,
  limit: number,
  upTo: Position,
): Promise<FoundEvents> {
  const events: RecordedEvent[] = [];
  const eventsAtOnce = Math.min(EVENTS_AT_ONCE, choice.type === undefined ? limit + 1 : Infinity);
  let seen = choice.after;
  let searched = 0;
  for await (const page of pagesOf(ledger, choice, upTo, eventsAtOnce)) {
    for (const event of page) {
      if (events.length === limit || searched === EVENTS_SEARCHED) return { events, next: seen };
      if (isChosen(event, choice)) events.push(event);
      seen = event.position;
      searched += 1;
    }
  }
  return { events, next: null };
}

async function* auditPages(
  ledger: Ledger,
  choice: EventChoice,
  limit: number,
  upTo: Position,
): AsyncGenerator<readonly AuditEvent[]> {
  let left = limit;
  for await (const page of pagesOf(ledger, choice, upTo, EVENTS_AT_ONCE)) {
    const chosen = page.filter((event) => isChosen(event, choice)).slice(0, left);
    left -= chosen.length;
    yield auditEventsOf(ledger, chosen);
    if (left === 0) return;
  }
}

function pagesOf(
  ledger: Ledger,
  { after, streamId }: EventChoice,
  upTo: Position,
  eventsAtOnce: number,
): AsyncIterable<readonly RecordedEvent[]> {
  return streamId === undefined
    ? ledgerPages(ledger, { after, upTo }, eventsAtOnce)
    : streamPages(ledger, streamId, { after, upTo });
}

function isChosen(event: RecordedEvent, { type }: EventChoice): boolean {
  return type === undefined || event.type === type;
}
