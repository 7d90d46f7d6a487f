import { Query } from '@nestjs/cqrs';
import type { At, Moment, NoSuchMoment } from '../access/moment.js';

/** The moment of the ledger that a time or a position means; now when nothing is said. */
export class FindMoment extends Query<Moment | NoSuchMoment> {
  constructor(readonly at?: At) {
    super();
  }
}
