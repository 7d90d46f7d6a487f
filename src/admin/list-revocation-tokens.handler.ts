import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import {
  ListRevocationTokens,
  type RevocationTokenList,
  type RevocationTokensNotListed,
} from './list-revocation-tokens.query.js';
import { RevocationOrders } from './revocation-order.reader.js';
import { RevocationTokens, streamIdsOf } from './revocation-tokens.reader.js';

/** Lists the access tokens that a revocation would end. */
@QueryHandler(ListRevocationTokens)
export class ListRevocationTokensHandler implements IQueryHandler<ListRevocationTokens> {
  constructor(
    private readonly orders: RevocationOrders,
    private readonly tokens: RevocationTokens,
  ) {}

  async execute({
    selector,
    position,
    choice,
  }: ListRevocationTokens): Promise<RevocationTokenList | RevocationTokensNotListed> {
    const set = await this.orders.setAsked(selector, position);
    if (typeof set === 'string') return { kind: 'refused', reason: set };
    const { after } = choice;
    const isKnown = after === null || streamIdsOf(set).includes(after.streamId);
    if (!isKnown) return { kind: 'refused', reason: 'unknown_place' };
    return { kind: 'listed', set, pages: this.tokens.tokens(set, choice) };
  }
}
