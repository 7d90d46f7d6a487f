import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { newFamilyId } from '../config/random-identifiers.js';
import {
  type ClientTokenOutcome,
  decideIssueClientToken,
} from '../domain/directory/client-token.decider.js';
import { DEFAULT_PROJECT, streamIdOf } from '../domain/identifiers.js';
import { actorOf, FamilyContexts } from './family-contexts.service.js';
import { IssueClientToken } from './issue-client-token.command.js';
import type { TokenOutcome } from './token-answer.js';
import { TokenMinter } from './token-minter.service.js';
import { TokenSigning } from './token-signing.service.js';

/** Issues a client's own access token, in a stream of its own. */
@CommandHandler(IssueClientToken)
export class IssueClientTokenHandler implements ICommandHandler<IssueClientToken> {
  constructor(
    private readonly signing: TokenSigning,
    private readonly contexts: FamilyContexts,
    private readonly minter: TokenMinter,
  ) {}

  async execute({ terms, request }: IssueClientToken): Promise<TokenOutcome> {
    const tokenId = newFamilyId();
    const decision = await this.signing.execute<'client_token', ClientTokenOutcome>({
      kind: 'client_token',
      streamId: streamIdOf('client_token', tokenId),
      project: DEFAULT_PROJECT,
      attribution: this.contexts.attribution(request),
      decide: (stream) => {
        const context = this.contexts.of(stream, terms.caller, request);
        return { ...decideIssueClientToken(terms, context), actor: actorOf(context.client) };
      },
    });
    const { outcome } = decision;
    if (outcome.kind === 'refused') return { ...outcome, reason: 'request_refused' };
    return this.minter.clientToken(
      tokenId,
      terms.caller.clientId,
      { ...decision, outcome: outcome.token },
      request.receivedAt,
    );
  }
}
