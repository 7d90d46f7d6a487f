import type Database from 'better-sqlite3';
import type { Position, StreamId } from '../../domain/identifiers.js';
import { idOf } from '../event-owners.js';
import { EVENT_OUTCOMES, type EventType, typesOfOutcome } from '../event-outcomes.js';
import type { EventFilter, PageRequest, ViewedEvent, ViewPage } from '../views.port.js';
import { BEGINNINGS } from './views-schema.js';
import { anyOf, equals, IndexScan, type ScanCondition } from './index-scan.js';

type EventRow = Omit<ViewedEvent, 'outcome' | 'streamId' | 'type'> & {
  readonly type: EventType;
  readonly streamId: StreamId;
};

const emptyPage: ViewPage<never> = { rows: [], next: null, rowsScanned: 0 };

/** Reads events of the views. */
export class EventQuery {
  private readonly scan: IndexScan;
  private readonly row: Database.Statement<[number], EventRow>;
  private readonly address: Database.Statement<[string], number>;

  constructor(handle: Database.Database) {
    this.scan = new IndexScan(handle, { name: 'audit_events', key: 'position' });
    this.row = handle.prepare<[number], EventRow>(
      `SELECT position, at, type, stream_id AS streamId, family_id AS familyId,
         subject_id AS subject, client_id AS clientId, reason, incident_id AS incidentId, generation,
         (SELECT address FROM addresses a WHERE a.address_id = e.address_id) AS address
       FROM audit_events e WHERE position = ?`,
    );
    this.address = handle
      .prepare<[string], number>('SELECT address_id FROM addresses WHERE address = ? LIMIT 1')
      .pluck();
  }

  /** A page of the events that match, up to a position. */
  page(filter: EventFilter, upTo: Position, request: PageRequest): ViewPage<ViewedEvent> {
    const found = this.positions(filter, upTo, request);
    return { ...found, rows: found.rows.flatMap((position) => this.eventAt(position) ?? []) };
  }

  /** A page of the places of the events that match, up to a position. */
  positions(filter: EventFilter, upTo: Position, request: PageRequest): ViewPage<Position> {
    const conditions = this.conditionsOf(filter);
    return conditions === undefined ? emptyPage : this.scan.find(conditions, upTo, request);
  }

  /** As `positions`, of one family, whose events are walked through whatever else has an index. */
  inFamily(
    familyId: string,
    filter: EventFilter,
    upTo: Position,
    request: PageRequest,
  ): ViewPage<Position> {
    const conditions = this.conditionsOf(filter);
    if (conditions === undefined) return emptyPage;
    const rest = conditions.map(({ sql, parameters }) => ({ sql, parameters }));
    const own = equals('family_id', familyId, 'audit_events_by_family');
    return this.scan.find([own, ...rest], upTo, request);
  }

  /** The event at a position. */
  eventAt(position: Position): ViewedEvent | undefined {
    const row = this.row.get(position);
    return row && { ...row, outcome: EVENT_OUTCOMES[row.type] };
  }

  /** Undefined when no event can match: nothing came from that address. */
  private conditionsOf(filter: EventFilter): ScanCondition[] | undefined {
    const conditions: ScanCondition[] = [];
    const where = (column: string, value: string | undefined, index: string): void => {
      if (value !== undefined) conditions.push(equals(column, value, `audit_events_by_${index}`));
    };
    const { streamId, subject, type } = filter;
    if (streamId !== undefined) conditions.push(inStream(streamId));
    const beginning = BEGINNINGS.find((one) => one.type === type);
    if (subject !== undefined && beginning !== undefined) {
      conditions.push(begunBy(subject, beginning));
    }
    where('incident_id', filter.incidentId, 'incident');
    where('family_id', filter.familyId, 'family');
    where('subject_id', filter.subject, 'subject');
    where('reason', filter.reason, 'reason');
    where('client_id', filter.clientId, 'client');
    where('type', filter.type, 'type');
    if (filter.outcome !== undefined) {
      conditions.push(anyOf('type', typesOfOutcome(filter.outcome), 'audit_events_by_type'));
    }
    if (filter.address === undefined) return conditions;
    const number = this.address.get(filter.address);
    if (number === undefined) return undefined;
    return [...conditions, equals('address_id', number, 'audit_events_by_address')];
  }
}

/** The events of a family's stream are the family's, and those of an incident's name the incident. */
function inStream(streamId: StreamId): ScanCondition {
  const isStream = { sql: 'stream_id = ?', parameters: [streamId] };
  const through = (name: string, sql: string, ...ids: string[]): ScanCondition => ({
    ...isStream,
    index: { name, alternatives: [{ sql, parameters: [...ids, streamId] }] },
  });
  const id = idOf(streamId);
  if (streamId.startsWith('family:')) {
    return through('audit_events_by_family', 'family_id = ? AND stream_id = ?', id);
  }
  return streamId.startsWith('incident:')
    ? through('audit_events_by_incident', 'incident_id = ? AND stream_id = ?', id)
    : through('audit_events_by_stream', 'family_id IS NULL AND stream_id = ?');
}

function begunBy(subject: string, { type, index }: (typeof BEGINNINGS)[number]): ScanCondition {
  const condition = { sql: `subject_id = ? AND type = '${type}'`, parameters: [subject] };
  return { ...condition, index: { name: index, alternatives: [condition] } };
}
