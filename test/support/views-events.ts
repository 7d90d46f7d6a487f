import type { FedEvent } from '../../src/ledger/ledger-feed.port.js';
import type { EventType } from '../../src/views/event-outcomes.js';
import { EventOwners } from '../../src/views/event-owners.js';
import type { ViewChanges } from '../../src/views/view-changes.js';
import { changesOf } from '../../src/views/views.projection.js';
import { goldenBodies } from './domain-golden-events.js';

/** An event of a batch: the golden one of its type, but for what is said here. */
export interface EventSketch {
  readonly type: EventType;
  readonly streamId?: string;
  readonly actor?: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly at?: number;
  /** Where it came from; absent: it had no origin, or that was erased. */
  readonly address?: string;
}

/** When events happen that do not say it: 2026-10-31 14:00 UTC. */
export const SKETCHED_AT = Date.UTC(2026, 9, 31, 14);

/** A whole ledger of these events, from position 0, each chained to the one before in its stream. */
export function ledgerOf(sketches: readonly EventSketch[]): FedEvent[] {
  const last = new Map<string, number>();
  return sketches.map(({ type, at = SKETCHED_AT, address, data, ...overrides }, position) => {
    const golden = JSON.parse(goldenBodies[type] as string) as FedEvent['event'];
    const event = { ...golden, ...overrides, data: { ...golden.data, ...data } };
    const previousPosition = last.get(event.streamId) ?? null;
    last.set(event.streamId, position);
    const origin =
      address === undefined ? undefined : { address, userAgent: 'agent', requestId: 'request' };
    const placed = { ...event, position, previousPosition, appendedAt: at };
    return { event: placed as FedEvent['event'], origin };
  });
}

/** What these events change in empty views. */
export function changesFrom(sketches: readonly EventSketch[]): ViewChanges {
  const changes = changesOf(null, ledgerOf(sketches), new EventOwners(() => undefined));
  if (changes === undefined) throw new Error('there is no event');
  return changes;
}
