import { idOf } from './event-owners.js';
import type { AuditEventRow, IncidentChange, ProjectedEvent } from './view-changes.js';

/** What incidents were opened in a batch, and what was judged of them last. */
export function incidentChanges(
  events: readonly ProjectedEvent[],
  rows: readonly AuditEventRow[],
): IncidentChange[] {
  const changes = new Map<string, IncidentChange>();
  for (const [index, event] of events.entries()) {
    if (event.type !== 'IncidentOpened' && event.type !== 'IncidentVerdictGiven') continue;
    const row = rows[index] as AuditEventRow;
    const incidentId = idOf(event.streamId);
    const change = changes.get(incidentId) ?? { incidentId };
    changes.set(incidentId, change);
    if (event.type === 'IncidentVerdictGiven') {
      change.verdict = { position: row.position, verdict: event.data.verdict };
      continue;
    }
    const { clientId, subject, position: openedPosition, at: openedAt } = row;
    const { kind, familyId } = event.data;
    change.opened = { kind, familyId, clientId, subject, openedPosition, openedAt };
  }
  return [...changes.values()];
}
