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
  ClientPage,
  ClientSum,
  HourPage,
  HourSpan,
} from '../views.port.js';
import { type CutHour, CutHourQuery } from './cut-hour-query.js';

/** No page looks at more hours than this. */
const HOURS_MAX = 1000;
/** So many rows are summed for a page of clients before it ends; one client has to be in it. */
const ROWS_SUMMED_MAX = 20_000;

interface CountRow {
  readonly count: number;
  readonly firstPosition: Position;
  readonly lastPosition: Position;
}

type MeasureRow = CountRow & { readonly measure: HealthMeasure };

/** The hours of a span that can be counted whole, and the one that `upTo` cuts in two. */
interface CountedHours {
  readonly from: Instant;
  readonly to: Instant;
  readonly cut: CutHour | null;
}

/** What was summed of one client, and how many rows that took; `isPartial`: without the cut hour. */
interface Sum {
  readonly rows: readonly MeasureRow[];
  readonly rowsSummed: number;
  readonly isPartial: boolean;
}

/** Reads what the views count by the hour. */
export class HourQuery {
  private readonly sums: Database.Statement<
    [string, Instant, Instant],
    MeasureRow & { readonly rowsSummed: number }
  >;
  private readonly activities: Database.Statement<
    [string, Instant, Instant],
    { readonly hour: Instant; readonly type: EventType; readonly count: number }
  >;
  private readonly nextClient: Database.Statement<[string], string>;
  private readonly cutHours: CutHourQuery;

  constructor(handle: Database.Database) {
    const span = 'client_id = ? AND hour >= ? AND hour < ?';
    this.sums = handle.prepare(
      `SELECT measure, sum(count) AS count, min(first_position) AS firstPosition,
         max(last_position) AS lastPosition, count(*) AS rowsSummed
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
    this.cutHours = new CutHourQuery(handle);
  }

  /** The sums of clients over a span, by client id. */
  clients(span: HourSpan, limit: number, after: string | null): ClientPage {
    const hours = this.countedHours(span);
    const clients: ClientHealth[] = [];
    let partialHour: Instant | null = null;
    let last = after ?? '';
    let client = this.nextClient.get(last);
    for (let left = ROWS_SUMMED_MAX; client !== undefined && left > 0;) {
      if (clients.length === limit) break;
      const { rows, rowsSummed, isPartial } = this.sumOf(client, hours);
      const leftOut = isPartial ? (hours.cut?.hour ?? null) : null;
      if (rows.length > 0 || isPartial) {
        const health = { ...countersIn(rows), ...positionsOf(rows), partialHour: leftOut };
        clients.push({ clientId: client, ...health });
      }
      partialHour ??= leftOut;
      left -= rowsSummed + 1;
      last = client;
      client = this.nextClient.get(last);
    }
    return { clients, next: client === undefined ? null : last, partialHour };
  }

  /** The sums of one client over a span. */
  clientSum(clientId: string, span: HourSpan): ClientSum {
    const hours = this.countedHours(span);
    const { rows, isPartial } = this.sumOf(clientId, hours);
    const { firstPosition, lastPosition } = positionsOf(rows);
    return {
      counters: countersIn(rows),
      positions: firstPosition === null ? null : { firstPosition, lastPosition },
      partialHour: isPartial ? (hours.cut?.hour ?? null) : null,
    };
  }

  /** How many events there were hour by hour; of the whole ledger when no client is given. */
  activity(span: HourSpan, clientId = ''): HourPage<ActivityHour> {
    const whole = this.countedHours(span);
    const { from, cut } = whole;
    const to = Math.min(whole.to, from + HOURS_MAX * HOUR);
    const next = to < whole.to ? to : null;
    const byHour = groupByHour(this.activities.all(clientId, from, to));
    const hours = [...byHour].map(([hour, rows]) => ({ hour, counts: countsOf(rows) }));
    if (cut === null || next !== null) return { hours, next, partialHour: null };
    const rows = this.activities.all(clientId, cut.hour, cut.hour + HOUR);
    const counts = this.cutHours.activity(clientId, cut, countsOf(rows));
    if (counts === undefined) return { hours, next, partialHour: cut.hour };
    if (Object.keys(counts).length > 0) hours.push({ hour: cut.hour, counts });
    return { hours, next, partialHour: null };
  }

  private sumOf(clientId: string, { from, to, cut }: CountedHours): Sum {
    const rows = this.sums.all(clientId, from, to);
    const rowsSummed = rows.reduce((sum, row) => sum + row.rowsSummed, 0);
    if (cut === null) return { rows, rowsSummed, isPartial: false };
    const ofHour = this.sums.all(clientId, cut.hour, cut.hour + HOUR);
    if (ofHour.length === 0) return { rows, rowsSummed, isPartial: false };
    const counted = this.cutHours.health(clientId, cut, ofHour);
    if (counted === undefined) return { rows, rowsSummed, isPartial: true };
    const all = [...rows, ...counted.rows];
    return { rows: all, rowsSummed: rowsSummed + counted.rowsSummed, isPartial: false };
  }

  /** An hour that goes on after `upTo` is counted by what of it was there. */
  private countedHours({ from, to, upTo }: HourSpan): CountedHours {
    const first = hourOf(from);
    const cut = upTo === undefined ? null : this.cutHours.at(upTo);
    if (cut === null) return { from: first, to, cut };
    if (!cut.goesOn) return { from: first, to: Math.min(to, cut.hour + HOUR), cut: null };
    const isInside = first <= cut.hour && cut.hour < to;
    return { from: first, to: Math.min(to, cut.hour), cut: isInside ? cut : null };
  }
}

function countsOf(
  rows: readonly { readonly type: EventType; readonly count: number }[],
): ActivityHour['counts'] {
  return Object.fromEntries(rows.map(({ type, count }) => [type, count]));
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

function positionsOf(
  rows: readonly MeasureRow[],
): NonNullable<ClientSum['positions']> | { firstPosition: null; lastPosition: null } {
  if (rows.length === 0) return { firstPosition: null, lastPosition: null };
  return {
    firstPosition: Math.min(...rows.map((row) => row.firstPosition)),
    lastPosition: Math.max(...rows.map((row) => row.lastPosition)),
  };
}

function countersIn(rows: readonly MeasureRow[]): ClientHealthCounters {
  const counts = new Map<HealthMeasure, number>();
  for (const { measure, count } of rows) counts.set(measure, (counts.get(measure) ?? 0) + count);
  return countersOf(counts);
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
    presentedByOtherClient: of('presented_by_other_client'),
    staleInsideWindow: of('rejected:stale_inside_window'),
    reuse: of('reuse'),
    rejectedByReason: Object.fromEntries(rejected),
  };
}
