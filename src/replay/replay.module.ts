import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { BacktestJobs } from './backtest-jobs.service.js';
import { BacktestsController } from './backtests.controller.js';
import { BundlesController } from './bundle/bundles.controller.js';
import { ExportBundleHandler } from './bundle/export-bundle.handler.js';
import { ReplayDifferenceHandler } from './replay-difference.handler.js';
import { ReplayStateHandler } from './replay-state.handler.js';
import { StatesController } from './states.controller.js';

/** The replay's queries, without any door: for HTTP and the command line alike. */
@Module({ providers: [ExportBundleHandler, ReplayDifferenceHandler, ReplayStateHandler] })
export class ReplayQueriesModule {}

/** The replay's HTTP endpoints. The queries come with the service. */
@Module({
  imports: [AccessModule],
  controllers: [BacktestsController, BundlesController, StatesController],
  providers: [BacktestJobs],
})
export class ReplayModule {}
