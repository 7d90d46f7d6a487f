import { canonicalJson, type JsonValue } from '../domain/canonical-json.js';
import type { Envelope, RecordedEvent } from '../domain/envelope.js';
import type { Instant, Position } from '../domain/identifiers.js';
import { ENTRY_BYTES_MAX } from '../tlog/entry-bundle.js';

/**
 * The canonical body of an event: the bytes that are the contract. Throws a RangeError for one that no
 * entry bundle can hold: it could never be published.
 */
export function eventBody(envelope: Envelope, data: Readonly<Record<string, unknown>>): string {
  const body = canonicalJson({ ...envelope, data } as unknown as JsonValue);
  if (Buffer.byteLength(body) <= ENTRY_BYTES_MAX) return body;
  throw new RangeError(`an event must have at most ${ENTRY_BYTES_MAX} bytes`);
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
