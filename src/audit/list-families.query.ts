import { Query } from '@nestjs/cqrs';
import type { StreamId } from '../domain/identifiers.js';
import type { AsOf } from './as-of.answer.js';
import type { AuditFamily } from './family.answer.js';

/** `blocked`: it did not end, and is worth nothing for what it belongs to; no other status has those. */
export type ListedStatus = AuditFamily['status'] | 'blocked';

/** Which families are asked for, and how far they are looked for. */
export interface FamilyChoice {
  /** Only families that began before this one; null: begin with the newest. */
  readonly before: StreamId | null;
  readonly clientId?: string | undefined;
  readonly subject?: string | undefined;
  readonly status?: ListedStatus | undefined;
  /** So many families are looked at before the search stops. */
  readonly searchedMax: number;
}

/** A token family in a list: what it is worth, and whose it is. */
export interface ListedFamily extends Pick<
  AuditFamily,
  'id' | 'status' | 'end' | 'blockedBy' | 'client' | 'subject' | 'grantedAt'
> {
  /** Of the current refresh token; null where there is none. */
  readonly generation: number | null;
  readonly updatedAt: string;
}

/** A page of families, newest first, and the last one that was looked at; null: there is no more. */
export interface FamilyList {
  readonly asOf: AsOf;
  readonly families: readonly ListedFamily[];
  readonly next: StreamId | null;
}

/** The newest families that are chosen. Ids sort by the time of the grant. */
export class ListFamilies extends Query<FamilyList> {
  constructor(
    readonly choice: FamilyChoice,
    readonly limit: number,
  ) {
    super();
  }
}
