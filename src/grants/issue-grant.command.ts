import { Command } from '@nestjs/cqrs';
import type { IssueGrant as IssueGrantTerms } from '../domain/token-family/authorization-code.decider.js';
import type { RequestContext } from './request-context.js';

/** Begin a token family: a resource owner authorized a client. Answers with the code. */
export class IssueGrant extends Command<{ readonly code: string }> {
  constructor(
    readonly terms: IssueGrantTerms,
    readonly request: RequestContext,
  ) {
    super();
  }
}
