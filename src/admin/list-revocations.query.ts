import { Query } from '@nestjs/cqrs';
import type { RevocationState } from '../domain/revocation/revocation.state.js';

/** A revocation in a list. */
export interface ListedRevocation {
  readonly id: string;
  readonly state: RevocationState;
}

/** A page of the revocations. */
export interface RevocationPage {
  readonly kind: 'listed';
  readonly revocations: readonly ListedRevocation[];
  /** The id of the revocation that the next page goes on from; null: there is none. */
  readonly next: string | null;
  /** These and all that follow, up to the limit; no more than a page is in memory. */
  readonly pages: () => AsyncGenerator<readonly ListedRevocation[]>;
}

/** There is no revocation of the id that the page was to begin after. */
export interface RevocationsNotListed {
  readonly kind: 'unknown_revocation';
}

/** Ask which revocations were started, newest first. */
export class ListRevocations extends Query<RevocationPage | RevocationsNotListed> {
  constructor(
    /** Only what is older than the revocation of this id. */
    readonly before: string | undefined,
    readonly limit: number,
    /** All up to the limit will be read. */
    readonly isWhole = false,
  ) {
    super();
  }
}
