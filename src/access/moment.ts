import { z } from 'zod';
import type { RecordedEvent } from '../domain/envelope.js';
import type { Instant, Position } from '../domain/identifiers.js';
import type { Ledger } from '../ledger/ledger.port.js';

/** What a moment is asked for by: the newest event, or the time. */
export type At = { readonly position: Position } | { readonly instant: Instant };

/** A moment of the ledger. Nothing after its position had happened. */
export interface Moment {
  readonly position: Position;
  /** When the event at this position was recorded. */
  readonly recordedAt: Instant;
  /** What has expired is told by this time. */
  readonly instant: Instant;
  /** Whether that is a time that was asked for. */
  readonly isAsked: boolean;
}

/** What moments are looked up in. */
export type MomentLedger = Pick<Ledger, 'size' | 'eventsAfter'>;

/** Why there is no such moment. */
export interface NoSuchMoment {
  readonly kind: 'no_such_moment';
  readonly reason: 'before_the_ledger' | 'beyond_the_ledger' | 'yet_to_come';
}

/** Clocks of those who ask may be ahead by so much, in milliseconds. */
const AHEAD_MAX = 60_000;

const POSITION = /^(?:0|[1-9]\d{0,14})$/;
const rfc3339 = z.iso.datetime({ offset: true });

/** No ledger is so old: instants count from here. */
const FIRST_INSTANT: Instant = 0;
/** The end of the hour after this has no year of four digits, as RFC 3339 wants it. */
const LAST_INSTANT: Instant = Date.UTC(9999, 11, 31, 23);

/**
 * A position, or a time with its offset (RFC 3339); undefined for any other text. A time before 1970 or at
 * the end of the year 9999, as some write "since ever" and "for ever", is the first or the last instant.
 */
export function momentText(text: string): At | undefined {
  if (POSITION.test(text)) return { position: Number(text) };
  const time = text.toUpperCase();
  if (!rfc3339.safeParse(time).success) return undefined;
  return { instant: Math.min(Math.max(FIRST_INSTANT, Date.parse(time)), LAST_INSTANT) };
}

/** A parameter that is a moment of the ledger. */
export const momentParameter = z
  .string('must be given once')
  .transform((text, context) => {
    const at = momentText(text);
    if (at !== undefined) return at;
    context.addIssue('must be an RFC 3339 time or a position');
    return z.NEVER;
  })
  .meta({ type: 'string', example: '2026-11-21T02:14:07Z' });

/** A member of a JSON body that is a moment: a position may be a number there. */
export const momentMember = z
  .union([z.string(), z.number()], 'must be an RFC 3339 time or a position')
  .transform(String)
  .pipe(momentParameter);

/** The moment that is asked for; now when nothing is said. A time yet to come is now. */
export async function momentAt(ledger: MomentLedger, at?: At): Promise<Moment | NoSuchMoment> {
  const size = await ledger.size();
  if (at === undefined) {
    return { ...(await markAt(ledger, size - 1)), instant: Date.now(), isAsked: false };
  }
  if ('position' in at) {
    if (at.position >= size) return { kind: 'no_such_moment', reason: 'beyond_the_ledger' };
    const mark = await markAt(ledger, at.position);
    return { ...mark, instant: mark.recordedAt, isAsked: false };
  }
  const position = (await firstPositionSince(ledger, at.instant + 1, size)) - 1;
  if (position < 0) return { kind: 'no_such_moment', reason: 'before_the_ledger' };
  const instant = Math.min(at.instant, Date.now());
  return { ...(await markAt(ledger, position)), instant, isAsked: true };
}

/**
 * The moment that is asked for, of what was: a time that is more than a minute ahead, of the clock and of
 * the newest event, has no state that could be told.
 */
export async function pastMomentAt(ledger: MomentLedger, at?: At): Promise<Moment | NoSuchMoment> {
  if (at !== undefined && 'instant' in at && at.instant > Date.now() + AHEAD_MAX) {
    const { recordedAt } = await markAt(ledger, (await ledger.size()) - 1);
    if (at.instant > recordedAt + AHEAD_MAX)
      return { kind: 'no_such_moment', reason: 'yet_to_come' };
  }
  return momentAt(ledger, at);
}

/**
 * The position of the first event that was appended at this instant or later, among the first `size`;
 * `size` when none was. The store's clock never runs backwards, so it is found by halving.
 */
export async function firstPositionSince(
  ledger: MomentLedger,
  instant: Instant,
  size: Position,
): Promise<Position> {
  let low = 0;
  let high = size;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const { appendedAt } = await eventAt(ledger, middle);
    if (appendedAt < instant) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The event at a position. Throws a RangeError when the ledger has none there. */
export async function eventAt(ledger: MomentLedger, position: Position): Promise<RecordedEvent> {
  const { events } = await ledger.eventsAfter(position === 0 ? null : position - 1, 1);
  const [event] = events;
  if (event?.position !== position) throw new RangeError(`the ledger ends before ${position}`);
  return event;
}

async function markAt(
  ledger: MomentLedger,
  position: Position,
): Promise<Pick<Moment, 'position' | 'recordedAt'>> {
  const { appendedAt } = await eventAt(ledger, position);
  return { position, recordedAt: appendedAt };
}
