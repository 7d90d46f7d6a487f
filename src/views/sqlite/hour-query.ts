import type Database from 'better-sqlite3';
import type { RejectionReason } from '../../domain/events/token-family.events.js';
import type { Instant, Position } from '../../domain/identifiers.js';
import type { EventType } from '../event-outcomes.js';
import { HOUR, hourOf } from '../hours.js';
import type { HealthMeasure } from '../view-changes.js';
import type {
  ActivityHour,
  ClientHealth,
  ClientHealthCounters,
  ClientHealthHour,
  ClientPage,
  HourPage,
  HourSpan,
} from '../views.port.js';

/** No page looks at more hours, or at more clients, than this. */
const HOURS_MAX = 1000;
const CLIENTS_MAX = 1000;

interface MeasureRow {
  readonly hour: Instant;
  readonly measure: HealthMeasure;
  readonly count: number;
  readonly firstPosition: Position;
  readonly lastPosition: Position;
}

/** The hours of a span that can be counted whole. */
interface WholeHours {
  readonly from: Instant;
  readonly to: Instant;
  readonly partialHour: Instant | null;
}

/** Reads what the views count by the hour. */
export class HourQuery {
  private readonly measures: Database.Statement<[string, Instant, Instant], MeasureRow>;
  private readonly sums: Database.Statement<[string, Instant, Instant], MeasureRow>;
  private readonly activities: Database.Statement<
    [string, Instant, Instant],
    { readonly hour: Instant; readonly type: EventType; readonly count: number }
  >;
  private readonly nextClient: Database.Statement<[string], string>;
  private readonly instant: Database.Statement<[Position], Instant>;

  constructor(handle: Database.Database) {
    const span = 'client_id = ? AND hour >= ? AND hour < ?';
    this.measures = handle.prepare(
      `SELECT hour, measure, count, first_position AS firstPosition, last_position AS lastPosition
       FROM client_health WHERE ${span} ORDER BY hour, measure`,
    );
    this.sums = handle.prepare(
      `SELECT 0 AS hour, measure, sum(count) AS count, min(first_position) AS firstPosition,
         max(last_position) AS lastPosition
       FROM client_health WHERE ${span} GROUP BY measure`,
    );
    this.activities = handle.prepare(
      `SELECT hour, type, count FROM activity WHERE ${span} ORDER BY hour, type`,
    );
    this.nextClient = handle
      .prepare<[string], string>(
        'SELECT client_id FROM client_health WHERE client_id > ? ORDER BY client_id LIMIT 1',
      )
      .pluck();
    this.instant = handle
      .prepare<[Position], Instant>('SELECT at FROM audit_events WHERE position = ?')
      .pluck();
  }

  /** The sums of clients over a span, by client id. */
  clients(span: HourSpan, limit: number, after: string | null): ClientPage {
    const { from, to, partialHour } = this.wholeHours(span);
    const clients: ClientHealth[] = [];
    let last = after ?? '';
    let client = this.nextClient.get(last);
    for (let looked = 0; client !== undefined && looked < CLIENTS_MAX; looked += 1) {
      if (clients.length === limit) break;
      const rows = this.sums.all(client, from, to);
      if (rows.length > 0) clients.push(healthOf(client, rows));
      last = client;
      client = this.nextClient.get(last);
    }
    return { clients, next: client === undefined ? null : last, partialHour };
  }

  /** One client hour by hour. */
  clientHours(clientId: string, span: HourSpan): HourPage<ClientHealthHour> {
    const { page, from, to } = this.pageOf(span);
    const hours: ClientHealthHour[] = [];
    for (const [hour, rows] of groupByHour(this.measures.all(clientId, from, to))) {
      hours.push({ hour, ...healthOf(clientId, rows) });
    }
    return { ...page, hours };
  }

  /** How many events there were hour by hour; of the whole ledger when no client is given. */
  activity(span: HourSpan, clientId = ''): HourPage<ActivityHour> {
    const { page, from, to } = this.pageOf(span);
    const byHour = groupByHour(this.activities.all(clientId, from, to));
    const hours = [...byHour].map(([hour, rows]) => ({
      hour,
      counts: Object.fromEntries(rows.map(({ type, count }) => [type, count])),
    }));
    return { ...page, hours };
  }

  private pageOf(span: HourSpan): WholeHours & {
    readonly page: Omit<HourPage<never>, 'hours'>;
  } {
    const whole = this.wholeHours(span);
    const { from, partialHour } = whole;
    const to = Math.min(whole.to, from + HOURS_MAX * HOUR);
    return { from, to, partialHour, page: { next: to < whole.to ? to : null, partialHour } };
  }

  /** An hour that goes on after `upTo` cannot be counted as it was then. */
  private wholeHours({ from, to, upTo }: HourSpan): WholeHours {
    const whole = { from: hourOf(from), to, partialHour: null };
    const at = upTo === undefined ? undefined : this.instant.get(upTo);
    if (upTo === undefined || at === undefined) return whole;
    const hour = hourOf(at);
    const next = this.instant.get(upTo + 1);
    const isCut = next !== undefined && hourOf(next) === hour;
    return {
      from: whole.from,
      to: Math.min(to, isCut ? hour : hour + HOUR),
      partialHour: isCut && whole.from <= hour && hour < to ? hour : null,
    };
  }
}

function groupByHour<Row extends { readonly hour: Instant }>(
  rows: readonly Row[],
): ReadonlyMap<Instant, Row[]> {
  const groups = new Map<Instant, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.hour);
    if (group === undefined) groups.set(row.hour, [row]);
    else group.push(row);
  }
  return groups;
}

const REJECTED = 'rejected:';

function healthOf(clientId: string, rows: readonly MeasureRow[]): ClientHealth {
  const counts = new Map(rows.map(({ measure, count }) => [measure, count]));
  return {
    clientId,
    ...countersOf(counts),
    firstPosition: Math.min(...rows.map((row) => row.firstPosition)),
    lastPosition: Math.max(...rows.map((row) => row.lastPosition)),
  };
}

function countersOf(counts: ReadonlyMap<HealthMeasure, number>): ClientHealthCounters {
  const of = (measure: HealthMeasure): number => counts.get(measure) ?? 0;
  const rejected = [...counts].flatMap(([measure, count]) =>
    measure.startsWith(REJECTED)
      ? [[measure.slice(REJECTED.length) as RejectionReason, count] as const]
      : [],
  );
  return {
    redeemed: of('redeemed'),
    rotated: of('rotated'),
    refreshed: of('refreshed'),
    retriedWithin2Seconds: of('retried_within_2_seconds'),
    retriedLater: of('retried_later'),
    retriedAtUnknownAge: of('retried_at_unknown_age'),
    retriedByOtherParty: of('retried_by_other_party'),
    refreshedEarly: of('refreshed_early'),
    staleInsideWindow: of('rejected:stale_inside_window'),
    reuse: of('reuse'),
    rejectedByReason: Object.fromEntries(rejected),
  };
}
