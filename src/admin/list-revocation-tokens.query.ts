import { Query } from '@nestjs/cqrs';
import type { RevocationSelector } from '../domain/events/revocation.events.js';
import type { Position } from '../domain/identifiers.js';
import type { RevocationRefusal } from './revocation-order.reader.js';
import type { RevocationSet } from './revocation-set.reader.js';
import type { SetToken, TokenChoice } from './revocation-tokens.reader.js';

/** The access tokens in the set of a revocation. */
export interface RevocationTokenList {
  readonly kind: 'listed';
  readonly set: RevocationSet;
  /** For as long as they are asked for; no more than a page is in memory. */
  readonly pages: AsyncGenerator<readonly SetToken[]>;
}

/** Why the access tokens are not listed. */
export interface RevocationTokensNotListed {
  readonly kind: 'refused';
  /** `unknown_place`: nothing of the set was minted where the list was to go on. */
  readonly reason: RevocationRefusal | 'unknown_place';
}

/** Ask which access tokens a revocation would end. Nothing is ended. */
export class ListRevocationTokens extends Query<RevocationTokenList | RevocationTokensNotListed> {
  constructor(
    /** As it was asked for: the id of one that is about addresses is their range. */
    readonly selector: RevocationSelector,
    /** undefined: the newest event. */
    readonly position: Position | undefined,
    readonly choice: TokenChoice,
  ) {
    super();
  }
}
