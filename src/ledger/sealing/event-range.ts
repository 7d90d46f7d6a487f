import type { Position } from '../../domain/identifiers.js';
import type { StoredEvent } from '../verification/ledger.source.js';
import type { StreamReads } from './seal-store.port.js';

/** A store reads at most so many events at once. */
const PAGE_ROWS = 1000;

/** The events from a position to below another one that there are, in order, as they are stored. */
export async function eventsBetween(
  reads: Pick<StreamReads, 'events'>,
  from: Position,
  to: Position,
): Promise<readonly StoredEvent[]> {
  const events: StoredEvent[] = [];
  let next = from;
  while (next < to) {
    const page = await reads.events(next, Math.min(PAGE_ROWS, to - next));
    if (page.length === 0) break;
    for (const event of page) if (event.position < to) events.push(event);
    next = (page.at(-1)?.position ?? to) + 1;
  }
  return events;
}
