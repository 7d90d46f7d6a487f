import { canonicalJson, type JsonValue } from '../domain/canonical-json.js';
import type { Envelope, RecordedEvent } from '../domain/envelope.js';
import { isPlainBody } from '../domain/events/body-pattern.js';
import { eventDataFault } from '../domain/events/event-data.rules.js';
import type { Instant, Position, StreamKind } from '../domain/identifiers.js';
import { ENTRY_BYTES_MAX } from '../tlog/entry-bundle.js';

/** A character of a string takes at most so many bytes of UTF-8. */
const CHARACTER_BYTES_MAX = 3;

/** The canonical body of an event, and what it says of its data. */
export interface EventBody {
  readonly body: string;
  /** As whoever reads the body has them, members in its order: what states are folded from. */
  readonly data: EventInFull['data'];
}

/**
 * The canonical body of an event: the bytes that are the contract. Throws a RangeError for one that no
 * entry bundle can hold, for it could never be published; an Error when its data are not as the catalogue
 * says, and a TypeError for what has no canonical form.
 */
export function eventBody(kind: StreamKind, event: EventInFull): EventBody {
  const written = writtenBody(kind, event);
  const { body } = written;
  if (body.length * CHARACTER_BYTES_MAX <= ENTRY_BYTES_MAX) return written;
  if (Buffer.byteLength(body) <= ENTRY_BYTES_MAX) return written;
  throw new RangeError(`an event must have at most ${ENTRY_BYTES_MAX} bytes`);
}

/** What an event says, before it has a place. */
type EventInFull = Envelope & Pick<RecordedEvent, 'data'>;

/**
 * What happens often has its members in canonical order already. Then its text needs no sorting, and that
 * it is canonical and right by the catalogue is told from the text; anything else takes the long way.
 */
function writtenBody(kind: StreamKind, event: EventInFull): EventBody {
  const text = JSON.stringify(event);
  // JSON says null of numbers that are none: what may really be null is looked at.
  if (!text.includes('null') && isPlainBody(kind, event.type, text)) {
    return { body: text, data: event.data };
  }
  const fault = eventDataFault(kind, event.type, event.data);
  if (fault !== undefined) throw new Error(fault);
  const body = canonicalJson(event as unknown as JsonValue);
  return { body, data: (JSON.parse(body) as EventInFull).data };
}

/** Where a body stands in its log. */
export interface Placement {
  readonly position: Position;
  readonly previousPosition: Position | null;
  readonly appendedAt: Instant;
}

/** Reads a body back. Throws a SyntaxError when it is not JSON. */
export function recordedEvent(body: string, placement: Placement): RecordedEvent {
  // What was just parsed is nobody else's: to be added to, not copied, which costs twice the parsing.
  return Object.assign(JSON.parse(body) as Envelope & Pick<RecordedEvent, 'data'>, placement);
}
