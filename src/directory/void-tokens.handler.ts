import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import {
  type AccountRefused,
  decideMoveAccountTokensNotBefore,
} from '../domain/directory/account.decider.js';
import {
  type ClientRefused,
  decideMoveClientTokensNotBefore,
} from '../domain/directory/client.decider.js';
import { DEFAULT_PROJECT, type Instant, streamIdOf } from '../domain/identifiers.js';
import { type Attribution, Ledger } from '../ledger/ledger.port.js';

/** What voiding tokens came to. */
export type VoidTokensOutcome =
  { readonly kind: 'moved' | 'unchanged' } | ClientRefused | AccountRefused;

/** Void all that a client or an account got before an instant. */
export class VoidTokens extends Command<VoidTokensOutcome> {
  constructor(
    readonly kind: 'client' | 'account',
    readonly id: string,
    readonly tokensNotBefore: Instant,
    readonly attribution: Attribution,
  ) {
    super();
  }
}

/** Moves `tokensNotBefore` of a client or an account forwards. */
@CommandHandler(VoidTokens)
export class VoidTokensHandler implements ICommandHandler<VoidTokens> {
  constructor(private readonly ledger: Ledger) {}

  /** Voids; refusals are values. */
  execute(command: VoidTokens): Promise<VoidTokensOutcome> {
    const { kind, id, tokensNotBefore, attribution } = command;
    const rest = { streamId: streamIdOf(kind, id), project: DEFAULT_PROJECT, attribution };
    return kind === 'client'
      ? this.ledger.execute<'client', VoidTokensOutcome>({
          kind,
          ...rest,
          decide: ({ state }) => decideMoveClientTokensNotBefore(state, tokensNotBefore),
        })
      : this.ledger.execute<'account', VoidTokensOutcome>({
          kind,
          ...rest,
          decide: ({ state }) => decideMoveAccountTokensNotBefore(state, tokensNotBefore),
        });
  }
}
