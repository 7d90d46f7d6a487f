import { Query } from '@nestjs/cqrs';
import type { FamilyFilter, ViewsBeingBuilt } from '../views/views.port.js';
import type { ListedFamilyAnswer } from './listed-family.answer.js';
import type { Listing, ListingRequest } from './listing.reader.js';

/**
 * Families that match, as they were at a moment. `isWhole`: all of them will be read. `isBlocked`: only
 * those that something blocks, or that nothing does; a page then holds those of the families it found.
 */
export class SearchFamilies extends Query<Listing<ListedFamilyAnswer> | ViewsBeingBuilt> {
  constructor(
    readonly filter: FamilyFilter,
    readonly request: ListingRequest,
    readonly isWhole: boolean,
    readonly isBlocked?: boolean,
  ) {
    super();
  }
}
