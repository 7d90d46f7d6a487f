import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import {
  type AccountRefused,
  decideSignOutEverywhere,
} from '../domain/directory/account.decider.js';
import {
  DEFAULT_PROJECT,
  type Instant,
  type ProjectId,
  streamIdOf,
  type Subject,
} from '../domain/identifiers.js';
import { type Attribution, Ledger } from '../ledger/ledger.port.js';

/** What signing out everywhere came to. */
export type SignOutEverywhereOutcome =
  { readonly kind: 'signed_out' | 'unchanged'; readonly tokensNotBefore: Instant } | AccountRefused;

/** Void every session and every grant of an account that is older than now. */
export class SignOutEverywhere extends Command<SignOutEverywhereOutcome> {
  constructor(
    readonly subject: Subject,
    readonly attribution: Attribution,
    readonly project: ProjectId = DEFAULT_PROJECT,
  ) {
    super();
  }
}

/** Moves the account's `tokensNotBefore` to now. */
@CommandHandler(SignOutEverywhere)
export class SignOutEverywhereHandler implements ICommandHandler<SignOutEverywhere> {
  constructor(private readonly ledger: Ledger) {}

  /** Signs out; refusals are values. */
  async execute(command: SignOutEverywhere): Promise<SignOutEverywhereOutcome> {
    return this.ledger.execute<'account', SignOutEverywhereOutcome>({
      kind: 'account',
      streamId: streamIdOf('account', command.subject),
      project: command.project,
      attribution: command.attribution,
      decide: ({ state, recordedAt }) => decideSignOutEverywhere(state, recordedAt),
    });
  }
}
