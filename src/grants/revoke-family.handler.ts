import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { DEFAULT_PROJECT, streamIdOf } from '../domain/identifiers.js';
import {
  decideRevokeFamily,
  type RevocationOutcome,
} from '../domain/token-family/revocation.decider.js';
import { Ledger } from '../ledger/ledger.port.js';
import { RevokeFamily } from './revoke-family.command.js';

/** Ends a token family. */
@CommandHandler(RevokeFamily)
export class RevokeFamilyHandler implements ICommandHandler<RevokeFamily> {
  constructor(private readonly ledger: Ledger) {}

  execute({ familyId, terms, request }: RevokeFamily): Promise<RevocationOutcome> {
    return this.ledger.execute({
      kind: 'family',
      streamId: streamIdOf('family', familyId),
      project: DEFAULT_PROJECT,
      attribution: {
        actor: terms.actor,
        correlationId: request.correlationId,
        origin: request.origin,
      },
      decide: ({ state }) => decideRevokeFamily(state, terms),
    });
  }
}
