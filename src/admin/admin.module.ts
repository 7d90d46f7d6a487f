import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { DirectoryModule } from '../directory/directory.module.js';
import { ListRevocationTokensHandler } from './list-revocation-tokens.handler.js';
import { ListRevocationsHandler } from './list-revocations.handler.js';
import { PreviewRevocationHandler } from './preview-revocation.handler.js';
import { RevocationAnswers } from './revocation-answer.reader.js';
import { RevocationOrders } from './revocation-order.reader.js';
import { RevocationPreviewController } from './revocation-preview.controller.js';
import { RevocationQueue } from './revocation-queue.service.js';
import { RevocationRecords } from './revocation-record.service.js';
import { RevocationRunner } from './revocation.runner.js';
import { RevocationSets } from './revocation-set.reader.js';
import { RevocationTokensController } from './revocation-tokens.controller.js';
import { RevocationTokens } from './revocation-tokens.reader.js';
import { RevocationsController } from './revocations.controller.js';
import { StartRevocationHandler } from './start-revocation.handler.js';

/** Revoking many families together, without any door: for HTTP and the command line alike. */
@Module({
  imports: [DirectoryModule],
  providers: [
    ListRevocationTokensHandler,
    ListRevocationsHandler,
    PreviewRevocationHandler,
    RevocationAnswers,
    RevocationOrders,
    RevocationRecords,
    RevocationRunner,
    RevocationSets,
    RevocationTokens,
    StartRevocationHandler,
  ],
  exports: [RevocationAnswers, RevocationRunner, RevocationSets],
})
export class RevocationsModule {}

/** The administration's HTTP endpoints. */
@Module({
  imports: [AccessModule, RevocationsModule],
  controllers: [RevocationPreviewController, RevocationTokensController, RevocationsController],
  providers: [RevocationQueue],
})
export class AdminModule {}
