import type Database from 'better-sqlite3';
import type { Instant, Position } from '../../domain/identifiers.js';
import {
  type ActivityHour,
  type ClientPage,
  type ClientSum,
  type EventFilter,
  type FamilyFilter,
  type HourPage,
  type HourSpan,
  type IncidentFilter,
  type PageRequest,
  type Viewed,
  type ViewedEvent,
  type ViewedFamily,
  type ViewedIncident,
  type ViewPage,
  type ViewsBeingBuilt,
  type ViewsProgress,
  ViewsReader,
} from '../views.port.js';
import { NO_VIEWS, type ViewsState } from '../views.runner.js';
import { EventQuery } from './event-query.js';
import { FamilyQuery } from './family-query.js';
import { HourQuery } from './hour-query.js';
import { IncidentQuery } from './incident-query.js';
import { ViewsFiles } from './views-files.js';
import { isDamage, openViews } from './views-handle.js';
import { originOf, PROGRESS_QUERY, type ProgressRow } from './views-statements.js';

/**
 * Asks the views in a directory: those that it is told to follow, or else those that `find` finds when
 * they are first asked. Reads never wait for the writer.
 */
export class SqliteViewsReader extends ViewsReader {
  private readonly files: ViewsFiles;
  private state: ViewsState = NO_VIEWS;
  private opened: { readonly number: number; readonly views: OpenedViews } | undefined;
  private finding: Promise<void> | undefined;
  private onDamaged: ((number: number) => void) | undefined;

  constructor(
    directory: string,
    private readonly find?: () => Promise<ViewsState>,
  ) {
    super();
    this.files = new ViewsFiles(directory);
  }

  /** Asks these views from now on, and lets go of those before. */
  follow(state: ViewsState): void {
    this.state = state;
    if (this.opened !== undefined && this.opened.number !== state.serving) this.close();
  }

  /** Tells from now on which views turned out to be damaged, so that they are built anew. */
  whenDamaged(tell: (number: number) => void): void {
    this.onDamaged = tell;
  }

  /** Lets go of the views. */
  close(): void {
    this.opened?.views.handle.close();
    this.opened = undefined;
  }

  async progress(): Promise<ViewsProgress> {
    await this.found();
    const { serving, newest, rebuild } = this.state;
    const { position = null, at = null } = newest ?? {};
    return { position, at, isServing: serving !== undefined, rebuild };
  }

  async positionAt(instant: Instant): Promise<Viewed<Position | null>> {
    return this.view(undefined, (views, upTo) => views.positionAt(instant, upTo));
  }

  async events(filter: EventFilter, page: PageRequest): Promise<Viewed<ViewPage<ViewedEvent>>> {
    return this.view(page.upTo, (views, upTo) => views.events.page(filter, upTo, page));
  }

  async eventPositions(
    filter: EventFilter,
    page: PageRequest,
  ): Promise<Viewed<ViewPage<Position>>> {
    return this.view(page.upTo, (views, upTo) => views.events.positions(filter, upTo, page));
  }

  async families(filter: FamilyFilter, page: PageRequest): Promise<Viewed<ViewPage<ViewedFamily>>> {
    return this.view(page.upTo, (views, upTo) => views.families.page(filter, upTo, page));
  }

  async family(familyId: string, upTo?: Position): Promise<Viewed<ViewedFamily | undefined>> {
    return this.view(upTo, (views, end) => views.families.find(familyId, end));
  }

  async incidents(
    filter: IncidentFilter,
    page: PageRequest,
  ): Promise<Viewed<ViewPage<ViewedIncident>>> {
    return this.view(page.upTo, (views, upTo) => views.incidents.page(filter, upTo, page));
  }

  async incident(incidentId: string, upTo?: Position): Promise<Viewed<ViewedIncident | undefined>> {
    return this.view(upTo, (views, end) => views.incidents.find(incidentId, end));
  }

  async clientHealth(
    span: HourSpan,
    { limit, after }: { readonly limit: number; readonly after?: string | null | undefined },
  ): Promise<Viewed<ClientPage>> {
    return this.view(span.upTo, (views, upTo) =>
      views.hours.clients({ ...span, upTo }, limit, after ?? null),
    );
  }

  async clientSum(clientId: string, span: HourSpan): Promise<Viewed<ClientSum>> {
    return this.view(span.upTo, (views, upTo) =>
      views.hours.clientSum(clientId, { ...span, upTo }),
    );
  }

  async activity(span: HourSpan, clientId?: string): Promise<Viewed<HourPage<ActivityHour>>> {
    return this.view(span.upTo, (views, upTo) => views.hours.activity({ ...span, upTo }, clientId));
  }

  /** Asks at one moment; what is newer than `upTo` is not seen. */
  private async view<Answer>(
    upTo: Position | undefined,
    ask: (views: OpenedViews, upTo: Position) => Answer,
  ): Promise<Viewed<Answer>> {
    await this.found();
    const views = this.current();
    if (views === undefined) return this.beingBuilt();
    try {
      return views.atOneMoment(upTo, ask);
    } catch (error) {
      if (!isDamage(error) || !this.giveUp()) throw error;
      return this.beingBuilt();
    }
  }

  private beingBuilt(): ViewsBeingBuilt {
    return { kind: 'being_built', ...(this.state.rebuild ?? { done: 0, total: 0 }) };
  }

  /** Asks damaged views no more; whether there is somebody to build others. */
  private giveUp(): boolean {
    const { serving } = this.state;
    if (this.onDamaged === undefined || serving === undefined) return false;
    this.follow(NO_VIEWS);
    this.onDamaged(serving);
    return true;
  }

  private async found(): Promise<void> {
    if (this.find === undefined) return;
    this.finding ??= this.find().then((state) => this.follow(state));
    await this.finding;
  }

  /** Where the views of a number are. */
  protected fileOf(number: number): string {
    return this.files.file(number);
  }

  private current(): OpenedViews | undefined {
    const { serving } = this.state;
    if (this.opened !== undefined || serving === undefined) return this.opened?.views;
    const views = openViews(this.fileOf(serving), 'read', (handle) => new OpenedViews(handle));
    if (typeof views === 'string') {
      if (views !== 'missing') this.giveUp();
      return undefined;
    }
    this.opened = { number: serving, views };
    return views;
  }
}

/** One file of views, open to be read. */
class OpenedViews {
  readonly events: EventQuery;
  readonly families: FamilyQuery;
  readonly incidents: IncidentQuery;
  readonly hours: HourQuery;
  private readonly progress: Database.Statement<[], ProgressRow>;

  constructor(readonly handle: Database.Database) {
    this.events = new EventQuery(handle);
    this.families = new FamilyQuery(handle, this.events);
    this.incidents = new IncidentQuery(handle);
    this.hours = new HourQuery(handle);
    this.progress = handle.prepare(PROGRESS_QUERY);
  }

  atOneMoment<Answer>(
    asked: Position | undefined,
    ask: (views: OpenedViews, upTo: Position) => Answer,
  ): Viewed<Answer> {
    this.handle.exec('BEGIN');
    try {
      const newest = originOf(this.progress.get()).newest?.position ?? -1;
      const upTo = Math.min(asked ?? newest, newest);
      const at = this.events.eventAt(upTo)?.at ?? null;
      return { kind: 'viewed', upTo: at === null ? null : upTo, at, answer: ask(this, upTo) };
    } finally {
      if (this.handle.inTransaction) this.handle.exec('COMMIT');
    }
  }

  /** Times never run backwards with positions: the last one is found by halving. */
  positionAt(instant: Instant, newest: Position): Position | null {
    let [low, high] = [-1, newest];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.events.eventAt(middle)?.at ?? 0) <= instant) low = middle;
      else high = middle - 1;
    }
    return low === -1 ? null : low;
  }
}
