import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { type ClientRefused, decideUpdateClient } from '../domain/directory/client.decider.js';
import {
  judgeClientMetadata,
  type OperatorTerms,
} from '../domain/directory/client-metadata.rules.js';
import type { ClientMetadata } from '../domain/events/directory.events.js';
import {
  type ClientId,
  DEFAULT_PROJECT,
  type ProjectId,
  streamIdOf,
} from '../domain/identifiers.js';
import { type Attribution, Ledger } from '../ledger/ledger.port.js';
import { type MetadataRefused, metadataRefused } from './register-client.handler.js';

/** What updating a client came to. */
export type UpdateClientOutcome =
  | { readonly kind: 'updated' | 'unchanged'; readonly metadata: ClientMetadata }
  | ClientRefused
  | MetadataRefused;

/** Replace all that a client registered; for operators. */
export class UpdateClient extends Command<UpdateClientOutcome> {
  /** `metadata`: members by their names in RFC 7591, 2, unvalidated. */
  constructor(
    readonly clientId: ClientId,
    readonly metadata: unknown,
    readonly policy: OperatorTerms['policy'],
    readonly attribution: Attribution,
    readonly project: ProjectId = DEFAULT_PROJECT,
  ) {
    super();
  }
}

/** Judges the new metadata by what the client is, and replaces the old. */
@CommandHandler(UpdateClient)
export class UpdateClientHandler implements ICommandHandler<UpdateClient> {
  constructor(private readonly ledger: Ledger) {}

  /** Updates the client; refusals are values. */
  async execute(command: UpdateClient): Promise<UpdateClientOutcome> {
    const { clientId, policy, attribution, project } = command;
    return this.ledger.execute<'client', UpdateClientOutcome>({
      kind: 'client',
      streamId: streamIdOf('client', clientId),
      project,
      attribution,
      decide: ({ state }) => {
        const terms = { firstParty: state?.firstParty === true, policy };
        const judged = judgeClientMetadata(command.metadata, terms);
        if ('error' in judged) return { events: [], outcome: metadataRefused(judged) };
        const { events, outcome } = decideUpdateClient(state, judged.metadata);
        if (outcome.kind === 'refused') return { events, outcome };
        return { events, outcome: { ...outcome, metadata: judged.metadata } };
      },
    });
  }
}
