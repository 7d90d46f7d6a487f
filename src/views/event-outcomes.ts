import type { LedgerEvent } from '../domain/events/event-catalogue.js';

/** What an event came to, in one word of a closed union; every type of event has exactly one. */
export type EventOutcome =
  | 'issued'
  | 'redeemed'
  | 'rotated'
  | 'refreshed'
  | 'retried'
  | 'rejected'
  | 'counted'
  | 'reused'
  | 'revoked'
  | 'rolled_back'
  | 'opened'
  | 'judged'
  | 'session'
  | 'consent'
  | 'directory'
  | 'administration';

/** What is known as an event: the types of the catalogue. */
export type EventType = LedgerEvent['type'];

/** The outcome of every type of event. */
export const EVENT_OUTCOMES: Readonly<Record<EventType, EventOutcome>> = {
  GrantIssued: 'issued',
  GrantRedeemed: 'redeemed',
  RefreshTokenRotated: 'rotated',
  AccessTokenRefreshed: 'refreshed',
  RefreshRetried: 'retried',
  RefreshRejected: 'rejected',
  PresentationsCounted: 'counted',
  RefreshTokenReuseDetected: 'reused',
  FamilyRevoked: 'revoked',
  AccessTokenRevoked: 'revoked',
  LedgerRollbackSuspected: 'rolled_back',
  ClientTokenIssued: 'issued',
  ClientRegistered: 'directory',
  ClientUpdated: 'directory',
  ClientSecretRotated: 'directory',
  ClientDisabled: 'directory',
  ClientTokensNotBeforeMoved: 'directory',
  AccountCreated: 'directory',
  AccountPasswordChanged: 'directory',
  AccountDisabled: 'directory',
  AccountErased: 'directory',
  AccountTokensNotBeforeMoved: 'directory',
  ProjectCreated: 'directory',
  ProjectDisabled: 'directory',
  SigningKeyCreated: 'directory',
  SigningKeyActivated: 'directory',
  SigningKeyRetired: 'directory',
  SigningKeyTokensNotBeforeMoved: 'directory',
  SessionStarted: 'session',
  SessionEnded: 'session',
  ConsentGiven: 'consent',
  ConsentWithdrawn: 'consent',
  IncidentOpened: 'opened',
  IncidentVerdictGiven: 'judged',
  AdministrationRecorded: 'administration',
  RevocationStarted: 'administration',
  RevocationCompleted: 'administration',
  LogOpened: 'administration',
  LedgerRestored: 'administration',
};

/** The types of event that come to this outcome. */
export function typesOfOutcome(outcome: EventOutcome): readonly EventType[] {
  return (Object.keys(EVENT_OUTCOMES) as EventType[]).filter(
    (type) => EVENT_OUTCOMES[type] === outcome,
  );
}
