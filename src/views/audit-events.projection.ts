import { measuresOf } from './client-health.projection.js';
import { idOf, type Owners } from './event-owners.js';
import type { AuditEventRow, ProjectedEvent } from './view-changes.js';

const ACCOUNT = 'account:';

/** The row of an event: where it stands, whose it is, and what it says in a few words. */
export function auditEventOf(
  event: ProjectedEvent,
  { familyId, subject, clientId }: Owners,
  address: string | undefined,
): AuditEventRow {
  const { actor } = event;
  const acting = actor.startsWith(ACCOUNT) ? actor.slice(ACCOUNT.length) : null;
  return {
    position: event.position,
    at: event.appendedAt,
    type: event.type,
    streamId: event.streamId,
    familyId,
    subject,
    clientId,
    reason: reasonOf(event),
    incidentId: incidentIdOf(event),
    generation: generationOf(event),
    actingSubject: acting === subject ? null : acting,
    measures: measuresOf(event),
    presentations: event.type === 'PresentationsCounted' ? event.data.count : 1,
    presenterId: presenterIdOf(event),
    address: address ?? null,
  };
}

function presenterIdOf(event: ProjectedEvent): string | null {
  const isForeign = event.type === 'RefreshRejected' && event.data.reason === 'foreign_client';
  return isForeign ? (event.data.clientId ?? null) : null;
}

function reasonOf(event: ProjectedEvent): string | null {
  switch (event.type) {
    case 'RefreshRejected':
    case 'PresentationsCounted':
    case 'FamilyRevoked':
    case 'AccessTokenRevoked':
    case 'SessionEnded':
      return event.data.reason ?? null;
    case 'RefreshTokenReuseDetected':
      return event.data.cause;
    case 'IncidentOpened':
      return event.data.kind;
    case 'IncidentVerdictGiven':
      return event.data.verdict;
    default:
      return null;
  }
}

function incidentIdOf(event: ProjectedEvent): string | null {
  switch (event.type) {
    case 'RefreshRetried':
    case 'RefreshRejected':
    case 'RefreshTokenReuseDetected':
    case 'FamilyRevoked':
    case 'LedgerRollbackSuspected':
      return event.data.incidentId ?? null;
    case 'IncidentOpened':
    case 'IncidentVerdictGiven':
      return idOf(event.streamId);
    default:
      return null;
  }
}

function generationOf(event: ProjectedEvent): number | null {
  switch (event.type) {
    case 'GrantRedeemed':
    case 'RefreshTokenRotated':
    case 'AccessTokenRefreshed':
    case 'PresentationsCounted':
      return event.data.generation ?? null;
    case 'RefreshRetried':
    case 'RefreshRejected':
    case 'RefreshTokenReuseDetected':
    case 'LedgerRollbackSuspected':
      return event.data.presentedGeneration ?? null;
    default:
      return null;
  }
}
