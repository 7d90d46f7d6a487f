import type Database from 'better-sqlite3';
import type { Position } from '../../domain/identifiers.js';
import type { FamilyEventFilter, PageRequest } from '../views.port.js';
import type { EventQuery } from './event-query.js';
import type { FoundKeys, IndexScan, ScanCondition } from './index-scan.js';

/** So many families are read at one go before their events are looked at. */
const FAMILIES_AT_ONCE = 100;

const nothing: FoundKeys = { rows: [], next: null, rowsScanned: 0 };

/**
 * Finds families that had a certain event. Where such events are few, they lead to their families;
 * else families are gone through, and the events of each. As many rows as the request allows are
 * looked at of each: of such events, of families, and of the families' events.
 */
export class FamilyEventQuery {
  private readonly familyAt: Database.Statement<[Position], string>;
  private readonly beginningOf: Database.Statement<[Position], Position>;

  constructor(
    handle: Database.Database,
    private readonly families: IndexScan,
    private readonly events: EventQuery,
  ) {
    this.familyAt = handle
      .prepare<[Position], string>('SELECT family_id FROM families WHERE created_position = ?')
      .pluck();
    this.beginningOf = handle
      .prepare<[Position], Position>(
        `SELECT created_position FROM families
         WHERE family_id = (SELECT family_id FROM audit_events WHERE position = ?)`,
      )
      .pluck();
  }

  /** The places of families that meet all conditions and had this event up to a position. */
  find(
    event: FamilyEventFilter,
    conditions: readonly ScanCondition[],
    upTo: Position,
    request: PageRequest,
  ): FoundKeys {
    const { after = null, rowsScannedMax } = request;
    if (after !== null && after < 0) return this.walk(event, conditions, upTo, request);
    const all = { order: 'oldest_first', limit: Infinity, rowsScannedMax } as const;
    const { rows, next, rowsScanned } = this.events.positions(event, upTo, all);
    const found =
      next === null
        ? this.among(this.beginningsOf(rows), conditions, upTo, request)
        : this.walk(event, conditions, upTo, request);
    return { ...found, rowsScanned: found.rowsScanned + rowsScanned };
  }

  private beginningsOf(events: readonly Position[]): Position[] {
    return [...new Set(events.flatMap((position) => this.beginningOf.get(position) ?? []))];
  }

  private among(
    beginnings: readonly Position[],
    conditions: readonly ScanCondition[],
    upTo: Position,
    { order, limit, after = null, from = 0 }: PageRequest,
  ): FoundKeys {
    const sign = order === 'oldest_first' ? 1 : -1;
    const isMeant = (place: Position): boolean =>
      place >= from && place <= upTo && (after === null || (place - after) * sign > 0);
    const places = beginnings.filter(isMeant).sort((one, other) => (one - other) * sign);
    const plain = conditions.map(({ sql, parameters }) => ({ sql, parameters }));
    const rows: Position[] = [];
    for (const [index, place] of places.entries()) {
      if (rows.length === limit) return { rows, next: rows.at(-1) ?? null, rowsScanned: index };
      const only = { order, limit: 1, from: place, rowsScannedMax: 1 };
      rows.push(...this.families.find(plain, place, only).rows);
    }
    return { rows, next: null, rowsScanned: places.length };
  }

  /** `next` of a page that ended within a family is a negative number, which no family is at. */
  private walk(
    event: FamilyEventFilter,
    conditions: readonly ScanCondition[],
    upTo: Position,
    request: PageRequest,
  ): FoundKeys {
    const { limit, rowsScannedMax } = request;
    const begin = this.beginOf(request);
    if (begin === undefined) return nothing;
    const rows: Position[] = [];
    let { place, inside } = begin;
    let [familiesLeft, eventsLeft] = [rowsScannedMax, rowsScannedMax];
    const foundBefore = (next: Position | null): FoundKeys => {
      return { rows, next, rowsScanned: 2 * rowsScannedMax - familiesLeft - eventsLeft };
    };
    while (familiesLeft > 0) {
      const most = { limit: FAMILIES_AT_ONCE, rowsScannedMax: familiesLeft };
      const page = this.families.find(conditions, upTo, { ...request, ...most, after: place });
      familiesLeft -= page.rowsScanned;
      for (const family of page.rows) {
        if (rows.length === limit || eventsLeft === 0) return foundBefore(place);
        const own = this.firstIn(family, event, upTo, inside, eventsLeft);
        eventsLeft -= own.rowsScanned;
        if (own.next !== null && own.rows.length === 0) return foundBefore(withinAfter(own.next));
        if (own.rows.length > 0) rows.push(family);
        [place, inside] = [family, null];
      }
      if (page.next === null) return foundBefore(null);
      place = page.next;
    }
    return foundBefore(place);
  }

  private firstIn(
    family: Position,
    event: FamilyEventFilter,
    upTo: Position,
    after: Position | null,
    rowsScannedMax: number,
  ): FoundKeys {
    const first = { order: 'oldest_first', limit: 1, from: family, after, rowsScannedMax } as const;
    return this.events.inFamily(this.familyAt.get(family) ?? '', event, upTo, first);
  }

  /** Where to begin: after a family, or within one after an event; undefined when there is none. */
  private beginOf({ order, after = null }: PageRequest) {
    if (after === null || after >= 0) return { place: after, inside: null };
    const inside = withinAfter(after);
    const family = this.beginningOf.get(inside);
    if (family === undefined) return undefined;
    return { place: order === 'oldest_first' ? family - 1 : family + 1, inside };
  }
}

/** Turns the event that was looked at last into a place within its family, and that into the event. */
function withinAfter(place: Position): Position {
  return -1 - place;
}
