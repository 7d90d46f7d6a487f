import { type At, firstPositionSince, pastMomentAt, type NoSuchMoment } from '../access/moment.js';
import type { Position } from '../domain/identifiers.js';
import type { Ledger } from '../ledger/ledger.port.js';

/** Families that were granted at `from` or later, by their events up to `to`; both are positions. */
export interface BacktestRange {
  readonly from: Position;
  readonly to: Position;
}

/** Why there is no such range. */
export type NoRange =
  (NoSuchMoment & { readonly parameter: 'from' | 'to' }) | { readonly kind: 'backwards' };

/** The range between two moments; from the beginning and up to now when they are not said. */
export async function backtestRange(
  ledger: Ledger,
  { from, to }: { readonly from?: At | undefined; readonly to?: At | undefined },
): Promise<BacktestRange | NoRange> {
  const end = await pastMomentAt(ledger, to);
  if ('kind' in end) return { ...end, parameter: 'to' };
  const size = await ledger.size();
  const begin = from === undefined ? 0 : await beginOf(ledger, from, size);
  if (begin >= size) {
    return { kind: 'no_such_moment', reason: 'beyond_the_ledger', parameter: 'from' };
  }
  return begin > end.position ? { kind: 'backwards' } : { from: begin, to: end.position };
}

async function beginOf(ledger: Ledger, from: At, size: Position): Promise<Position> {
  return 'position' in from ? from.position : firstPositionSince(ledger, from.instant, size);
}
