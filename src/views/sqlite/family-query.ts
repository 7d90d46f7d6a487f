import type Database from 'better-sqlite3';
import {
  type RevocationReason,
  revocationReason,
} from '../../domain/events/token-family.events.js';
import type { Instant, Position } from '../../domain/identifiers.js';
import type { FamilyFilter, PageRequest, ViewedFamily, ViewPage } from '../views.port.js';
import type { EventQuery } from './event-query.js';
import { FamilyEventQuery } from './family-event-query.js';
import { anyOf, equals, IndexScan, type ScanCondition } from './index-scan.js';

type FamilyRow = Omit<ViewedFamily, 'status' | 'end'> & {
  readonly endedPosition: Position | null;
  readonly endedAt: Instant | null;
  readonly endReason: RevocationReason | null;
};

const COLUMNS = `family_id AS familyId, client_id AS clientId, subject_id AS subject,
  session_id AS sessionId, created_position AS createdPosition, created_at AS createdAt,
  redeemed_position AS redeemedPosition, ended_position AS endedPosition, ended_at AS endedAt,
  end_reason AS endReason, first_incident_position AS firstIncidentPosition,
  code_expires_at AS codeExpiresAt, absolute_expires_at AS absoluteExpiresAt`;

/** The index that SQLite makes of itself where a column is unique. */
const BY_ID = 'sqlite_autoindex_families_1';

const HAS_ENDED = 'ifnull(ended_position <= ?, 0)';
const IS_REDEEMED = 'ifnull(redeemed_position <= ?, 0)';

/** Reads families of the views, each as it was at a position. */
export class FamilyQuery {
  private readonly scan: IndexScan;
  private readonly byEvent: FamilyEventQuery;
  private readonly row: Database.Statement<[number], FamilyRow>;
  private readonly byId: Database.Statement<[string], FamilyRow>;

  constructor(handle: Database.Database, events: EventQuery) {
    this.scan = new IndexScan(handle, { name: 'families', key: 'created_position' });
    this.byEvent = new FamilyEventQuery(handle, this.scan, events);
    const select = `SELECT ${COLUMNS} FROM families`;
    this.row = handle.prepare(`${select} WHERE created_position = ?`);
    this.byId = handle.prepare(`${select} WHERE family_id = ?`);
  }

  /** A page of the families that match, as they were at a position. */
  page(filter: FamilyFilter, upTo: Position, request: PageRequest): ViewPage<ViewedFamily> {
    const conditions = conditionsOf(filter, upTo);
    const found =
      filter.event === undefined
        ? this.scan.find(conditions, upTo, request)
        : this.byEvent.find(filter.event, conditions, upTo, request);
    const rows = found.rows.flatMap((position) => this.row.get(position) ?? []);
    return { ...found, rows: rows.map((row) => familyAsOf(row, upTo)) };
  }

  /** A family as it was at a position; undefined when there was none of this id. */
  find(familyId: string, upTo: Position): ViewedFamily | undefined {
    const row = this.byId.get(familyId);
    return row === undefined || row.createdPosition > upTo ? undefined : familyAsOf(row, upTo);
  }
}

/** Everything is known by the position it happened at: what came after `upTo` had not happened. */
function familyAsOf(row: FamilyRow, upTo: Position): ViewedFamily {
  const { endedPosition, endedAt, endReason, ...facts } = row;
  const { redeemedPosition, firstIncidentPosition } = facts;
  const isPast = (position: Position | null): boolean => position !== null && position <= upTo;
  const hasEnded = endedPosition !== null && endedAt !== null && endReason !== null;
  return {
    ...facts,
    status: isPast(endedPosition) ? 'ended' : isPast(redeemedPosition) ? 'active' : 'pending',
    redeemedPosition: isPast(redeemedPosition) ? redeemedPosition : null,
    firstIncidentPosition: isPast(firstIncidentPosition) ? firstIncidentPosition : null,
    end:
      hasEnded && isPast(endedPosition)
        ? { position: endedPosition, at: endedAt, reason: endReason }
        : null,
  };
}

function conditionsOf(filter: FamilyFilter, upTo: Position): ScanCondition[] {
  const { familyId, clientId, subject, sessionId, status, endReason, hasIncident } = filter;
  const conditions: ScanCondition[] = [];
  if (familyId !== undefined) conditions.push(equals('family_id', familyId, BY_ID));
  if (sessionId !== undefined) {
    conditions.push(equals('session_id', sessionId, 'families_by_session'));
  }
  if (subject !== undefined) conditions.push(equals('subject_id', subject, 'families_by_subject'));
  if (clientId !== undefined) conditions.push(equals('client_id', clientId, 'families_by_client'));
  if (endReason !== undefined) conditions.push(...endedFor([endReason], upTo));
  if (status === 'ended') conditions.push(...endedFor(revocationReason.options, upTo));
  else if (status !== undefined) conditions.push(isAlive(status, upTo));
  if (hasIncident !== undefined) conditions.push(hadIncident(hasIncident, upTo));
  return conditions;
}

function endedFor(reasons: readonly RevocationReason[], upTo: Position): ScanCondition[] {
  return [
    anyOf('end_reason', reasons, 'families_by_end_reason'),
    { sql: HAS_ENDED, parameters: [upTo] },
  ];
}

function isAlive(status: 'active' | 'pending', upTo: Position): ScanCondition {
  const isRedeemed = status === 'active' ? IS_REDEEMED : `NOT ${IS_REDEEMED}`;
  return { sql: `NOT ${HAS_ENDED} AND ${isRedeemed}`, parameters: [upTo, upTo] };
}

function hadIncident(hasIncident: boolean, upTo: Position): ScanCondition {
  const sql = 'ifnull(first_incident_position <= ?, 0)';
  return { sql: hasIncident ? sql : `NOT ${sql}`, parameters: [upTo] };
}
