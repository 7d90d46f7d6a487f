import type { AuditEventRow, FamilyChange, ProjectedEvent } from './view-changes.js';

/** What happened to families for the first time in a batch; nothing is said of a rotation. */
export function familyChanges(
  events: readonly ProjectedEvent[],
  rows: readonly AuditEventRow[],
): FamilyChange[] {
  const changes = new Map<string, FamilyChange>();
  for (const [index, event] of events.entries()) {
    const row = rows[index];
    if (row === undefined || row.familyId === null) continue;
    const change = changes.get(row.familyId) ?? { familyId: row.familyId };
    if (note(change, event, row)) changes.set(row.familyId, change);
  }
  return [...changes.values()];
}

function note(change: FamilyChange, event: ProjectedEvent, row: AuditEventRow): boolean {
  const { position, at } = row;
  switch (event.type) {
    case 'GrantIssued': {
      const { clientId, subject } = row;
      const { sessionId = null, absoluteExpiresAt, code } = event.data;
      const created = { createdPosition: position, createdAt: at };
      const codeExpiresAt = code?.expiresAt ?? null;
      const expiries = { codeExpiresAt, absoluteExpiresAt };
      change.begun = { clientId, subject, sessionId, ...created, ...expiries };
      return true;
    }
    case 'GrantRedeemed':
      change.redeemedPosition ??= position;
      return true;
    case 'FamilyRevoked':
      change.end ??= { position, at, reason: event.data.reason };
      return true;
    case 'IncidentOpened':
      change.firstIncidentPosition ??= position;
      return true;
    default:
      return false;
  }
}
