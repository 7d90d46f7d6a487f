import type { Envelope, RecordedEvent } from '../../domain/envelope.js';
import { envelopeSchema } from '../../domain/events/envelope-schema.js';
import { eventDataFault, faultPlaceOf } from '../../domain/events/event-data.rules.js';
import { canonicalJson, type JsonValue } from '../../domain/canonical-json.js';
import type { Position, StreamId } from '../../domain/identifiers.js';
import type { EventWithOrigin } from '../../domain/investigation/family-record.rules.js';
import type { BundledEvent } from './bundle.evidence.js';

/** An event of a bundle, read: without the columns that only the ledger's own tables have. */
export type ReadEvent = EventWithOrigin & { readonly event: RecordedEvent };

/** Why a body is none. */
export interface UnreadableBody {
  readonly fault: string;
}

/**
 * Reads the body of an event, and only what the ledger can have written: canonical JSON of an envelope
 * and of data that the catalogue knows. The body is attacker-controlled; nothing is thrown.
 */
export function readBody(body: string): (Envelope & Pick<RecordedEvent, 'data'>) | UnreadableBody {
  const value = parsed(body);
  if (value === undefined) return { fault: 'its body is not canonical JSON' };
  const { data, ...rest } = value;
  const envelope = envelopeSchema.safeParse(rest);
  if (!envelope.success) {
    return { fault: `its envelope is wrong at ${faultPlaceOf(envelope.error)}` };
  }
  const { streamId, type } = envelope.data;
  const kind = streamId.slice(0, Math.max(0, streamId.indexOf(':')));
  const fault = eventDataFault(kind, type, data);
  if (fault !== undefined) return { fault };
  return { ...(envelope.data as Envelope), data: data as RecordedEvent['data'] };
}

/**
 * Reads events whose bodies are known to be readable, in the order they come in. Where the ledger's
 * tables say more than the bodies, that is told from the bodies.
 */
export function readEvents(events: readonly BundledEvent[]): readonly ReadEvent[] {
  const lastOf = new Map<StreamId, Position>();
  return events.map(({ position, body, origin }) => {
    const read = JSON.parse(body) as Envelope & Pick<RecordedEvent, 'data'>;
    const previousPosition = lastOf.get(read.streamId) ?? null;
    lastOf.set(read.streamId, position);
    const place = { position, previousPosition, appendedAt: read.recordedAt };
    return { event: { ...read, ...place }, origin: origin ?? undefined };
  });
}

/** The events of each stream, in the order they come in. */
export function streamsIn(
  events: readonly ReadEvent[],
): ReadonlyMap<StreamId, readonly ReadEvent[]> {
  const streams = new Map<StreamId, ReadEvent[]>();
  for (const read of events) {
    const { streamId } = read.event;
    const own = streams.get(streamId);
    if (own === undefined) streams.set(streamId, [read]);
    else own.push(read);
  }
  return streams;
}

function parsed(body: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(body) as JsonValue;
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject && canonicalJson(value) === body
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
