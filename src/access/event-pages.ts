import { setImmediate } from 'node:timers/promises';
import type { RecordedEvent } from '../domain/envelope.js';
import type { Position, StreamId } from '../domain/identifiers.js';
import type { Ledger } from '../ledger/ledger.port.js';

/** So many events are read at one go; between two goes the server's other work has its turn. */
export const EVENTS_AT_ONCE = 250;

/** So many pages of a stream, the newest, are in memory while it is gone through: read once, and no more. */
const PAGES_KEPT = 8;

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
 * once to its beginning, and where its pages end is all that is kept of most of that.
 */
export async function* streamPages(
  ledger: Ledger,
  streamId: StreamId,
  range: EventRange,
): AsyncGenerator<readonly RecordedEvent[]> {
  yield* (await walkStream(ledger, streamId, range)).pages();
}

/** A stream that was walked to its beginning once, however long it is. */
export interface StreamWalk {
  /** Whether no event is in the range. */
  readonly isEmpty: boolean;
  /** Its events, oldest first, a page at a time; as often as they are asked for. */
  pages(): AsyncGenerator<readonly RecordedEvent[]>;
}

/** Walks a stream back to where a range begins. */
export async function walkStream(
  ledger: Ledger,
  streamId: StreamId,
  { after, upTo }: EventRange,
): Promise<StreamWalk> {
  const lowest = after ?? -1;
  const kept: (readonly RecordedEvent[])[] = [];
  const ends: Position[] = [];
  const pageBelow = async (end: Position | null) => {
    const { events, next } = await ledger.streamEvents(streamId, end, EVENTS_AT_ONCE);
    const inRange = events.filter(({ position }) => position > lowest && position <= upTo);
    return { page: inRange.reverse(), next };
  };
  for (let end: Position | null = null; ;) {
    const { page, next } = await pageBelow(end);
    // What is newer than the range has no place. The newest page is kept: it has no end to go back to.
    if (page.length > 0) {
      if (end === null || kept.length < PAGES_KEPT) kept.push(page);
      else ends.push(end);
    }
    if (next === null || next <= lowest) break;
    end = next;
    await turn();
  }
  return {
    isEmpty: kept.length === 0,
    async *pages() {
      for (const end of ends.toReversed()) {
        yield (await pageBelow(end)).page;
        await turn();
      }
      for (const [index, page] of kept.toReversed().entries()) {
        if (index > 0) await turn();
        yield page;
      }
    },
  };
}

let lastTurn: Promise<unknown> = Promise.resolve();

/** Waits until other work has had its turn: of several that go through long streams, one goes on. */
function turn(): Promise<unknown> {
  lastTurn = lastTurn.then(() => setImmediate());
  return lastTurn;
}
