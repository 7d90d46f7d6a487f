import type { Envelope } from '../../domain/envelope.js';
import { envelopeSchema } from '../../domain/events/envelope-schema.js';
import { isPlainBody } from '../../domain/events/body-pattern.js';
import { eventDataFault, faultPlaceOf } from '../../domain/events/event-data.rules.js';
import type { StreamKind } from '../../domain/identifiers.js';
import { isOriginSalt, originCommitment } from '../origin-commitment.js';
import { parseCanonicalObject } from './canonical-object.js';
import type { StoredEvent } from './ledger.source.js';

/** What the fold needs of an event. */
export interface ReadEvent {
  readonly kind: StreamKind;
  readonly envelope: Envelope;
  readonly data: Readonly<Record<string, unknown>>;
}

/** An event's body, read and found to be what its row says. */
export interface CheckedEvent extends ReadEvent {
  /**
   * Whether it was appended later than it says to be recorded: `appended_at` is the latest
   * `recordedAt` so far, and must then be that of the event before it in the log.
   */
  readonly isLate: boolean;
}

/** What is wrong with a stored event by itself, or the event. The row may hold anything at all. */
export function checkStoredEvent(stored: StoredEvent): CheckedEvent | { readonly problem: string } {
  const kind = stored.streamId.slice(0, Math.max(0, stored.streamId.indexOf(':')));
  const read = plainEvent(kind, stored) ?? readEvent(stored);
  if ('problem' in read) return read;
  const { envelope, data } = read;
  const column = differingColumn(stored, envelope);
  if (column !== undefined) return { problem: differenceIn(column) };
  const fault = read.isRight ? undefined : eventDataFault(kind, stored.type, data);
  if (fault !== undefined) return { problem: fault };
  if (!isCommitted(stored, envelope)) {
    return { problem: 'the origin is not the one that the event committed to' };
  }
  return {
    kind: kind as StreamKind,
    envelope,
    data: data as CheckedEvent['data'],
    isLate: stored.appendedAt !== envelope.recordedAt,
  };
}

/** What a body says; of its data it is known whether they are right, or they may be anything. */
interface EventRead {
  readonly envelope: Envelope;
  readonly data: unknown;
  readonly isRight: boolean;
}

/** An event whose body looks like those of its type mostly do; undefined for any other one. */
function plainEvent(kind: string, { type, body }: StoredEvent): EventRead | undefined {
  try {
    if (!isPlainBody(kind, type, body)) return undefined;
    const envelope = JSON.parse(body) as Envelope & { readonly data: unknown };
    return { envelope, data: envelope.data, isRight: true };
  } catch {
    return undefined;
  }
}

function readEvent(stored: StoredEvent): EventRead | { readonly problem: string } {
  const body = parseCanonicalObject(stored.body);
  if (body === undefined) return { problem: 'the body is not canonical JSON' };
  const { data, ...rest } = body;
  const parsed = envelopeSchema.safeParse(rest);
  if (!parsed.success) return { problem: `the envelope is wrong at ${faultPlaceOf(parsed.error)}` };
  return { envelope: parsed.data as Envelope, data, isRight: false };
}

/** What is wrong with an event whose body and column differ. */
export function differenceIn(column: string): string {
  return `the body and the column ${column} differ`;
}

function differingColumn(stored: StoredEvent, envelope: Envelope): string | undefined {
  if (envelope.streamId !== stored.streamId) return 'stream_id';
  if (envelope.streamVersion !== stored.streamVersion) return 'stream_version';
  if (envelope.type !== stored.type) return 'type';
  return stored.appendedAt < envelope.recordedAt ? 'appended_at' : undefined;
}

function isCommitted({ origin }: StoredEvent, envelope: Envelope): boolean {
  if (origin === undefined) return true;
  const { salt } = origin;
  return isOriginSalt(salt) && originCommitment(salt, origin) === envelope.originCommitment;
}
