import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import {
  type AccountRefused,
  decideMoveAccountTokensNotBefore,
} from '../domain/directory/account.decider.js';
import {
  type ClientRefused,
  decideMoveClientTokensNotBefore,
} from '../domain/directory/client.decider.js';
import {
  decideMoveSigningKeyTokensNotBefore,
  type SigningKeyRefused,
} from '../domain/directory/signing-key.decider.js';
import { DEFAULT_PROJECT, type Instant, streamIdOf } from '../domain/identifiers.js';
import { type Attribution, Ledger } from '../ledger/ledger.port.js';

/** What tokens can be voided of. */
export type VoidableKind = 'client' | 'account' | 'signing_key';

/** What voiding tokens came to. */
export type VoidTokensOutcome =
  { readonly kind: 'moved' | 'unchanged' } | ClientRefused | AccountRefused | SigningKeyRefused;

/** Void all that a client or an account got, or a signing key signed, before an instant. */
export class VoidTokens extends Command<VoidTokensOutcome> {
  constructor(
    readonly kind: VoidableKind,
    readonly id: string,
    readonly tokensNotBefore: Instant,
    readonly attribution: Attribution,
  ) {
    super();
  }
}

/** Moves `tokensNotBefore` of a client, an account or a signing key forwards. */
@CommandHandler(VoidTokens)
export class VoidTokensHandler implements ICommandHandler<VoidTokens> {
  constructor(private readonly ledger: Ledger) {}

  /** Voids; refusals are values. */
  execute(command: VoidTokens): Promise<VoidTokensOutcome> {
    const { kind, id, tokensNotBefore, attribution } = command;
    const rest = { streamId: streamIdOf(kind, id), project: DEFAULT_PROJECT, attribution };
    switch (kind) {
      case 'client':
        return this.ledger.execute<'client', VoidTokensOutcome>({
          kind,
          ...rest,
          decide: ({ state }) => decideMoveClientTokensNotBefore(state, tokensNotBefore),
        });
      case 'account':
        return this.ledger.execute<'account', VoidTokensOutcome>({
          kind,
          ...rest,
          decide: ({ state }) => decideMoveAccountTokensNotBefore(state, tokensNotBefore),
        });
      case 'signing_key':
        return this.ledger.execute<'signing_key', VoidTokensOutcome>({
          kind,
          ...rest,
          decide: ({ state }) => decideMoveSigningKeyTokensNotBefore(state, tokensNotBefore),
        });
    }
  }
}
