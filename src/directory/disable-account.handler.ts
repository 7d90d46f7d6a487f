import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { type AccountRefused, decideDisableAccount } from '../domain/directory/account.decider.js';
import {
  DEFAULT_PROJECT,
  type ProjectId,
  streamIdOf,
  type Subject,
} from '../domain/identifiers.js';
import { type Attribution, Ledger } from '../ledger/ledger.port.js';

/** What disabling an account came to. */
export type DisableAccountOutcome =
  { readonly kind: 'disabled' | 'already_disabled' } | AccountRefused;

/** Let an account do nothing any more; its sessions and families are void with it. */
export class DisableAccount extends Command<DisableAccountOutcome> {
  constructor(
    readonly subject: Subject,
    readonly attribution: Attribution,
    readonly project: ProjectId = DEFAULT_PROJECT,
  ) {
    super();
  }
}

/** Disables an account for good. */
@CommandHandler(DisableAccount)
export class DisableAccountHandler implements ICommandHandler<DisableAccount> {
  constructor(private readonly ledger: Ledger) {}

  /** Disables the account; refusals are values. */
  async execute(command: DisableAccount): Promise<DisableAccountOutcome> {
    return this.ledger.execute<'account', DisableAccountOutcome>({
      kind: 'account',
      streamId: streamIdOf('account', command.subject),
      project: command.project,
      attribution: command.attribution,
      decide: ({ state }) => decideDisableAccount(state),
    });
  }
}
