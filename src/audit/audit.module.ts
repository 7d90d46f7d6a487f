import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { ListClientHealthHandler, StreamClientHealthHandler } from './client-health.handler.js';
import { CountActivityHandler, StreamActivityHandler } from './count-activity.handler.js';
import { EventsController } from './events.controller.js';
import { FamiliesController } from './families.controller.js';
import { FamilyEventsController } from './family-events.controller.js';
import { FindClientHandler } from './find-client.handler.js';
import { FindFamilyHandler } from './find-family.handler.js';
import { FindLineageHandler } from './find-lineage.handler.js';
import { FindFixedStateHandler, FindMomentHandler } from './find-moment.handler.js';
import { FindSubjectHandler } from './find-subject.handler.js';
import { FindValidityHandler } from './find-validity.handler.js';
import { GiveVerdictHandler } from './give-verdict.handler.js';
import { IncidentsController } from './incidents.controller.js';
import { ListEventsHandler, StreamEventsHandler } from './list-events.handler.js';
import { ListFamiliesHandler } from './list-families.handler.js';
import { ListFamilyEventsHandler } from './list-family-events.handler.js';
import { FindIncidentHandler, ListIncidentsHandler } from './list-incidents.handler.js';
import { OverviewController } from './overview.controller.js';
import { SearchEventsHandler } from './search-events.handler.js';
import { SearchFamiliesHandler } from './search-families.handler.js';
import { SearchIncidentsHandler } from './search-incidents.handler.js';
import { ValidityController } from './validity.controller.js';
import { VerdictController } from './verdict.controller.js';

/** The audit's queries, without any door: for HTTP, the command line and the console alike. */
@Module({
  providers: [
    CountActivityHandler,
    FindClientHandler,
    FindFamilyHandler,
    FindFixedStateHandler,
    FindIncidentHandler,
    FindLineageHandler,
    FindMomentHandler,
    FindSubjectHandler,
    FindValidityHandler,
    GiveVerdictHandler,
    ListClientHealthHandler,
    ListEventsHandler,
    ListFamiliesHandler,
    ListFamilyEventsHandler,
    ListIncidentsHandler,
    SearchEventsHandler,
    SearchFamiliesHandler,
    SearchIncidentsHandler,
    StreamActivityHandler,
    StreamClientHealthHandler,
    StreamEventsHandler,
  ],
})
export class AuditQueriesModule {}

/** The audit's HTTP endpoints. The queries come with the service. */
@Module({
  imports: [AccessModule],
  controllers: [
    EventsController,
    FamiliesController,
    FamilyEventsController,
    IncidentsController,
    OverviewController,
    ValidityController,
    VerdictController,
  ],
})
export class AuditModule {}
