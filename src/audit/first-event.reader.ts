import { ledgerPages } from '../access/event-pages.js';
import { firstPositionSince } from '../access/moment.js';
import type { RecordedEvent } from '../domain/envelope.js';
import { type Instant, type Position, type StreamId, streamIdOf } from '../domain/identifiers.js';
import type { Ledger } from '../ledger/ledger.port.js';
import type { EventSources } from './list-events.handler.js';

/** An event is appended at most so long after it was decided, in milliseconds. */
const APPENDED_WITHIN = 60_000;

/**
 * The first event of a family that was granted at this instant of the store's clock; undefined when
 * none is where it should be. The views know where it is, as soon as they have come so far.
 */
export async function firstEventOf(
  { ledger, views }: EventSources,
  familyId: string,
  grantedAt: Instant,
): Promise<RecordedEvent | undefined> {
  const streamId = streamIdOf('family', familyId);
  // Damaged views cost time, not the answer.
  const viewed = await views.family(familyId).catch(() => undefined);
  const place = viewed?.kind === 'viewed' ? viewed.answer?.createdPosition : undefined;
  const [event] = place === undefined ? [] : await ledger.eventsAt([place]);
  const isFirst = event?.streamId === streamId && event.streamVersion === 1;
  return isFirst ? event : firstEventSince(ledger, streamId, grantedAt);
}

/**
 * Looks for it in the ledger. The store's clock never runs backwards, so the place is found by halving
 * and the stream is not walked through.
 */
async function firstEventSince(
  ledger: Ledger,
  streamId: StreamId,
  begunAt: Instant,
): Promise<RecordedEvent | undefined> {
  const size = await ledger.size();
  const since = await firstPositionSince(ledger, begunAt, size);
  for await (const page of ledgerPages(ledger, { after: beforeOf(since), upTo: size - 1 })) {
    const first = page.find((event) => event.streamId === streamId);
    if (first !== undefined) return first;
    if (page.some(({ appendedAt }) => appendedAt > begunAt + APPENDED_WITHIN)) return undefined;
  }
  return undefined;
}

function beforeOf(position: Position): Position | null {
  return position === 0 ? null : position - 1;
}
