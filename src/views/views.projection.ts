import type { Position } from '../domain/identifiers.js';
import type { FedEvent } from '../ledger/ledger-feed.port.js';
import { activityCounts } from './activity.projection.js';
import { auditEventOf } from './audit-events.projection.js';
import { healthCounts } from './client-health.projection.js';
import { type EventOwners, idOf } from './event-owners.js';
import { familyChanges } from './families.projection.js';
import { incidentChanges } from './incidents.projection.js';
import type { Erasure, ProjectedEvent, ViewChanges } from './view-changes.js';

/**
 * What a batch of events changes in views that have come to `after`: the events that follow it, in
 * order and without a gap, or an Error is thrown. Undefined for an empty batch. Nothing is done, so
 * that replaying events has no effect outside the views.
 */
export function changesOf(
  after: Position | null,
  batch: readonly FedEvent[],
  owners: EventOwners,
): ViewChanges | undefined {
  const events: ProjectedEvent[] = [];
  const rows = batch.map(({ event: recorded, origin }, index) => {
    // The ledger checked its data against the catalogue when it was written.
    const event = recorded as unknown as ProjectedEvent;
    requireNext(event, (after ?? -1) + 1 + index);
    events.push(event);
    return auditEventOf(event, owners.of(event), origin?.address);
  });
  const last = events.at(-1);
  if (last === undefined) return undefined;
  return {
    after,
    newest: { position: last.position, id: last.id, at: last.appendedAt },
    auditEvents: rows,
    families: familyChanges(events, rows),
    incidents: incidentChanges(events, rows),
    clientHealth: healthCounts(rows),
    activity: activityCounts(rows),
    erasures: events.flatMap(erasureOf),
  };
}

function requireNext({ position }: ProjectedEvent, expected: Position): void {
  if (position !== expected) throw new Error(`position ${position} came in place of ${expected}`);
}

function erasureOf({ type, streamId, position }: ProjectedEvent): Erasure[] {
  return type === 'AccountErased' ? [{ subject: idOf(streamId), position }] : [];
}
