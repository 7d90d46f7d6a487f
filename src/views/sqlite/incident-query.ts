import type Database from 'better-sqlite3';
import type { Position } from '../../domain/identifiers.js';
import type {
  EvidenceFilter,
  IncidentFilter,
  PageRequest,
  Verdict,
  ViewedIncident,
  ViewPage,
} from '../views.port.js';
import { typesOfOutcome } from '../event-outcomes.js';
import { anyOf, type Condition, equals, IndexScan, type ScanCondition } from './index-scan.js';

type IncidentRow = Omit<ViewedIncident, 'verdict'> & {
  readonly verdict: Verdict | null;
  readonly verdictPosition: Position | null;
};

/** Where the presenter was: what opened the incident is an event as well, and came from there. */
const ADDRESS = `(SELECT address FROM audit_events e JOIN addresses USING (address_id)
  WHERE e.position = opened_position)`;

/** What an incident was opened for: the first to name it of what was decided with it, which is close. */
const EVIDENCE_POSITION = `(SELECT e.position FROM audit_events e
  INDEXED BY audit_events_by_incident WHERE e.incident_id = incidents.incident_id
  AND e.position BETWEEN opened_position - 4 AND opened_position + 4
  AND e.type NOT IN ('IncidentOpened', 'IncidentVerdictGiven', 'FamilyRevoked')
  ORDER BY e.position LIMIT 1)`;

/** The position of the newest verdict up to a position: usually the only one there is. */
const VERDICT_POSITION = `CASE WHEN verdict_position <= ? THEN verdict_position
  WHEN verdict_position > ? THEN (SELECT max(position) FROM audit_events e
    INDEXED BY audit_events_by_incident WHERE e.incident_id = incidents.incident_id
    AND e.type = 'IncidentVerdictGiven' AND e.position <= ?) END`;

/** The reason of a verdict's event is the verdict. */
const VERDICT = `(SELECT reason FROM audit_events WHERE position = ${VERDICT_POSITION})`;

/** Reads incidents of the views, each as it was at a position. */
export class IncidentQuery {
  private readonly scan: IndexScan;
  private readonly row: Database.Statement<number[], IncidentRow>;
  private readonly positionOf: Database.Statement<[string], Position>;

  constructor(handle: Database.Database) {
    this.scan = new IndexScan(handle, { name: 'incidents', key: 'opened_position' });
    this.row = handle.prepare(
      `SELECT incident_id AS incidentId, kind, family_id AS familyId, client_id AS clientId,
         subject_id AS subject, opened_position AS openedPosition, opened_at AS openedAt,
         ${ADDRESS} AS address, ${VERDICT} AS verdict, ${VERDICT_POSITION} AS verdictPosition
       FROM incidents WHERE opened_position = ?`,
    );
    this.positionOf = handle
      .prepare<[string], Position>('SELECT opened_position FROM incidents WHERE incident_id = ?')
      .pluck();
  }

  /** A page of the incidents that match, as they were at a position. */
  page(filter: IncidentFilter, upTo: Position, request: PageRequest): ViewPage<ViewedIncident> {
    const found = this.scan.find(conditionsOf(filter, upTo), upTo, request);
    return { ...found, rows: found.rows.flatMap((position) => this.at(position, upTo) ?? []) };
  }

  /** An incident as it was at a position; undefined when there was none of this id. */
  find(incidentId: string, upTo: Position): ViewedIncident | undefined {
    const position = this.positionOf.get(incidentId);
    return position === undefined || position > upTo ? undefined : this.at(position, upTo);
  }

  private at(position: Position, upTo: Position): ViewedIncident | undefined {
    const row = this.row.get(...asOf(upTo, 2), position);
    if (row === undefined) return undefined;
    const { verdict, verdictPosition, ...facts } = row;
    const isJudged = verdict !== null && verdictPosition !== null;
    return { ...facts, verdict: isJudged ? { position: verdictPosition, verdict } : null };
  }
}

/** The parameters of so many expressions about the newest verdict. */
function asOf(upTo: Position, expressions: number): number[] {
  return Array<number>(3 * expressions).fill(upTo);
}

function conditionsOf(filter: IncidentFilter, upTo: Position): ScanCondition[] {
  const { kind, familyId, clientId, subject, address, verdict, evidence } = filter;
  const conditions: ScanCondition[] = [];
  if (familyId !== undefined) conditions.push(equals('family_id', familyId, 'incidents_by_family'));
  if (subject !== undefined) conditions.push(equals('subject_id', subject, 'incidents_by_subject'));
  if (clientId !== undefined) conditions.push(equals('client_id', clientId, 'incidents_by_client'));
  if (kind !== undefined) conditions.push(equals('kind', kind, 'incidents_by_kind'));
  if (address !== undefined) conditions.push({ sql: `${ADDRESS} = ?`, parameters: [address] });
  if (verdict !== undefined) conditions.push(judged(verdict, upTo));
  if (evidence !== undefined) conditions.push(openedFor(evidence));
  return conditions;
}

function openedFor({ type, outcome, reason }: EvidenceFilter): Condition {
  const asked = [
    ...(type === undefined ? [] : [equals('type', type)]),
    ...(outcome === undefined ? [] : [anyOf('type', typesOfOutcome(outcome))]),
    ...(reason === undefined ? [] : [equals('reason', reason)]),
  ];
  return {
    sql: `EXISTS (SELECT 1 FROM audit_events WHERE position = ${EVIDENCE_POSITION}
      AND ${asked.map(({ sql }) => sql).join(' AND ')})`,
    parameters: asked.flatMap(({ parameters }) => parameters),
  };
}

function judged(verdict: Verdict | null, upTo: Position): Condition {
  const parameters = asOf(upTo, 1);
  return verdict === null
    ? { sql: `${VERDICT} IS NULL`, parameters }
    : { sql: `${VERDICT} = ?`, parameters: [...parameters, verdict] };
}
