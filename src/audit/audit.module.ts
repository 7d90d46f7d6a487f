import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { EventsController } from './events.controller.js';
import { FamiliesController } from './families.controller.js';
import { FindFamilyHandler } from './find-family.handler.js';
import { IncidentsController } from './incidents.controller.js';
import { ListEventsHandler, StreamEventsHandler } from './list-events.handler.js';
import { ListFamiliesHandler } from './list-families.handler.js';
import { ListFamilyEventsHandler } from './list-family-events.handler.js';
import { FindIncidentHandler, ListIncidentsHandler } from './list-incidents.handler.js';

/** The audit's queries, without any door: for HTTP, the command line and the console alike. */
@Module({
  providers: [
    FindFamilyHandler,
    FindIncidentHandler,
    ListEventsHandler,
    ListFamiliesHandler,
    ListFamilyEventsHandler,
    ListIncidentsHandler,
    StreamEventsHandler,
  ],
})
export class AuditQueriesModule {}

/** The audit's HTTP endpoints. The queries come with the service. */
@Module({
  imports: [AccessModule],
  controllers: [EventsController, FamiliesController, IncidentsController],
})
export class AuditModule {}
