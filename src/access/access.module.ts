import { Module } from '@nestjs/common';
import { DirectoryModule } from '../directory/directory.module.js';
import { AdministrationRecord } from './administration-record.service.js';
import { AccessTokenStatuses } from './access-token-status.js';
import { BearerGuard } from './bearer.guard.js';
import { FailureLimits } from './failure-limits.js';
import { InteractionTokens } from './interaction-token.js';
import { KnownDevice } from './known-device.js';
import { PastedTokens } from './pasted-tokens.service.js';
import { SessionCookie } from './session-cookie.js';

/**
 * What every HTTP door shares. Needs from a global module: `Ledger`, `SigningKeyRing`, `TokenCodec`,
 * `SealedTokens`, SETTINGS.
 */
@Module({
  imports: [DirectoryModule],
  providers: [
    AccessTokenStatuses,
    AdministrationRecord,
    BearerGuard,
    FailureLimits,
    InteractionTokens,
    KnownDevice,
    PastedTokens,
    SessionCookie,
  ],
  exports: [
    AccessTokenStatuses,
    AdministrationRecord,
    BearerGuard,
    FailureLimits,
    InteractionTokens,
    KnownDevice,
    PastedTokens,
    SessionCookie,
  ],
})
export class AccessModule {}
