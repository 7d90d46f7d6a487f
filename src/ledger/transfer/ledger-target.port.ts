import type { Position } from '../../domain/identifiers.js';
import type { FullTile } from '../sealing/seal-store.port.js';
import type {
  StoredCheckpoint,
  StoredEvent,
  StoredKey,
  StoredLogRow,
  StoredStream,
} from '../verification/ledger.source.js';

/** What a database says of itself that a ledger is to be copied into. */
export interface TargetStanding {
  /** The first origin of the ledger whose copy was begun here and not completed. */
  readonly begun: string | undefined;
  /** The first origin of the log that is here, be it without any event. */
  readonly origin: string | undefined;
  /** Whether there is nothing but what the migrations made. */
  readonly isEmpty: boolean;
  /** Whether a server works on it. */
  readonly isServed: boolean;
  /** The position after the last event. */
  readonly events: number;
  /** The body of that event. */
  readonly lastBody: string | undefined;
}

/**
 * Where a ledger is copied to, row by row as it is stored. Nobody else can append to it meanwhile. Each
 * call is a transaction: what it added is there whole or not at all, and is found again.
 *
 * Errors: those of the ledger.
 */
export interface LedgerTarget {
  standing(): Promise<TargetStanding>;
  /** Marks an empty target: from now on it is this ledger's, and no server starts on it. */
  begin(origin: string): Promise<void>;
  /** Adds the rows of the log that are not there. */
  keepLogRows(rows: readonly StoredLogRow[]): Promise<void>;
  /** Adds events and their origins at the end. */
  addEvents(events: readonly StoredEvent[]): Promise<void>;
  /**
   * Removes the origins after a position up to another one but for those of these events, and answers
   * with how many of these are there.
   */
  keepOrigins(after: Position, upTo: Position, of: readonly Position[]): Promise<number>;
  /** Removes what is folded from events, which may be older than the events are. */
  clearFolds(): Promise<void>;
  addStreams(streams: readonly StoredStream[]): Promise<void>;
  addKeys(keys: readonly StoredKey[]): Promise<void>;
  keepDirectoryVersion(version: number): Promise<void>;
  /** How many full tiles of a level are there. */
  tiles(level: number): Promise<number>;
  addTiles(tiles: readonly FullTile[]): Promise<void>;
  /** The largest size of an epoch's checkpoints; 0 when there is none. */
  newestSize(epoch: number): Promise<number>;
  addCheckpoints(epoch: number, checkpoints: readonly StoredCheckpoint[]): Promise<void>;
  /** Tells the database of its many new rows, so that it finds them well. */
  analyse(): Promise<void>;
  /** Takes the mark away, durably with all that was added: servers may start. */
  complete(): Promise<void>;
  close(): Promise<void>;
}
