import { Injectable } from '@nestjs/common';
import { AddressRanges } from '../directory/address-ranges.service.js';
import type { RevocationSelector } from '../domain/events/revocation.events.js';
import type { Position, StreamKind } from '../domain/identifiers.js';
import { Ledger } from '../ledger/ledger.port.js';
import {
  type RevocationOrder,
  type RevocationSet,
  RevocationSets,
} from './revocation-set.reader.js';

/** Why there is no set to be revoked. */
export type RevocationRefusal =
  | 'unknown_selected'
  | 'beyond_the_ledger'
  /** The views are of one past state, and never come to the position. */
  | 'beyond_the_views'
  | 'views_behind';

/** Views that are behind the ledger are given so long to follow, in milliseconds. */
const VIEWS_WAIT_MAX = 2000;

const selectedKinds: Readonly<Partial<Record<RevocationSelector['kind'], StreamKind>>> = {
  client: 'client',
  subject: 'account',
  signing_key: 'signing_key',
};

/** Finds the sets of orders that operators gave. */
@Injectable()
export class RevocationOrders {
  constructor(
    private readonly ledger: Ledger,
    private readonly sets: RevocationSets,
    private readonly ranges: AddressRanges,
  ) {}

  /** The order for a selector as it was asked for: with a range of addresses where its digest goes. */
  orderOf(selector: RevocationSelector, position: Position): RevocationOrder {
    if (selector.kind !== 'address') return { selector, position };
    const range = selector.id;
    return { selector: { ...selector, id: this.ranges.digestOf(range) }, position, range };
  }

  /** The set of a selector as it was asked for, at a position, else at the newest event. */
  async setAsked(
    selector: RevocationSelector,
    position: Position | undefined,
  ): Promise<RevocationSet | RevocationRefusal> {
    const newest = (await this.ledger.size()) - 1;
    return this.setOf(this.orderOf(selector, position ?? newest));
  }

  /** The set, or why there is none: refusals are values. */
  async setOf(order: RevocationOrder): Promise<RevocationSet | RevocationRefusal> {
    const { selector, position } = order;
    const kind = selectedKinds[selector.kind];
    const isKnown = kind === undefined || (await this.ledger.load(kind, selector.id)) !== undefined;
    if (!isKnown) return 'unknown_selected';
    if (position >= (await this.ledger.size())) return 'beyond_the_ledger';
    if (this.sets.isNeverFollowed(position)) return 'beyond_the_views';
    if (!(await this.sets.followed(position, VIEWS_WAIT_MAX))) return 'views_behind';
    const set = await this.sets.find(order);
    return set.kind === 'found' ? set : 'views_behind';
  }
}
