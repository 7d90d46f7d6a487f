import { Command } from '@nestjs/cqrs';
import type { IncidentVerdict, VerdictOutcome } from '../domain/directory/incident.decider.js';
import type { Attribution } from '../ledger/ledger.port.js';

/** How long what is written about a verdict can be, in UTF-16 units. */
export const NOTE_CHARACTERS_MAX = 2000;

/** Judges an incident. */
export class GiveVerdict extends Command<VerdictOutcome> {
  constructor(
    readonly incidentId: string,
    readonly verdict: IncidentVerdict,
    readonly attribution: Attribution,
    /** What is to be remembered about it. It is kept erasable, and never in the ledger. */
    readonly note?: string,
  ) {
    super();
  }
}
