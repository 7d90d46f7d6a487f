import { Command } from '@nestjs/cqrs';
import type {
  GrantOutcome,
  IssueGrant as IssueGrantTerms,
} from '../domain/token-family/authorization-code.decider.js';
import type { RequestContext } from './request-context.js';

/** What authorizing a client came to: its code, or nothing as the session it rests on has ended. */
export type IssueGrantOutcome =
  | { readonly kind: 'granted'; readonly code: string }
  | Extract<GrantOutcome, { readonly kind: 'refused' }>;

/** Begin a token family: a resource owner authorized a client. */
export class IssueGrant extends Command<IssueGrantOutcome> {
  constructor(
    readonly terms: IssueGrantTerms,
    readonly request: RequestContext,
  ) {
    super();
  }
}
