import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { Ledger } from '../ledger/ledger.port.js';
import { type ViewedFamily, type ViewsBeingBuilt, ViewsReader } from '../views/views.port.js';
import { blockedAt } from './blocked-families.reader.js';
import { clientsOf } from './client-names.reader.js';
import { idleExpiriesOf } from './idle-families.reader.js';
import { listedFamilyOf, type ListedFamilyAnswer } from './listed-family.answer.js';
import { type Listing, listingOf, type ListingState, ROWS_FOLLOWED_MAX } from './listing.reader.js';
import { SearchFamilies } from './search-families.query.js';

/** Answers with families that the views find. */
@QueryHandler(SearchFamilies)
export class SearchFamiliesHandler implements IQueryHandler<SearchFamilies> {
  constructor(
    private readonly ledger: Ledger,
    private readonly views: ViewsReader,
  ) {}

  execute({
    filter,
    request,
    isWhole,
    isBlocked,
  }: SearchFamilies): Promise<Listing<ListedFamilyAnswer> | ViewsBeingBuilt> {
    return listingOf<ViewedFamily, ListedFamilyAnswer>(
      { ledger: this.ledger, views: this.views },
      {
        page: (page) => this.views.families(filter, page),
        rowsScannedMax: filter.event && ROWS_FOLLOWED_MAX,
        positionOf: ({ createdPosition }) => createdPosition,
        itemsOf: async (rows, state) => {
          const families = await this.listed(rows, state);
          return isBlocked === undefined
            ? families
            : families.filter(({ blockedBy }) => (blockedBy !== null) === isBlocked);
        },
      },
      request,
      isWhole,
    );
  }

  private async listed(
    rows: readonly ViewedFamily[],
    { upTo, instant }: ListingState,
  ): Promise<ListedFamilyAnswer[]> {
    const { ledger } = this;
    const blocked = await blockedAt(ledger, rows, upTo);
    const idle = await idleExpiriesOf(ledger, rows);
    const clients = await clientsOf(
      ledger,
      rows.map(({ clientId }) => clientId),
    );
    return rows.map((row) => {
      const blockedBy = blocked.get(row.createdPosition) ?? null;
      const found = { blockedBy, idleExpiresAt: idle.get(row.familyId) };
      return listedFamilyOf(row, clients, found, instant);
    });
  }
}
