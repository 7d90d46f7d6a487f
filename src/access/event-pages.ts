import { setImmediate } from 'node:timers/promises';
import type { RecordedEvent } from '../domain/envelope.js';
import type { Position, StreamId } from '../domain/identifiers.js';
import type { Ledger } from '../ledger/ledger.port.js';

/** So many events are read at one go; between two goes the server's other work has its turn. */
export const EVENTS_AT_ONCE = 250;

/** Events after `after` and up to `upTo`, both positions. */
export interface EventRange {
  readonly after: Position | null;
  readonly upTo: Position;
}

/** The ledger's events in order of position, a page at a time. Keeps nothing between two pages. */
export async function* ledgerPages(
  ledger: Ledger,
  { after, upTo }: EventRange,
  eventsAtOnce = EVENTS_AT_ONCE,
): AsyncGenerator<readonly RecordedEvent[]> {
  let last = after;
  do {
    const { events, next } = await ledger.eventsAfter(last, eventsAtOnce);
    yield events.filter(({ position }) => position <= upTo);
    last = next;
    await setImmediate();
  } while (last !== null && last < upTo);
}

/**
 * A stream's events, oldest first, a page at a time. A stream is chained backwards only: it is walked
 * once to its beginning, and where its pages end is all that is kept of that.
 */
export async function* streamPages(
  ledger: Ledger,
  streamId: StreamId,
  { after, upTo }: EventRange,
): AsyncGenerator<readonly RecordedEvent[]> {
  const lowest = after ?? -1;
  const inRange = ({ position }: RecordedEvent): boolean => position > lowest && position <= upTo;
  const newest = await ledger.streamEvents(streamId, null, EVENTS_AT_ONCE);
  const ends: Position[] = [];
  for (let { next } = newest; next !== null && next > lowest;) {
    ends.push(next);
    ({ next } = await ledger.streamEvents(streamId, next, EVENTS_AT_ONCE));
    await setImmediate();
  }
  for (const end of ends.toReversed()) {
    const { events } = await ledger.streamEvents(streamId, end, EVENTS_AT_ONCE);
    yield events.filter(inRange).reverse();
    await setImmediate();
  }
  // Read once and kept: read again, it would begin later by what was appended meanwhile.
  yield newest.events.filter(inRange).reverse();
}
