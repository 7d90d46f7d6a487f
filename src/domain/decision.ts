import type { EventOf } from './events/event-catalogue.js';
import type { StreamId, StreamKind } from './identifiers.js';

/** Another stream that a decision begins in the same commit. */
export type Companion<Kind extends StreamKind = StreamKind> = Kind extends StreamKind
  ? { readonly kind: Kind; readonly streamId: StreamId; readonly events: readonly EventOf<Kind>[] }
  : never;

/** What a decider says: events to append first, and the outcome to answer with second. */
export interface Decision<Kind extends StreamKind, Outcome> {
  readonly events: readonly EventOf<Kind>[];
  readonly outcome: Outcome;
  /** New streams that begin with this decision. */
  readonly companions?: readonly Companion[] | undefined;
}

/** A decision that appends nothing. */
export function noEvents<Kind extends StreamKind, Outcome>(
  outcome: Outcome,
): Decision<Kind, Outcome> {
  return { events: [], outcome };
}
