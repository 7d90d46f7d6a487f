import { Global, Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { ErrorPage } from '../access/error-page.port.js';
import { DirectoryModule } from '../directory/directory.module.js';
import { AssetsController } from './assets.controller.js';
import { BrowserCookie } from './browser-cookie.service.js';
import { ConsentController } from './consent.controller.js';
import { errorPage } from './pages/pages.js';
import { PendingRequests } from './pending-request.service.js';
import { SignInController } from './sign-in.controller.js';
import { SignOutController } from './sign-out.controller.js';
import { SignOutRequests } from './sign-out-request.service.js';

/** The pages that people see: sign-in, consent, sign-out, errors. */
@Global()
@Module({
  imports: [AccessModule, DirectoryModule],
  controllers: [AssetsController, ConsentController, SignInController, SignOutController],
  providers: [
    BrowserCookie,
    PendingRequests,
    SignOutRequests,
    { provide: ErrorPage, useValue: { render: errorPage } satisfies ErrorPage },
  ],
  exports: [ErrorPage],
})
export class InteractionModule {}
