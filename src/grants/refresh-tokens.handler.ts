import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { decideRefresh } from '../domain/token-family/refresh.decider.js';
import { FamilyPresentations } from './family-presentation.service.js';
import { RefreshTokens } from './refresh-tokens.command.js';
import type { TokenOutcome } from './token-answer.js';

/** Answers a presented refresh token. */
@CommandHandler(RefreshTokens)
export class RefreshTokensHandler implements ICommandHandler<RefreshTokens> {
  constructor(private readonly presentations: FamilyPresentations) {}

  execute(command: RefreshTokens): Promise<TokenOutcome> {
    const { refreshToken, caller, request, asked } = command;
    return this.presentations.present({
      kind: 'refresh',
      text: refreshToken,
      caller,
      request,
      decide: (state, presented, context) =>
        decideRefresh(
          state,
          { scope: asked.scope, resources: asked.resources, fault: asked.fault, presented, caller },
          context,
        ),
    });
  }
}
