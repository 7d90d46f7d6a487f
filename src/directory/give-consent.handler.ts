import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import {
  consentIdOf,
  decideGiveConsent,
  type GiveConsent as ConsentExtent,
} from '../domain/directory/consent.decider.js';
import { DEFAULT_PROJECT, type ProjectId, streamIdOf } from '../domain/identifiers.js';
import { type Attribution, Ledger } from '../ledger/ledger.port.js';

/** What giving consent came to; the id names it in the grants that rest on it. */
export interface GiveConsentOutcome {
  readonly kind: 'given' | 'unchanged';
  readonly consentId: string;
}

/** Record what a person allowed a client. */
export class GiveConsent extends Command<GiveConsentOutcome> {
  constructor(
    readonly consent: ConsentExtent,
    readonly attribution: Attribution,
    readonly project: ProjectId = DEFAULT_PROJECT,
  ) {
    super();
  }
}

/** Records the consent, unless what stands covers it. */
@CommandHandler(GiveConsent)
export class GiveConsentHandler implements ICommandHandler<GiveConsent> {
  constructor(private readonly ledger: Ledger) {}

  /** Gives the consent. */
  async execute(command: GiveConsent): Promise<GiveConsentOutcome> {
    const { consent, attribution, project } = command;
    const consentId = consentIdOf(consent.subject, consent.clientId);
    return this.ledger.execute<'consent', GiveConsentOutcome>({
      kind: 'consent',
      streamId: streamIdOf('consent', consentId),
      project,
      attribution,
      decide: ({ state }) => {
        const { events, outcome } = decideGiveConsent(state, consent);
        return { events, outcome: { ...outcome, consentId } };
      },
    });
  }
}
