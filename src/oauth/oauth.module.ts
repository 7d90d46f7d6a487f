import { Module } from '@nestjs/common';
import { DirectoryModule } from '../directory/directory.module.js';
import { ClientAuthentication } from './client-authentication.service.js';
import { DiscoveryController } from './discovery.controller.js';
import { RegistrationController } from './registration.controller.js';
import { RevocationController } from './revocation.controller.js';
import { TokenController } from './token.controller.js';

/** The protocol: it translates wire to commands and outcomes to wire. */
@Module({
  imports: [DirectoryModule],
  controllers: [DiscoveryController, RegistrationController, RevocationController, TokenController],
  providers: [ClientAuthentication],
})
export class OAuthModule {}
