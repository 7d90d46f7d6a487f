import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { markOf } from '../domain/revocation/tokens-not-before.rules.js';
import { Ledger } from '../ledger/ledger.port.js';
import {
  PreviewRevocation,
  type PreviewedFamily,
  type RevocationNotPreviewed,
  type RevocationPreview,
} from './preview-revocation.query.js';
import { RevocationOrders } from './revocation-order.reader.js';
import { RevocationReach } from './revocation-reach.reader.js';

/** Tells what a revocation would end. */
@QueryHandler(PreviewRevocation)
export class PreviewRevocationHandler implements IQueryHandler<PreviewRevocation> {
  constructor(
    private readonly ledger: Ledger,
    private readonly orders: RevocationOrders,
    private readonly reach: RevocationReach,
  ) {}

  async execute({
    selector,
    position,
    after,
    limit,
  }: PreviewRevocation): Promise<RevocationPreview | RevocationNotPreviewed> {
    const newest = (await this.ledger.size()) - 1;
    const set = await this.orders.setOf(this.orders.orderOf(selector, position ?? newest));
    if (typeof set === 'string') return { kind: 'refused', reason: set };
    const left = set.families.filter((id) => after === undefined || id > after);
    const page = left.slice(0, limit);
    return {
      kind: 'previewed',
      set,
      tokensNotBefore: markOf(selector, set.foundAt),
      reach: after === undefined ? await this.reach.of(set) : null,
      families: await this.told(page),
      next: left.length > page.length ? (page.at(-1) ?? null) : null,
    };
  }

  private told(familyIds: readonly string[]): Promise<readonly PreviewedFamily[]> {
    return this.ledger.read((reader) =>
      familyIds.flatMap((id) => {
        const family = reader.find('family', id);
        if (family === undefined) return [];
        const { clientId, subject = null, grantedAt } = family;
        return [{ id, clientId, subject, grantedAt }];
      }),
    );
  }
}
