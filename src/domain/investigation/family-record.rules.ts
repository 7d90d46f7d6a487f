import type { Origin, RecordedEvent } from '../envelope.js';
import type { EventOf } from '../events/event-catalogue.js';
import type { AuthMethod } from '../events/field-schemas.js';
import type { Instant, Position } from '../identifiers.js';

/** An event as the ledger holds it, with where its request came from unless that is not known. */
export interface EventWithOrigin {
  readonly event: RecordedEvent;
  readonly origin?: Origin | undefined;
}

type FamilyEvent = EventOf<'family'>;
type FamilyEventType = FamilyEvent['type'];

/** An event of a family, told apart by its type, with its place in the ledger and its origin. */
export type FamilyRecord<Type extends FamilyEventType = FamilyEventType> = Extract<
  FamilyEvent,
  { readonly type: Type }
> &
  Pick<RecordedEvent, 'streamId' | 'position' | 'recordedAt' | 'actor'> & {
    /** null when it was erased, or never known. */
    readonly origin: Origin | null;
    /** Whether there was an origin that was erased since. */
    readonly isOriginErased: boolean;
  };

/** An event of a family that a request for tokens, or for a code, caused. */
export type RequestRecord = FamilyRecord<
  | 'GrantIssued'
  | 'GrantRedeemed'
  | 'RefreshTokenRotated'
  | 'AccessTokenRefreshed'
  | 'RefreshRetried'
  | 'RefreshRejected'
  | 'RefreshTokenReuseDetected'
  | 'LedgerRollbackSuspected'
>;

/** Reads an event of a family as what the catalogue says it is. */
export function familyRecordOf({ event, origin }: EventWithOrigin): FamilyRecord {
  const { type, data, streamId, position, recordedAt, actor } = event;
  const isOriginErased = origin === undefined && event.originCommitment !== undefined;
  const place = { streamId, position, recordedAt, actor, origin: origin ?? null, isOriginErased };
  return { type, data, ...place } as unknown as FamilyRecord;
}

/** Whether a record is of one of these types. */
export function isOfType<Type extends FamilyEventType>(
  record: FamilyRecord,
  types: readonly Type[],
): record is FamilyRecord<Type> {
  return (types as readonly FamilyEventType[]).includes(record.type);
}

/** The grant that a family begins with. Throws an Error where it begins with anything else. */
export function grantIn(first: FamilyRecord | undefined): FamilyRecord<'GrantIssued'> {
  if (first?.type !== 'GrantIssued')
    throw new Error('the history of a family begins with its grant');
  return first;
}

/** Who asked for something, as its event says it. */
export interface Requester {
  readonly actor: string;
  /** null when the request named no registered client. */
  readonly clientId: string | null;
  readonly clientAuthenticated: boolean;
  readonly authMethod: AuthMethod;
  /** Thumbprint of a key that it proved to hold (RFC 9449). */
  readonly senderKey: string | null;
}

/** A request as the ledger recorded it: where that stands, who asked, and from where. */
export interface RecordedRequest {
  readonly position: Position;
  readonly at: Instant;
  readonly by: Requester;
  /** null when it was erased, or never known. */
  readonly origin: Origin | null;
  readonly isOriginErased: boolean;
}

/** The request that caused this event. */
export function requestOf(record: RequestRecord): RecordedRequest {
  const { position, recordedAt, actor, origin, isOriginErased, data } = record;
  const { clientId = null, clientAuthenticated, authMethod, senderKey = null } = data;
  return {
    position,
    at: recordedAt,
    by: { actor, clientId, clientAuthenticated, authMethod, senderKey },
    origin,
    isOriginErased,
  };
}
