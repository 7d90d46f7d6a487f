import { Command } from '@nestjs/cqrs';
import type { ResourceRequest } from '../domain/token-family/access-token.rules.js';
import type { Caller } from '../domain/token-family/family.decision.js';
import type { RequestContext } from './request-context.js';
import type { TokenOutcome } from './token-answer.js';

/** Present an authorization code for the first tokens (RFC 6749, 4.1.3). */
export class RedeemCode extends Command<TokenOutcome> {
  constructor(
    readonly code: string,
    readonly caller: Caller,
    readonly request: RequestContext,
    readonly redirectUri: string | undefined,
    readonly codeVerifier: string | undefined,
    readonly asked: ResourceRequest = {},
  ) {
    super();
  }
}
