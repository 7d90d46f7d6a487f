import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { DirectoryModule } from '../directory/directory.module.js';
import { GrantsModule } from '../grants/grants.module.js';
import { Authorizations } from './authorization.service.js';
import { AuthorizeController } from './authorize.controller.js';
import { ClientAuthentication } from './client-authentication.service.js';
import { DiscoveryController } from './discovery.controller.js';
import { EndpointHook } from './endpoint.hook.js';
import { IntrospectionController } from './introspection.controller.js';
import { Introspection } from './introspection.service.js';
import { RegistrationController } from './registration.controller.js';
import { RevocationController } from './revocation.controller.js';
import { TokenController } from './token.controller.js';
import { UserinfoController } from './userinfo.controller.js';

/** The protocol: it translates wire to commands and outcomes to wire. */
@Module({
  imports: [AccessModule, DirectoryModule, GrantsModule],
  controllers: [
    AuthorizeController,
    DiscoveryController,
    IntrospectionController,
    RegistrationController,
    RevocationController,
    TokenController,
    UserinfoController,
  ],
  providers: [Authorizations, ClientAuthentication, EndpointHook, Introspection],
})
export class OAuthModule {}
