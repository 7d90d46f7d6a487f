import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { Ledger } from '../ledger/ledger.port.js';
import { type ViewedFamily, type ViewsBeingBuilt, ViewsReader } from '../views/views.port.js';
import { clientsOf } from './client-names.reader.js';
import { listedFamilyOf, type ListedFamilyAnswer } from './listed-family.answer.js';
import { type Listing, listingOf } from './listing.reader.js';
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
  }: SearchFamilies): Promise<Listing<ListedFamilyAnswer> | ViewsBeingBuilt> {
    return listingOf<ViewedFamily, ListedFamilyAnswer>(
      { ledger: this.ledger, views: this.views },
      {
        page: (page) => this.views.families(filter, page),
        positionOf: ({ createdPosition }) => createdPosition,
        itemsOf: async (rows, { instant }) => {
          const clientIds = rows.map(({ clientId }) => clientId);
          const clients = await clientsOf(this.ledger, clientIds);
          return rows.map((row) => listedFamilyOf(row, clients, instant));
        },
      },
      request,
      isWhole,
    );
  }
}
