import { Command } from '@nestjs/cqrs';
import type { IssueClientToken as IssueClientTokenTerms } from '../domain/directory/client-token.decider.js';
import type { RequestContext } from './request-context.js';
import type { TokenOutcome } from './token-answer.js';

/** A client asks for an access token for itself (RFC 6749, 4.4). */
export class IssueClientToken extends Command<TokenOutcome> {
  constructor(
    readonly terms: IssueClientTokenTerms,
    readonly request: RequestContext,
  ) {
    super();
  }
}
