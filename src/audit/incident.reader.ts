import type { IncidentState } from '../domain/directory/directory.state.js';
import type { RecordedEvent } from '../domain/envelope.js';
import { LedgerCorrupted } from '../ledger/ledger.errors.js';
import type { Ledger, StreamRow } from '../ledger/ledger.port.js';
import { momentOf } from './as-of.answer.js';
import { auditEventsOf } from './audit-event.answer.js';
import { type AuditIncident, auditIncident } from './incident.answer.js';

/** An incident is opened within so many events of its evidence: both are in one decision. */
const EVIDENCE_REACH = 4;

/** An incident with its evidence, from its stream and its neighbours in the ledger. */
export async function incidentOf(
  ledger: Ledger,
  { streamId, state }: StreamRow<'incident'>,
): Promise<AuditIncident> {
  const id = streamId.slice('incident:'.length);
  const own = await ledger.streamEvents(streamId, null, 1000);
  const opened = own.events.at(-1);
  if (opened === undefined) throw new LedgerCorrupted(`${streamId} has no event`);
  const related = await decidedWith(ledger, opened, id);
  const evidence = related.filter(({ type }) => type !== 'FamilyRevoked').slice(0, 1);
  return {
    id,
    kind: auditIncident.shape.kind.parse(state.kind),
    at: momentOf(state.openedAt),
    position: opened.position,
    familyId: state.familyId,
    familyRevoked: related.some(({ type }) => type === 'FamilyRevoked'),
    client: await clientOf(ledger, state),
    subject: state.subject ?? null,
    verdict: auditIncident.shape.verdict.parse(state.verdict ?? null),
    evidence: (await auditEventsOf(ledger, evidence))[0] ?? null,
  };
}

/** The events of the decision that opened the incident, in order. */
async function decidedWith(
  ledger: Ledger,
  opened: RecordedEvent,
  incidentId: string,
): Promise<readonly RecordedEvent[]> {
  const after = opened.position - EVIDENCE_REACH - 1;
  const { events } = await ledger.eventsAfter(after < 0 ? null : after, 2 * EVIDENCE_REACH + 1);
  return events.filter(
    ({ correlationId, data }) =>
      correlationId === opened.correlationId && data['incidentId'] === incidentId,
  );
}

async function clientOf(
  ledger: Ledger,
  { clientId }: IncidentState,
): Promise<AuditIncident['client']> {
  if (clientId === undefined) return null;
  const client = await ledger.load('client', clientId);
  return { id: clientId, name: client?.metadata.name ?? null };
}
