import { setImmediate } from 'node:timers/promises';
import { EVENTS_AT_ONCE } from '../access/event-pages.js';
import type { IncidentKnowledge, Verdict } from '../domain/backtest/incident-nature.rules.js';
import type { RecordedEvent } from '../domain/envelope.js';
import type { EventWithOrigin } from '../domain/investigation/family-record.rules.js';
import { causeOf } from '../domain/investigation/incident-cause.rules.js';
import type { InvestigatedIncident } from '../domain/investigation/incident-presentation.rules.js';
import type { IncidentKind } from '../domain/token-family/family.decision.js';
import type { Ledger } from '../ledger/ledger.port.js';

/** Of a family with more events than these, only a verdict tells what its incident was. */
const EVENTS_HELD_MAX = 5000;
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
  private readonly held: RecordedEvent[] = [];
  private endedBy: string | undefined;
  private isWhole = true;

  /** Takes the next event. */
  see(event: RecordedEvent): void {
    if (this.held.length < EVENTS_HELD_MAX) this.held.push(event);
    else this.isWhole = false;
    const { incidentId } = event.data;
    if (typeof incidentId !== 'string') return;
    if (this.incidents.size < INCIDENTS_MAX) this.incidents.add(incidentId);
    if (event.type === 'FamilyRevoked') this.endedBy = incidentId;
  }

  /** What is known of the incident that ended the family, or else of its gravest. */
  async knowledge(ledger: Ledger): Promise<IncidentKnowledge | undefined> {
    const incident = await this.gravest(ledger);
    if (incident === undefined) return undefined;
    if (incident.verdict !== undefined) return { verdict: incident.verdict };
    if (!this.isWhole) return undefined;
    return { cause: causeOf(incident, await withOrigins(ledger, this.held)).cause };
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

async function withOrigins(
  ledger: Ledger,
  events: readonly RecordedEvent[],
): Promise<readonly EventWithOrigin[]> {
  const history: EventWithOrigin[] = [];
  for (let begin = 0; begin < events.length; begin += EVENTS_AT_ONCE) {
    const page = events.slice(begin, begin + EVENTS_AT_ONCE);
    const origins = await ledger.origins(page.map(({ position }) => position));
    history.push(...page.map((event) => ({ event, origin: origins.get(event.position) })));
    await setImmediate();
  }
  return history;
}
