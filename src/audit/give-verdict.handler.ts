import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { decideGiveVerdict, type VerdictOutcome } from '../domain/directory/incident.decider.js';
import { DEFAULT_PROJECT, streamIdOf } from '../domain/identifiers.js';
import { Ledger } from '../ledger/ledger.port.js';
import { GiveVerdict } from './give-verdict.command.js';

/** Writes down what an operator judged an incident to be. */
@CommandHandler(GiveVerdict)
export class GiveVerdictHandler implements ICommandHandler<GiveVerdict> {
  constructor(private readonly ledger: Ledger) {}

  execute({ incidentId, verdict, attribution }: GiveVerdict): Promise<VerdictOutcome> {
    return this.ledger.execute({
      kind: 'incident',
      streamId: streamIdOf('incident', incidentId),
      project: DEFAULT_PROJECT,
      attribution,
      decide: ({ state }) => decideGiveVerdict(state, verdict),
    });
  }
}
