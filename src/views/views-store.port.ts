import type { Position } from '../domain/identifiers.js';
import type { LogIdentity } from '../ledger/ledger-feed.port.js';
import type { Owners } from './event-owners.js';
import type { NewestEvent, ViewChanges } from './view-changes.js';

/** What views were made from, and how far they have come. */
export interface ViewsOrigin {
  readonly log: LogIdentity;
  readonly newest: NewestEvent | null;
}

/** One database of views, open to be written. */
export interface ViewsStore {
  /** As it stands now: another process may have written since. */
  origin(): ViewsOrigin;
  /** Whose the event at a position is; undefined when the views have not come that far. */
  ownersAt(position: Position): Owners | undefined;
  /**
   * Applies a batch in one transaction, together with the progress that it makes. False, and nothing
   * is changed, when the views are not at `changes.after`: somebody else has applied it.
   */
  apply(changes: ViewChanges): boolean;
  /**
   * Removes what an erasure left beside the tables. False while a reader holds it: to be tried again.
   */
  settle(): boolean;
  close(): void;
}

/** A database of views that is being filled and that nobody reads yet. */
export interface ViewsBuild extends ViewsStore {
  readonly number: number;
  /**
   * Makes the next part of what is only needed to read, once the bulk is in; what is applied later is
   * kept in it. Whether that was the last part.
   */
  index(): boolean;
  /** Makes everything durable, puts these views in place of the ones before, and closes. */
  publish(): void;
  /** Removes what was filled so far. */
  discard(): void;
}

/** Why views cannot be used, and have to be built anew. */
export type ViewsFault =
  'missing' | 'unreadable' | 'other_schema' | 'other_ledger' | 'ahead_of_ledger' | 'other_history';

/** Where the databases of views are kept. At any time at most one of them is the current one. */
export interface ViewsShelf {
  /** The number of the current views; undefined when there are none. */
  current(): number | undefined;
  /** Opens views to be written; or says why they cannot be used. */
  open(number: number): ViewsStore | ViewsFault;
  /** Begins new views beside the current ones; undefined while another process builds some. */
  build(log: LogIdentity): ViewsBuild | undefined;
  /** Removes views that are not the current ones and that nobody has open. */
  clean(): void;
}
