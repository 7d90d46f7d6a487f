import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { type Moment, momentAt, type NoSuchMoment } from '../access/moment.js';
import type { Position } from '../domain/identifiers.js';
import { Ledger } from '../ledger/ledger.port.js';
import { ViewsReader } from '../views/views.port.js';
import { type BeyondViews, FindFixedState, FindMoment } from './find-moment.query.js';

/** Answers which moment is meant. */
@QueryHandler(FindMoment)
export class FindMomentHandler implements IQueryHandler<FindMoment> {
  constructor(
    private readonly ledger: Ledger,
    private readonly views: ViewsReader,
  ) {}

  async execute({ at }: FindMoment): Promise<Moment | NoSuchMoment | BeyondViews> {
    const newest = this.views.fixedAt;
    if (newest === undefined) return momentAt(this.ledger, at);
    const found = await momentAt(this.ledger, at ?? { position: newest });
    const isBeyond =
      'kind' in found ? found.reason === 'beyond_the_ledger' : found.position > newest;
    return isBeyond ? { kind: 'beyond_the_views', newest } : found;
  }
}

/** Answers whether there is only one state to answer from. */
@QueryHandler(FindFixedState)
export class FindFixedStateHandler implements IQueryHandler<FindFixedState> {
  constructor(private readonly views: ViewsReader) {}

  execute(): Promise<Position | undefined> {
    return Promise.resolve(this.views.fixedAt);
  }
}
