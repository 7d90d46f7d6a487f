import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import type { RecordedEvent } from '../domain/envelope.js';
import type { Position } from '../domain/identifiers.js';
import { Ledger } from '../ledger/ledger.port.js';
import { asOfEvent, newestEvent, asOfMoment } from './as-of.answer.js';
import { type AuditEvent, auditEventsOf } from './audit-event.answer.js';
import type { EventList } from './event-list.answer.js';
import { EVENTS_AT_ONCE, ledgerPages, streamPages } from '../access/event-pages.js';
import {
  type EventChoice,
  type EventStream,
  ListEvents,
  StreamEvents,
} from './list-events.query.js';

/** So many events are looked through for one page of a filtered list. */
const EVENTS_SEARCHED = 10_000;

/** Answers with a page of the ledger. */
@QueryHandler(ListEvents)
export class ListEventsHandler implements IQueryHandler<ListEvents> {
  constructor(private readonly ledger: Ledger) {}

  async execute({ choice, limit }: ListEvents): Promise<EventList> {
    const newest = await newestEvent(this.ledger);
    const { events, next } = await pageOf(this.ledger, choice, limit, newest.position);
    return { asOf: asOfEvent(newest), events: await auditEventsOf(this.ledger, events), next };
  }
}

/** Answers with all chosen events. */
@QueryHandler(StreamEvents)
export class StreamEventsHandler implements IQueryHandler<StreamEvents> {
  constructor(private readonly ledger: Ledger) {}

  async execute({ choice, limit, moment }: StreamEvents): Promise<EventStream> {
    const newest = await newestEvent(this.ledger);
    const upTo = moment?.position ?? newest.position;
    const pages = auditPages(this.ledger, choice, limit, upTo);
    return { asOf: moment === undefined ? asOfEvent(newest) : asOfMoment(moment), pages };
  }
}

/** A page of chosen events up to a position, and the position to go on after. */
export async function pageOf(
  ledger: Ledger,
  choice: EventChoice,
  limit: number,
  upTo: Position,
): Promise<{ events: RecordedEvent[]; next: Position | null }> {
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
