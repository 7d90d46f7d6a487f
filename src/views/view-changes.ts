import type { RecordedEvent } from '../domain/envelope.js';
import type { LedgerEvent } from '../domain/events/event-catalogue.js';
import type { RejectionReason } from '../domain/events/token-family.events.js';
import type { Instant, Position } from '../domain/identifiers.js';
import type { EventType } from './event-outcomes.js';
import type { ViewedEvent, ViewedFamily, ViewedIncident } from './views.port.js';

/** An event of the ledger as projections read it: told apart by `type`, and where it stands. */
export type ProjectedEvent = LedgerEvent &
  Pick<RecordedEvent, 'id' | 'streamId' | 'actor' | 'position' | 'previousPosition' | 'appendedAt'>;

/** A row of `audit_events`. The outcome follows from the type. */
export interface AuditEventRow extends Omit<ViewedEvent, 'outcome'> {
  /** The account that acted, where it is not the event's own subject. */
  readonly actingSubject: string | null;
  /** What it is counted as for its client, by hour; null: as nothing. */
  readonly measures: readonly HealthMeasure[] | null;
  /** How many presentations it stands for. */
  readonly presentations: number;
  /** The client that presented the token, where it is another client's. */
  readonly presenterId: string | null;
}

/** What a batch says of a family; what it does not say is absent, and stays as it was. */
export interface FamilyChange {
  readonly familyId: string;
  begun?: Pick<
    ViewedFamily,
    | 'clientId'
    | 'subject'
    | 'sessionId'
    | 'createdPosition'
    | 'createdAt'
    | 'codeExpiresAt'
    | 'absoluteExpiresAt'
  >;
  redeemedPosition?: Position;
  end?: NonNullable<ViewedFamily['end']>;
  firstIncidentPosition?: Position;
}

/** What a batch says of an incident. */
export interface IncidentChange {
  readonly incidentId: string;
  opened?: Pick<
    ViewedIncident,
    'kind' | 'familyId' | 'clientId' | 'subject' | 'openedPosition' | 'openedAt'
  >;
  verdict?: NonNullable<ViewedIncident['verdict']>;
}

/** What is counted of a client. */
export type HealthMeasure =
  | 'redeemed'
  | 'rotated'
  | 'refreshed'
  | 'retried_within_2_seconds'
  | 'retried_later'
  | 'retried_at_unknown_age'
  | 'retried_by_other_party'
  | 'refreshed_early'
  | 'presented_by_other_client'
  | 'reuse'
  | `rejected:${RejectionReason}`;

/** By how much a counter of a client grows in one hour, and in which events. */
export interface HealthCount {
  readonly clientId: string;
  readonly hour: Instant;
  readonly measure: HealthMeasure;
  count: number;
  readonly firstPosition: Position;
  lastPosition: Position;
}

/** By how much the count of a type of event grows in one hour. */
export interface ActivityCount {
  /** Empty for the whole ledger. */
  readonly clientId: string;
  readonly hour: Instant;
  readonly type: EventType;
  count: number;
}

/** From here back, nothing personal of this subject may be in the views. */
export interface Erasure {
  readonly subject: string;
  readonly position: Position;
}

/** The newest event of views, by which they are compared with a ledger. */
export interface NewestEvent {
  readonly position: Position;
  readonly id: string;
  readonly at: Instant;
}

/** All that one batch of events changes. It can be applied exactly once: to views at `after`. */
export interface ViewChanges {
  readonly after: Position | null;
  readonly newest: NewestEvent;
  readonly auditEvents: readonly AuditEventRow[];
  readonly families: readonly FamilyChange[];
  readonly incidents: readonly IncidentChange[];
  readonly clientHealth: readonly HealthCount[];
  readonly activity: readonly ActivityCount[];
  readonly erasures: readonly Erasure[];
}
