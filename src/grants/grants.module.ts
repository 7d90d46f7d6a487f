import { Module } from '@nestjs/common';
import { FamilyContexts } from './family-contexts.service.js';
import { FamilyPresentations } from './family-presentation.service.js';
import { IssueClientTokenHandler } from './issue-client-token.handler.js';
import { IssueGrantHandler } from './issue-grant.handler.js';
import { PresentationCounter } from './presentation-counter.service.js';
import { RedeemCodeHandler } from './redeem-code.handler.js';
import { RefreshTokensHandler } from './refresh-tokens.handler.js';
import { RefreshTokenStatuses } from './refresh-token-status.service.js';
import { RevokeFamilyHandler } from './revoke-family.handler.js';
import { RevokeTokenHandler } from './revoke-token.handler.js';
import { TokenMinter } from './token-minter.service.js';
import { TokenSigning } from './token-signing.service.js';

/** The write side on token families: every decision about a token is made here. */
@Module({
  providers: [
    FamilyContexts,
    FamilyPresentations,
    IssueClientTokenHandler,
    IssueGrantHandler,
    PresentationCounter,
    RedeemCodeHandler,
    RefreshTokensHandler,
    RefreshTokenStatuses,
    RevokeFamilyHandler,
    RevokeTokenHandler,
    TokenMinter,
    TokenSigning,
  ],
  exports: [RefreshTokenStatuses],
})
export class GrantsModule {}
