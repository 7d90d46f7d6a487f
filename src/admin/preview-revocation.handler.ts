import { setImmediate } from 'node:timers/promises';
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
import type { RevocationSet } from './revocation-set.reader.js';
import { RevocationTokens } from './revocation-tokens.reader.js';

/** So many families are told at one go where all of them are asked for. */
const FAMILIES_AT_ONCE = 250;

/** Tells what a revocation would end. */
@QueryHandler(PreviewRevocation)
export class PreviewRevocationHandler implements IQueryHandler<PreviewRevocation> {
  constructor(
    private readonly ledger: Ledger,
    private readonly orders: RevocationOrders,
    private readonly tokens: RevocationTokens,
  ) {}

  async execute({
    selector,
    position,
    after,
    limit,
    isWhole,
  }: PreviewRevocation): Promise<RevocationPreview | RevocationNotPreviewed> {
    const set = await this.orders.setAsked(selector, position);
    if (typeof set === 'string') return { kind: 'refused', reason: set };
    const left = set.families.filter((id) => after === undefined || id > after);
    const page = isWhole ? [] : left.slice(0, limit);
    const isFirst = after === undefined && !isWhole;
    return {
      kind: 'previewed',
      set,
      tokensNotBefore: markOf(selector, set.foundAt),
      reach: isFirst ? await this.tokens.reachOf(set) : null,
      families: await this.told(page),
      next: left.length > page.length ? (page.at(-1) ?? null) : null,
      pages: () => this.pages(left.slice(0, limit)),
    };
  }

  private async *pages(
    familyIds: RevocationSet['families'],
  ): AsyncGenerator<readonly PreviewedFamily[]> {
    for (let first = 0; first < familyIds.length; first += FAMILIES_AT_ONCE) {
      yield await this.told(familyIds.slice(first, first + FAMILIES_AT_ONCE));
      await setImmediate();
    }
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
