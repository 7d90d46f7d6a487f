import { Query } from '@nestjs/cqrs';
import type { At, Moment, NoSuchMoment } from '../access/moment.js';
import type { Position } from '../domain/identifiers.js';

/** What is asked for lies beyond the one state that the views have. */
export interface BeyondViews {
  readonly kind: 'beyond_the_views';
  readonly newest: Position;
}

/**
 * The moment of the ledger that a time or a position means; when nothing is said now, or the newest
 * event of views that are of one state.
 */
export class FindMoment extends Query<Moment | NoSuchMoment | BeyondViews> {
  constructor(readonly at?: At) {
    super();
  }
}

/** The newest event that anything may be answered up to; undefined: the newest there is. */
export class FindFixedState extends Query<Position | undefined> {}
