import { ledgerPages } from '../access/event-pages.js';
import { firstPositionSince } from '../access/moment.js';
import type { RecordedEvent } from '../domain/envelope.js';
import type { Instant, Position, StreamId } from '../domain/identifiers.js';
import type { Ledger } from '../ledger/ledger.port.js';

/** An event is appended at most so long after it was decided, in milliseconds. */
const APPENDED_WITHIN = 60_000;

/**
 * The first event of a stream that began at this instant of the store's clock. That clock never runs
 * backwards along the ledger, so the place is found by halving and the stream is not walked through.
 */
export async function firstEventOf(
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
