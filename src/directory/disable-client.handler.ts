import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { type ClientRefused, decideDisableClient } from '../domain/directory/client.decider.js';
import {
  type ClientId,
  DEFAULT_PROJECT,
  type ProjectId,
  streamIdOf,
} from '../domain/identifiers.js';
import { type Attribution, Ledger } from '../ledger/ledger.port.js';

/** What disabling a client came to. */
export type DisableClientOutcome =
  { readonly kind: 'disabled' | 'already_disabled' } | ClientRefused;

/** Let a client do nothing any more; all its families are void with it. */
export class DisableClient extends Command<DisableClientOutcome> {
  constructor(
    readonly clientId: ClientId,
    readonly attribution: Attribution,
    readonly project: ProjectId = DEFAULT_PROJECT,
  ) {
    super();
  }
}

/** Disables a client for good. */
@CommandHandler(DisableClient)
export class DisableClientHandler implements ICommandHandler<DisableClient> {
  constructor(private readonly ledger: Ledger) {}

  /** Disables the client; refusals are values. */
  async execute(command: DisableClient): Promise<DisableClientOutcome> {
    return this.ledger.execute<'client', DisableClientOutcome>({
      kind: 'client',
      streamId: streamIdOf('client', command.clientId),
      project: command.project,
      attribution: command.attribution,
      decide: ({ state }) => decideDisableClient(state),
    });
  }
}
