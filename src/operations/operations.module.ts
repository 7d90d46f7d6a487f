import { type DynamicModule, Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { HealthController } from './health.controller.js';
import { MetricsController } from './metrics.controller.js';
import { Readiness } from './readiness.service.js';
import { ServiceMetrics } from './service-metrics.js';
import { SealsController } from './seals.controller.js';
import type { ServiceWatch } from './service-watch.js';
import { StoreTrouble } from './store-trouble.js';

/** How the server is watched: health and metrics, and what was sealed of its ledger. */
@Module({
  imports: [AccessModule],
  controllers: [HealthController, MetricsController, SealsController],
})
export class OperationsModule {
  /** Shows what `watch` was told. */
  static of({ metrics, trouble }: ServiceWatch): DynamicModule {
    return {
      module: OperationsModule,
      providers: [
        Readiness,
        { provide: ServiceMetrics, useValue: metrics },
        { provide: StoreTrouble, useValue: trouble },
      ],
      exports: [Readiness],
    };
  }
}
