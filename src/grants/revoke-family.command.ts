import { Command } from '@nestjs/cqrs';
import type {
  RevocationOutcome,
  RevokeFamily as Terms,
} from '../domain/token-family/revocation.decider.js';
import type { RequestContext } from './request-context.js';

/** End a token family: by its client, by an operator, or because its owner signed out. */
export class RevokeFamily extends Command<RevocationOutcome> {
  constructor(
    readonly familyId: string,
    readonly terms: Terms,
    readonly request: RequestContext,
  ) {
    super();
  }
}
