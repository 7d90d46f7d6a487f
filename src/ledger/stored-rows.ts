import type { RecordedEvent } from '../domain/envelope.js';
import type { StreamKind } from '../domain/identifiers.js';
import type { StateOf } from '../domain/streams.js';
import { type Placement, recordedEvent } from './event-body.js';
import { LedgerCorrupted } from './ledger.errors.js';

/** No read of the ledger takes more rows than this at once. */
export const PAGE_ROWS_MAX = 1000;

/** How many rows a page has that so many were asked for. */
export function rowsOf(limit: number): number {
  return Math.max(1, Math.min(limit, PAGE_ROWS_MAX));
}

/** Reads an event as it is stored. Throws LedgerCorrupted when it is not JSON. */
export function readBody(body: string, placement: Placement): RecordedEvent {
  try {
    return recordedEvent(body, placement);
  } catch (error) {
    const { position } = placement;
    throw new LedgerCorrupted(`the event at position ${position} cannot be read`, { cause: error });
  }
}

/** Reads a state as it is stored. Throws LedgerCorrupted when it is not JSON. */
export function parseState<Kind extends StreamKind>(streamId: string, text: string): StateOf<Kind> {
  try {
    return JSON.parse(text) as StateOf<Kind>;
  } catch (error) {
    throw new LedgerCorrupted(`the state of ${streamId} cannot be read`, { cause: error });
  }
}
