import { Command } from '@nestjs/cqrs';
import type { AccessRequest } from '../domain/token-family/access-token.rules.js';
import type { Caller } from '../domain/token-family/family.decision.js';
import type { RequestContext } from './request-context.js';
import type { TokenOutcome } from './token-answer.js';

/** Present a refresh token for new tokens (RFC 6749, 6). */
export class RefreshTokens extends Command<TokenOutcome> {
  constructor(
    readonly refreshToken: string,
    readonly caller: Caller,
    readonly request: RequestContext,
    readonly asked: AccessRequest,
  ) {
    super();
  }
}
