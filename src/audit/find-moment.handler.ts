import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { Ledger } from '../ledger/ledger.port.js';
import { FindMoment } from './find-moment.query.js';
import { type Moment, momentAt, type NoSuchMoment } from '../access/moment.js';

/** Answers which moment is meant. */
@QueryHandler(FindMoment)
export class FindMomentHandler implements IQueryHandler<FindMoment> {
  constructor(private readonly ledger: Ledger) {}

  execute({ at }: FindMoment): Promise<Moment | NoSuchMoment> {
    return momentAt(this.ledger, at);
  }
}
