import type { IncidentKind } from '../domain/token-family/family.decision.js';
import type { EventOf } from '../domain/events/event-catalogue.js';
import type { RejectionReason, RevocationReason } from '../domain/events/token-family.events.js';
import type { Instant, Position, StreamId } from '../domain/identifiers.js';
import type { EventOutcome, EventType } from './event-outcomes.js';

/**
 * An answer from the views, or that there are none to ask yet. `upTo` is the newest event that the
 * answer saw, and `at` when it was recorded; both are null on views of an empty ledger. Whoever asks
 * several questions about one moment passes `upTo` of the first answer to the others.
 */
export type Viewed<Answer> =
  | {
      readonly kind: 'viewed';
      readonly upTo: Position | null;
      readonly at: Instant | null;
      readonly answer: Answer;
    }
  | ViewsBeingBuilt;

/** There are no views yet: they are filled for the first time, or anew. Counted in events. */
export interface ViewsBeingBuilt {
  readonly kind: 'being_built';
  readonly done: number;
  readonly total: number;
}

/** How far the views have come. */
export interface ViewsProgress {
  /** The newest event in the views that answer; null: none yet, or no views. */
  readonly position: Position | null;
  /** When that event was recorded. */
  readonly at: Instant | null;
  /** Whether there are views that answer. */
  readonly isServing: boolean;
  /** Set while this process fills new views, counted in events. */
  readonly rebuild: { readonly done: number; readonly total: number } | null;
}

/** In which order rows come: by the position that they began at. */
export type ViewOrder = 'newest_first' | 'oldest_first';

/** What every list takes. */
export interface PageRequest {
  readonly order: ViewOrder;
  /** How many rows at most, from 1 to 1,000. */
  readonly limit: number;
  /** `next` of the page before; absent or null: the first page. */
  readonly after?: Position | null | undefined;
  /** Only what began at this position or later. */
  readonly from?: Position | undefined;
  /** Time travel: the answer is what it was when this was the newest event. */
  readonly upTo?: Position | undefined;
  /** How many rows of an index are looked at for it at most. */
  readonly rowsScannedMax: number;
}

/** A page of rows. It may be short, or empty, and still not be the last: `next` says so. */
export interface ViewPage<Row> {
  readonly rows: readonly Row[];
  /** Where to go on, as `after`; null when there is nothing more in this range. */
  readonly next: Position | null;
  /** How many rows of the index were looked at. */
  readonly rowsScanned: number;
}

/** An event as the views have it. Its body stands in the ledger, under the same position. */
export interface ViewedEvent {
  readonly position: Position;
  /** When it was recorded; never earlier than an event before it. */
  readonly at: Instant;
  readonly type: EventType;
  readonly streamId: StreamId;
  /** The family that it is in, or that an incident is about. */
  readonly familyId: string | null;
  /** Whose family, session, consent, account or incident it is. */
  readonly subject: string | null;
  /** Whose family, token, consent or registration it is: not always who presented something. */
  readonly clientId: string | null;
  readonly outcome: EventOutcome;
  /** Why, in the event's own word: a reason, a cause, the kind of an incident, or a verdict. */
  readonly reason: string | null;
  /** The incident that it is evidence of, or that it opened or judged. */
  readonly incidentId: string | null;
  /** The generation that was issued, else the one that was presented. */
  readonly generation: number | null;
  /** Where the request came from; null when there was none, or it was erased. */
  readonly address: string | null;
}

/** Which events: all that is given must match, exactly. */
export interface EventFilter {
  readonly streamId?: StreamId | undefined;
  readonly familyId?: string | undefined;
  readonly subject?: string | undefined;
  readonly clientId?: string | undefined;
  readonly type?: EventType | undefined;
  readonly outcome?: EventOutcome | undefined;
  readonly reason?: string | undefined;
  readonly address?: string | undefined;
  readonly incidentId?: string | undefined;
}

/** `ended`: it was revoked. What has merely expired is not told apart: an expiry is no event. */
export type FamilyStatus = 'pending' | 'active' | 'ended';

/** A token family: what happens to it once. Its generation and idle expiry stand in the ledger. */
export interface ViewedFamily {
  readonly familyId: string;
  readonly status: FamilyStatus;
  readonly clientId: string | null;
  readonly subject: string | null;
  readonly sessionId: string | null;
  readonly createdPosition: Position;
  readonly createdAt: Instant;
  /** When its code was redeemed. */
  readonly redeemedPosition: Position | null;
  readonly end: {
    readonly position: Position;
    readonly at: Instant;
    readonly reason: RevocationReason;
  } | null;
  /** When the first incident about it was opened. */
  readonly firstIncidentPosition: Position | null;
  /** When its code can no longer be redeemed; null: it has none. */
  readonly codeExpiresAt: Instant | null;
  readonly absoluteExpiresAt: Instant;
}

/** Which families: all that is given must match. */
export interface FamilyFilter {
  readonly familyId?: string | undefined;
  readonly clientId?: string | undefined;
  readonly subject?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly status?: FamilyStatus | undefined;
  /** Why it ended. */
  readonly endReason?: RevocationReason | undefined;
  readonly hasIncident?: boolean | undefined;
  /** One event of it at least, or of an incident about it, must be all of this. */
  readonly event?: FamilyEventFilter | undefined;
}

/** What is asked of one event of a family. */
export type FamilyEventFilter = Pick<EventFilter, 'type' | 'outcome' | 'address'>;

/** What an operator judged an incident to be. */
export type Verdict = Extract<
  EventOf<'incident'>,
  { type: 'IncidentVerdictGiven' }
>['data']['verdict'];

/** An incident: one suspicious presentation. */
export interface ViewedIncident {
  readonly incidentId: string;
  readonly kind: IncidentKind;
  readonly familyId: string;
  /** The family's client; of an unknown family, the one that presented the token. */
  readonly clientId: string | null;
  readonly subject: string | null;
  readonly openedPosition: Position;
  readonly openedAt: Instant;
  /** Where the presenter was; null when that is not known or was erased. */
  readonly address: string | null;
  /** The newest verdict. */
  readonly verdict: { readonly position: Position; readonly verdict: Verdict } | null;
}

/** Which incidents: all that is given must match. */
export interface IncidentFilter {
  readonly kind?: IncidentKind | undefined;
  readonly familyId?: string | undefined;
  readonly clientId?: string | undefined;
  readonly subject?: string | undefined;
  readonly address?: string | undefined;
  /** The newest verdict; null: not judged yet. */
  readonly verdict?: Verdict | null | undefined;
  /** What the event is that it was opened for: all of this. */
  readonly evidence?: EvidenceFilter | undefined;
}

/** What is asked of the event that an incident was opened for. */
export type EvidenceFilter = Pick<EventFilter, 'type' | 'outcome' | 'reason'>;

/** A span of whole hours (UTC): from the one that `from` lies in, up to before `to`. */
export interface HourSpan {
  readonly from: Instant;
  readonly to: Instant;
  /** Time travel: as in PageRequest. */
  readonly upTo?: Position | undefined;
}

/**
 * How the tokens of a client were used. Presentations are counted for the family's own client, but for
 * those by another client, which are rejections of the one that presented.
 */
export interface ClientHealthCounters {
  readonly redeemed: number;
  readonly rotated: number;
  /** New access tokens under the same refresh token. */
  readonly refreshed: number;
  /** Retries, by how long after the rotation they came. */
  readonly retriedWithin2Seconds: number;
  readonly retriedLater: number;
  /** Retries that were only counted, so that their age is not known. */
  readonly retriedAtUnknownAge: number;
  /** Of the retries, those from another network and agent than the rotation. */
  readonly retriedByOtherParty: number;
  /** Of the rotations, those of a refresh token younger than half an access token's lifetime. */
  readonly refreshedEarly: number;
  /** Its tokens that another client presented. */
  readonly presentedByOtherClient: number;
  /** Of the rejections, those of a generation consumed inside the retry window. */
  readonly staleInsideWindow: number;
  readonly reuse: number;
  readonly rejectedByReason: Readonly<Partial<Record<RejectionReason, number>>>;
}

/** The counters of one client over a span. */
export interface ClientHealth extends ClientHealthCounters {
  readonly clientId: string;
  /** Of the events that were counted; null: none was. */
  readonly firstPosition: Position | null;
  readonly lastPosition: Position | null;
  /** As in HourPage: left out of these sums. */
  readonly partialHour: Instant | null;
}

/** The counters of one client, even of one that did nothing. */
export interface ClientSum {
  readonly counters: ClientHealthCounters;
  /** The first and the last event that were counted; null: none was. */
  readonly positions: { readonly firstPosition: Position; readonly lastPosition: Position } | null;
  readonly partialHour: Instant | null;
}

/** How many events of each type there were in one hour. Hours without any are left out. */
export interface ActivityHour {
  readonly hour: Instant;
  readonly counts: Readonly<Partial<Record<EventType, number>>>;
}

/** A page of hours, oldest first; at most 1,000 hours of the span are looked at. */
export interface HourPage<Row> {
  readonly hours: readonly Row[];
  /** Where to go on, as `from`; null at the end of the span. */
  readonly next: Instant | null;
  /** The hour that `upTo` cuts in two, where it has too many events on both sides to be counted. */
  readonly partialHour: Instant | null;
}

/** A page of clients by id. */
export interface ClientPage {
  readonly clients: readonly ClientHealth[];
  /** Where to go on, as `after`; null when there are no more. */
  readonly next: string | null;
  /** As in HourPage: left out of the sums of one client at least. */
  readonly partialHour: Instant | null;
}

/**
 * Asks the views. They follow the ledger by a fraction of a second, can be thrown away, and are
 * replaced as a whole when they were built anew; each answer is of one moment. Rejects only where a
 * file cannot be read.
 */
export abstract class ViewsReader {
  /** The newest event that these views will ever have; undefined: they follow the ledger. */
  get fixedAt(): Position | undefined {
    return undefined;
  }

  /** How far the views have come. */
  abstract progress(): Promise<ViewsProgress>;

  /** The newest event recorded at this instant or before it; null when there is none. */
  abstract positionAt(instant: Instant): Promise<Viewed<Position | null>>;

  /** Events, through the index that has the fewest rows for this filter. */
  abstract events(filter: EventFilter, page: PageRequest): Promise<Viewed<ViewPage<ViewedEvent>>>;

  /** As `events`, of which only the places are told: their bodies stand in the ledger. */
  abstract eventPositions(
    filter: EventFilter,
    page: PageRequest,
  ): Promise<Viewed<ViewPage<Position>>>;

  /**
   * Families by when they were granted. Where an event is asked for, a page may end within a family of
   * very many events: `next` is then no place of a family, and leads on all the same.
   */
  abstract families(
    filter: FamilyFilter,
    page: PageRequest,
  ): Promise<Viewed<ViewPage<ViewedFamily>>>;

  /** One family; undefined when there was none of this id. */
  abstract family(familyId: string, upTo?: Position): Promise<Viewed<ViewedFamily | undefined>>;

  /** Incidents by when they were opened. */
  abstract incidents(
    filter: IncidentFilter,
    page: PageRequest,
  ): Promise<Viewed<ViewPage<ViewedIncident>>>;

  /** One incident; undefined when there was none of this id. */
  abstract incident(
    incidentId: string,
    upTo?: Position,
  ): Promise<Viewed<ViewedIncident | undefined>>;

  /**
   * The sums of each client over a span: at most `limit` clients, from above the id `after`. A page may
   * hold fewer, even none, and not be the last: so many rows are summed for it at most.
   */
  abstract clientHealth(
    span: HourSpan,
    page: { readonly limit: number; readonly after?: string | null | undefined },
  ): Promise<Viewed<ClientPage>>;

  /** The sums of one client over a span. */
  abstract clientSum(clientId: string, span: HourSpan): Promise<Viewed<ClientSum>>;

  /** How many events there were, hour by hour: of one client, or of the whole ledger. */
  abstract activity(span: HourSpan, clientId?: string): Promise<Viewed<HourPage<ActivityHour>>>;
}
