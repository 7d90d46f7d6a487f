import { Command } from '@nestjs/cqrs';
import type { Caller } from '../domain/token-family/family.decision.js';
import type { VerifiedAccessToken } from '../tokens/access-token.js';
import type { RequestContext } from './request-context.js';

/** What presenting a token for revocation came to; `ignored` is answered like success (RFC 7009, 2.2). */
export type TokenRevocationOutcome = 'revoked' | 'ignored' | 'foreign_client' | 'invalid_client';

/** A client gives back a token: of a refresh token its whole family, of an access token only itself. */
export class RevokeToken extends Command<TokenRevocationOutcome> {
  constructor(
    readonly token: string,
    readonly caller: Caller,
    readonly request: RequestContext,
    /** What the token says when it is an access token that we signed and that has not expired. */
    readonly accessToken: VerifiedAccessToken | undefined,
  ) {
    super();
  }
}
