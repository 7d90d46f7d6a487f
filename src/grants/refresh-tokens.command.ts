import { Command } from '@nestjs/cqrs';
import type { Caller } from '../domain/token-family/family.decision.js';
import type { RequestContext } from './request-context.js';
import type { TokenOutcome } from './token-answer.js';

/** Present a refresh token for new tokens (RFC 6749, 6). */
export class RefreshTokens extends Command<TokenOutcome> {
  constructor(
    readonly refreshToken: string,
    readonly caller: Caller,
    readonly request: RequestContext,
    /** Sorted; undefined: all that was granted. */
    readonly scope?: readonly string[],
    readonly resources?: readonly string[],
  ) {
    super();
  }
}
