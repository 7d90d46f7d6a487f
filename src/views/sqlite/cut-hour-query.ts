import type Database from 'better-sqlite3';
import type { Instant, Position } from '../../domain/identifiers.js';
import { FOREIGN_PRESENTATION } from '../client-health.projection.js';
import type { EventType } from '../event-outcomes.js';
import { HOUR, hourOf } from '../hours.js';
import type { HealthMeasure } from '../view-changes.js';
import type { ActivityHour } from '../views.port.js';

/** An hour with more events than this on either side of its cut is not counted. */
const CUT_EVENTS_MAX = 10_000;

/** The hour that a position lies in, and the events of it. */
export interface CutHour {
  readonly hour: Instant;
  readonly first: Position;
  readonly upTo: Position;
  readonly last: Position;
  /** Whether the hour has events after `upTo`. */
  readonly goesOn: boolean;
}

interface Measured {
  readonly measure: HealthMeasure;
  readonly count: number;
  readonly firstPosition: Position;
  readonly lastPosition: Position;
}

interface MeasuresRow extends Omit<Measured, 'measure'> {
  readonly measures: string;
}

type Range = readonly [first: Position, last: Position];

/**
 * Counts an hour up to a position, event by event: either those up to it, or, when there are too many,
 * those after it, which are taken from the hour's own counts.
 */
export class CutHourQuery {
  private readonly instant: Database.Statement<[Position], Instant>;
  private readonly newest: Database.Statement<[], Position>;
  private readonly probe: Database.Statement<[string, ...Range, string, ...Range], number>;
  private readonly measures: Database.Statement<[string, ...Range, string, ...Range], MeasuresRow>;
  private readonly lastMeasured: Database.Statement<[string, ...Range, string, ...Range], Position>;
  private readonly types: Database.Statement<
    [string, ...Range],
    { readonly type: EventType; readonly count: number }
  >;
  private readonly allTypes: Database.Statement<
    [...Range],
    { readonly type: EventType; readonly count: number }
  >;

  constructor(handle: Database.Database) {
    const from = (owner: string): string =>
      `FROM audit_events INDEXED BY audit_events_by_${owner}
       WHERE ${owner}_id = ? AND position BETWEEN ? AND ?`;
    this.instant = handle
      .prepare<[Position], Instant>('SELECT at FROM audit_events WHERE position = ?')
      .pluck();
    this.newest = handle.prepare<[], Position>('SELECT max(position) FROM audit_events').pluck();
    this.probe = handle
      .prepare<[string, ...Range, string, ...Range], number>(
        `SELECT count(*) FROM (SELECT 1 ${from('client')} UNION ALL SELECT 1 ${from('presenter')}
           LIMIT ${CUT_EVENTS_MAX + 1})`,
      )
      .pluck();
    const sums = `sum(presentations) AS count, min(position) AS firstPosition,
      max(position) AS lastPosition`;
    this.measures = handle.prepare(
      `SELECT measures, ${sums} ${from('client')} AND measures IS NOT NULL GROUP BY measures
       UNION ALL SELECT '${FOREIGN_PRESENTATION}', ${sums} ${from('presenter')} GROUP BY presenter_id`,
    );
    this.lastMeasured = handle
      .prepare<[string, ...Range, string, ...Range], Position>(
        `SELECT position ${from('client')} AND measures IS NOT NULL
         UNION ALL SELECT position ${from('presenter')} ORDER BY position DESC LIMIT 1`,
      )
      .pluck();
    this.types = handle.prepare(`SELECT type, count(*) AS count ${from('client')} GROUP BY type`);
    this.allTypes = handle.prepare(
      `SELECT type, count(*) AS count FROM audit_events NOT INDEXED
       WHERE position BETWEEN ? AND ? GROUP BY type`,
    );
  }

  /** The hour that a position lies in; null where there is no such event. */
  at(upTo: Position): CutHour | null {
    const at = this.instant.get(upTo);
    if (at === undefined) return null;
    const hour = hourOf(at);
    const next = this.instant.get(upTo + 1);
    if (next === undefined || hourOf(next) !== hour) {
      return { hour, first: upTo, upTo, last: upTo, goesOn: false };
    }
    const first = this.firstSince(hour, 0, upTo);
    const last = this.firstSince(hour + HOUR, upTo + 1, (this.newest.get() ?? upTo) + 1) - 1;
    return { hour, first, upTo, last, goesOn: true };
  }

  /** What a client is counted for up to the cut; undefined: that are too many events. */
  health(
    clientId: string,
    cut: CutHour,
    ofHour: readonly Measured[],
  ): { readonly rows: readonly Measured[]; readonly rowsSummed: number } | undefined {
    const side = this.sideOf(clientId, cut);
    if (side === undefined) return undefined;
    const counted = this.measured(clientId, side.range);
    if (side.isBefore) return { rows: counted, rowsSummed: side.events };
    const later = new Map(counted.map(({ measure, count }) => [measure, count]));
    const range = [cut.first, cut.upTo] as const;
    const newest = this.lastMeasured.get(clientId, ...range, clientId, ...range) ?? cut.upTo;
    const rows = ofHour.flatMap(({ measure, count, firstPosition, lastPosition }) => {
      const left = count - (later.get(measure) ?? 0);
      const last = lastPosition <= cut.upTo ? lastPosition : newest;
      return left > 0 ? [{ measure, count: left, firstPosition, lastPosition: last }] : [];
    });
    return { rows, rowsSummed: side.events };
  }

  /** How many events of each type there are up to the cut; undefined: that are too many. */
  activity(
    clientId: string,
    cut: CutHour,
    ofHour: ActivityHour['counts'],
  ): ActivityHour['counts'] | undefined {
    const side = this.sideOf(clientId, cut);
    if (side === undefined) return undefined;
    const rows =
      clientId === '' ? this.allTypes.all(...side.range) : this.types.all(clientId, ...side.range);
    const counted = new Map(rows.map(({ type, count }) => [type, count]));
    if (side.isBefore) return Object.fromEntries(counted);
    const left = Object.entries(ofHour).map(
      ([type, count]) => [type, count - (counted.get(type as EventType) ?? 0)] as const,
    );
    return Object.fromEntries(left.filter(([, count]) => count > 0));
  }

  private measured(clientId: string, range: Range): Measured[] {
    const sums = new Map<string, Measured>();
    for (const { measures, ...row } of this.measures.all(clientId, ...range, clientId, ...range)) {
      for (const name of measures.split(' ')) {
        const measure = name as HealthMeasure;
        const known = sums.get(measure);
        sums.set(measure, known === undefined ? { measure, ...row } : together(known, row));
      }
    }
    return [...sums.values()];
  }

  /** The side of the cut that can be counted. */
  private sideOf(
    clientId: string,
    { first, upTo, last }: CutHour,
  ): { readonly isBefore: boolean; readonly range: Range; readonly events: number } | undefined {
    for (const [isBefore, range] of [
      [true, [first, upTo]],
      [false, [upTo + 1, last]],
    ] as const) {
      const events = this.eventsIn(clientId, range);
      if (events <= CUT_EVENTS_MAX) return { isBefore, range, events };
    }
    return undefined;
  }

  private eventsIn(clientId: string, range: Range): number {
    if (clientId === '') return range[1] - range[0] + 1;
    return this.probe.get(clientId, ...range, clientId, ...range) ?? 0;
  }

  /** The first of these positions that is not older than this; `end` when none is. */
  private firstSince(instant: Instant, begin: Position, end: Position): Position {
    let [low, high] = [begin, end];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((this.instant.get(middle) ?? Infinity) < instant) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function together(one: Measured, other: Omit<Measured, 'measure'>): Measured {
  return {
    measure: one.measure,
    count: one.count + other.count,
    firstPosition: Math.min(one.firstPosition, other.firstPosition),
    lastPosition: Math.max(one.lastPosition, other.lastPosition),
  };
}
