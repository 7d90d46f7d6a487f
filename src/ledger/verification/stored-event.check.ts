import type { Envelope } from '../../domain/envelope.js';
import { envelopeSchema } from '../../domain/events/envelope-schema.js';
import { eventDataFault, faultPlaceOf } from '../../domain/events/event-data.rules.js';
import type { Instant, Position, StreamKind } from '../../domain/identifiers.js';
import { originCommitment } from '../origin-commitment.js';
import { parseCanonicalObject } from './canonical-object.js';
import type { StoredEvent } from './ledger.source.js';

/** An event's body, read and found to be what its row says. */
export interface CheckedEvent {
  readonly kind: StreamKind;
  readonly envelope: Envelope;
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * What is wrong with a stored event by itself, or the event. The row may hold anything at all.
 * `appendedAtBefore` reads that of the event before it: `appended_at` is the latest `recordedAt` so
 * far. It is asked only where the two differ, for that times never run backwards is seen elsewhere.
 */
export function checkStoredEvent(
  stored: StoredEvent,
  appendedAtBefore: (position: Position) => Instant,
): CheckedEvent | { readonly problem: string } {
  const body = parseCanonicalObject(stored.body);
  if (body === undefined) return { problem: 'the body is not canonical JSON' };
  const { data, ...rest } = body;
  const parsed = envelopeSchema.safeParse(rest);
  if (!parsed.success) return { problem: `the envelope is wrong at ${faultPlaceOf(parsed.error)}` };
  const envelope = parsed.data as Envelope;
  const column = differingColumn(stored, envelope, appendedAtBefore);
  if (column !== undefined) return { problem: `the body and the column ${column} differ` };
  const kind = stored.streamId.slice(0, Math.max(0, stored.streamId.indexOf(':')));
  const fault = eventDataFault(kind, stored.type, data);
  if (fault !== undefined) return { problem: fault };
  if (!isCommitted(stored, envelope)) {
    return { problem: 'the origin is not the one that the event committed to' };
  }
  return { kind: kind as StreamKind, envelope, data: data as CheckedEvent['data'] };
}

function differingColumn(
  stored: StoredEvent,
  envelope: Envelope,
  appendedAtBefore: (position: Position) => Instant,
): string | undefined {
  if (envelope.streamId !== stored.streamId) return 'stream_id';
  if (envelope.streamVersion !== stored.streamVersion) return 'stream_version';
  if (envelope.type !== stored.type) return 'type';
  const { recordedAt } = envelope;
  if (stored.appendedAt === recordedAt) return undefined;
  const appendedAt = Math.max(recordedAt, appendedAtBefore(stored.position));
  return appendedAt === stored.appendedAt ? undefined : 'appended_at';
}

function isCommitted({ origin }: StoredEvent, envelope: Envelope): boolean {
  if (origin === undefined) return true;
  // Base64url is read generously: another text could stand for the same bytes.
  const isSaltExact = Buffer.from(origin.salt, 'base64url').toString('base64url') === origin.salt;
  return isSaltExact && originCommitment(origin.salt, origin) === envelope.originCommitment;
}
