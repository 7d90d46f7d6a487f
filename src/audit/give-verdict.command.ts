import { Command } from '@nestjs/cqrs';
import type { IncidentVerdict, VerdictOutcome } from '../domain/directory/incident.decider.js';
import type { Attribution } from '../ledger/ledger.port.js';

/** Judges an incident. */
export class GiveVerdict extends Command<VerdictOutcome> {
  constructor(
    readonly incidentId: string,
    readonly verdict: IncidentVerdict,
    readonly attribution: Attribution,
  ) {
    super();
  }
}
