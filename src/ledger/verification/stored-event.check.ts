import type { z } from 'zod';
import { canonicalJson, type JsonValue } from '../../domain/canonical-json.js';
import type { Envelope } from '../../domain/envelope.js';
import { eventCatalogue } from '../../domain/events/event-catalogue.js';
import type { Position, StreamKind } from '../../domain/identifiers.js';
import { originCommitment } from '../origin-commitment.js';
import type { StoredEvent } from './ledger.source.js';

/** An event's body, read and found to be what its row says. */
export interface CheckedEvent {
  readonly kind: StreamKind;
  readonly envelope: Envelope;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What is wrong with a stored event by itself, or the event. The row may hold anything at all. */
export function checkStoredEvent(
  stored: StoredEvent,
  expected: { readonly position: Position; readonly appendedAtMin: number },
): CheckedEvent | { readonly problem: string } {
  if (stored.position !== expected.position) {
    return { problem: `position ${expected.position} is missing` };
  }
  if (stored.appendedAt < expected.appendedAtMin) return { problem: 'appended_at runs backwards' };
  const body = parseCanonical(stored.body);
  if (body === undefined) return { problem: 'the body is not canonical JSON' };
  const { data, ...envelope } = body as unknown as Envelope & { data: Record<string, unknown> };
  const column = differingColumn(stored, envelope);
  if (column !== undefined) return { problem: `the body and the column ${column} differ` };
  const kind = stored.streamId.slice(0, stored.streamId.indexOf(':')) as StreamKind;
  const shape = checkShape(kind, stored.type, data);
  if (shape !== undefined) return { problem: shape };
  if (stored.origin !== undefined && !isCommitted(stored, envelope)) {
    return { problem: 'the origin is not the one that the event committed to' };
  }
  return { kind, envelope, data };
}

function parseCanonical(body: string): object | undefined {
  try {
    const value = JSON.parse(body) as JsonValue;
    if (typeof value !== 'object' || value === null) return undefined;
    return canonicalJson(value) === body ? value : undefined;
  } catch {
    return undefined;
  }
}

function differingColumn(stored: StoredEvent, envelope: Envelope): string | undefined {
  if (envelope.streamId !== stored.streamId) return 'stream_id';
  if (envelope.streamVersion !== stored.streamVersion) return 'stream_version';
  if (envelope.type !== stored.type) return 'type';
  return envelope.recordedAt <= stored.appendedAt ? undefined : 'appended_at';
}

function checkShape(kind: StreamKind, type: string, data: unknown): string | undefined {
  const types = (eventCatalogue as Record<string, Record<string, z.ZodObject>>)[kind];
  const schema = types !== undefined && Object.hasOwn(types, type) ? types[type] : undefined;
  if (schema === undefined) return `a stream of kind ${kind} cannot hold ${type}`;
  const parsed = schema.strict().safeParse(data);
  if (parsed.success) return undefined;
  return `the data of ${type} are wrong at ${parsed.error.issues[0]?.path.join('.') || 'the top'}`;
}

function isCommitted(stored: StoredEvent, envelope: Envelope): boolean {
  if (stored.origin === undefined) return true;
  const { salt, ...origin } = stored.origin;
  return originCommitment(salt, origin) === envelope.originCommitment;
}
