import type { StreamHistory } from '../access/stream-history.js';
import type { IncidentKnowledge, Verdict } from '../domain/backtest/incident-nature.rules.js';
import type { RecordedEvent } from '../domain/envelope.js';
import { incidentCause } from '../domain/investigation/incident-cause.rules.js';
import type { InvestigatedIncident } from '../domain/investigation/incident-presentation.rules.js';
import type { IncidentKind } from '../domain/token-family/family.decision.js';
import type { Ledger } from '../ledger/ledger.port.js';

/** So many incidents of a family are looked at. */
const INCIDENTS_MAX = 20;

/** The gravest first. */
const KINDS: readonly IncidentKind[] = [
  'refresh_token_reuse',
  'code_reuse',
  'foreign_client',
  'client_authentication_failed',
  'suspected_shadow',
  'ledger_rollback',
  'stale_inside_window',
];

interface KnownIncident extends InvestigatedIncident {
  readonly verdict: Verdict | undefined;
}

/** Gathers from the events of one family, in their order, what tells what its incident was. */
export class FamilyIncidents {
  private readonly incidents = new Set<string>();
  private endedBy: string | undefined;

  /** Takes the next event. */
  see(event: RecordedEvent): void {
    const { incidentId } = event.data;
    if (typeof incidentId !== 'string') return;
    if (this.incidents.size < INCIDENTS_MAX) this.incidents.add(incidentId);
    if (event.type === 'FamilyRevoked') this.endedBy = incidentId;
  }

  /** What is known of the incident that ended the family, or else of its gravest. */
  async knowledge(ledger: Ledger, family: StreamHistory): Promise<IncidentKnowledge | undefined> {
    const incident = await this.gravest(ledger);
    if (incident === undefined) return undefined;
    if (incident.verdict !== undefined) return { verdict: incident.verdict };
    return { cause: (await family.answer(incidentCause(incident))).cause };
  }

  private async gravest(ledger: Ledger): Promise<KnownIncident | undefined> {
    const ids = this.endedBy === undefined ? [...this.incidents] : [this.endedBy];
    const known: KnownIncident[] = [];
    for (const id of ids) {
      const state = await ledger.load('incident', id);
      if (state === undefined) continue;
      const { kind, verdict } = state;
      known.push({ id, kind: kind as IncidentKind, verdict: verdict as Verdict | undefined });
    }
    return known.toSorted((one, other) => gravityOf(one) - gravityOf(other))[0];
  }
}

function gravityOf({ kind, verdict }: KnownIncident): number {
  return verdict === 'theft' ? -1 : KINDS.indexOf(kind);
}
