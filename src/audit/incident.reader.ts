import { setImmediate } from 'node:timers/promises';
import type { IncidentState } from '../domain/directory/directory.state.js';
import type { RecordedEvent } from '../domain/envelope.js';
import type { Position, StreamId } from '../domain/identifiers.js';
import { LedgerCorrupted } from '../ledger/ledger.errors.js';
import type { Ledger, StreamRow } from '../ledger/ledger.port.js';
import { momentOf } from './as-of.answer.js';
import { auditEventsOf } from './audit-event.answer.js';
import { clientsOf } from './client-names.reader.js';
import { type AuditIncident, auditIncident } from './incident.answer.js';

/** From where to where around the event that opened an incident. */
interface Reach {
  readonly from: number;
  readonly to: number;
}

/** Where the evidence usually is: a decision's own events come before what it opens. */
const USUAL_REACH: Reach = { from: -2, to: 0 };
/** An incident is opened within so many events of its evidence: both are in one decision. */
const WHOLE_REACH: Reach = { from: -4, to: 4 };
/** So many events of an incident are read at one go. */
const EVENTS_AT_ONCE = 1000;
/** So many incidents are read at one go, with the events around each. */
const INCIDENTS_AT_ONCE = 100;

/** What is known of an incident before the ledger is asked for its evidence. */
export interface IncidentRow {
  readonly id: string;
  readonly kind: string;
  readonly familyId: string;
  readonly clientId: string | null;
  readonly subject: string | null;
  readonly openedPosition: Position;
  readonly openedAt: number;
  readonly verdict: string | null;
}

/** An incident with its evidence, from its stream and its neighbours in the ledger. */
export async function incidentOf(
  ledger: Ledger,
  row: StreamRow<'incident'>,
): Promise<AuditIncident> {
  const [incident] = await incidentsOf(ledger, [await incidentRowOf(ledger, row)]);
  return incident as AuditIncident;
}

/** What an incident's stream says of it. */
export async function incidentRowOf(
  ledger: Ledger,
  { streamId, version, lastPosition, state }: StreamRow<'incident'>,
): Promise<IncidentRow> {
  return {
    id: streamId.slice('incident:'.length),
    ...ownersIn(state),
    openedPosition: version === 1 ? lastPosition : await beginningOf(ledger, streamId),
  };
}

/** Where the first event of a stream is, which it is walked back to: it can be judged again and again. */
async function beginningOf(ledger: Ledger, streamId: StreamId): Promise<Position> {
  let page = await ledger.streamEvents(streamId, null, EVENTS_AT_ONCE);
  while (page.next !== null) {
    await setImmediate();
    page = await ledger.streamEvents(streamId, page.next, EVENTS_AT_ONCE);
  }
  const first = page.events.at(-1);
  if (first === undefined) throw new LedgerCorrupted(`${streamId} has no event`);
  return first.position;
}

/** What the state of an incident says of it. */
export function ownersIn(state: IncidentState): Omit<IncidentRow, 'id' | 'openedPosition'> {
  const { kind, familyId, clientId = null, subject = null, openedAt, verdict = null } = state;
  return { kind, familyId, clientId, subject, openedAt, verdict };
}

/** Incidents with their evidence, in the order of these rows. */
export async function incidentsOf(
  ledger: Ledger,
  rows: readonly IncidentRow[],
): Promise<AuditIncident[]> {
  const incidents: AuditIncident[] = [];
  for (let first = 0; first < rows.length; first += INCIDENTS_AT_ONCE) {
    incidents.push(...(await someOf(ledger, rows.slice(first, first + INCIDENTS_AT_ONCE))));
  }
  return incidents;
}

async function someOf(ledger: Ledger, rows: readonly IncidentRow[]): Promise<AuditIncident[]> {
  const related = await relatedTo(ledger, rows);
  const evidence = related.flatMap(({ evidence: one }) => one ?? []);
  const told = new Map((await auditEventsOf(ledger, evidence)).map((one) => [one.position, one]));
  const clients = await clientsOf(
    ledger,
    rows.map(({ clientId }) => clientId),
  );
  return rows.map(({ clientId, openedAt, openedPosition, kind, verdict, ...row }, index) => {
    const found = related[index];
    return {
      id: row.id,
      kind: auditIncident.shape.kind.parse(kind),
      at: momentOf(openedAt),
      position: openedPosition,
      familyId: row.familyId,
      familyRevoked: found?.isFamilyRevoked === true,
      client: clientId === null ? null : (clients.get(clientId) ?? { id: clientId, name: null }),
      subject: row.subject,
      verdict: auditIncident.shape.verdict.parse(verdict),
      evidence: told.get(found?.evidence?.position ?? -1) ?? null,
    };
  });
}

/** What was decided together with each incident. */
async function relatedTo(ledger: Ledger, rows: readonly IncidentRow[]): Promise<Related[]> {
  const related = await relatedWithin(ledger, rows, USUAL_REACH);
  const unclear = rows.filter((_, index) => related[index]?.evidence === undefined);
  if (unclear.length === 0) return related;
  const rest = (await relatedWithin(ledger, unclear, WHOLE_REACH)).values();
  return related.map((one) => (one.evidence === undefined ? (rest.next().value ?? one) : one));
}

/** What a decision that opened an incident recorded beside it. */
interface Related {
  readonly evidence: RecordedEvent | undefined;
  readonly isFamilyRevoked: boolean;
}

async function relatedWithin(
  ledger: Ledger,
  rows: readonly IncidentRow[],
  reach: Reach,
): Promise<Related[]> {
  const positions = new Set(rows.flatMap((row) => positionsIn(row, reach)));
  const events = await ledger.eventsAt([...positions]);
  const around = new Map(events.map((event) => [event.position, event]));
  return rows.map((row) => decidedWith(row, reach, around));
}

function positionsIn({ openedPosition }: IncidentRow, { from, to }: Reach): Position[] {
  const first = Math.max(0, openedPosition + from);
  return Array.from({ length: openedPosition + to - first + 1 }, (_, index) => first + index);
}

function decidedWith(
  row: IncidentRow,
  reach: Reach,
  around: ReadonlyMap<Position, RecordedEvent>,
): Related {
  const opened = around.get(row.openedPosition);
  const related = positionsIn(row, reach).flatMap((position) => {
    const event = around.get(position);
    const isRelated =
      event?.correlationId === opened?.correlationId && event?.data['incidentId'] === row.id;
    return event !== undefined && isRelated ? [event] : [];
  });
  return {
    evidence: related.find(({ type }) => type !== 'FamilyRevoked'),
    isFamilyRevoked: related.some(({ type }) => type === 'FamilyRevoked'),
  };
}
