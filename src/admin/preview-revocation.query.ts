import { Query } from '@nestjs/cqrs';
import type { RevocationSelector } from '../domain/events/revocation.events.js';
import type { ClientId, Instant, Position, Subject } from '../domain/identifiers.js';
import type { TokenReach } from '../domain/revocation/reach.rules.js';
import type { RevocationRefusal } from './revocation-order.reader.js';
import type { RevocationSet } from './revocation-set.reader.js';

/** A family that would be revoked. */
export interface PreviewedFamily {
  readonly id: string;
  readonly clientId: ClientId;
  readonly subject: Subject | null;
  readonly grantedAt: Instant;
}

/** What a revocation would end. */
export interface RevocationPreview {
  readonly kind: 'previewed';
  readonly set: RevocationSet;
  /** What the client or the account would be marked with. */
  readonly tokensNotBefore: Instant | undefined;
  /** Told with the first page only: all tokens of the set are read for it. */
  readonly reach: TokenReach | null;
  readonly families: readonly PreviewedFamily[];
  /** The family that the next page goes on after; null: there is none. */
  readonly next: string | null;
  /** All families after the asked one, up to the limit; only a page is in memory. */
  readonly pages: () => AsyncGenerator<readonly PreviewedFamily[]>;
}

/** Why there is no preview. */
export interface RevocationNotPreviewed {
  readonly kind: 'refused';
  readonly reason: RevocationRefusal;
}

/** Ask what a revocation would end, a page of families at a time. Nothing is ended. */
export class PreviewRevocation extends Query<RevocationPreview | RevocationNotPreviewed> {
  constructor(
    /** As it was asked for: the id of one that is about addresses is their range. */
    readonly selector: RevocationSelector,
    /** undefined: the newest event. */
    readonly position: Position | undefined,
    /** Only families with a greater id. */
    readonly after: string | undefined,
    readonly limit: number,
    /** All families will be asked for, and neither a page of them nor the reach. */
    readonly isWhole = false,
  ) {
    super();
  }
}
