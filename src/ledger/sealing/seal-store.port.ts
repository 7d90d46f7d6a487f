import type { Position } from '../../domain/identifiers.js';
import type { LogIdentity } from '../ledger-feed.port.js';
import type { SealedCheckpoint } from '../seals.port.js';
import type { StoredEvent, StoredStream } from '../verification/ledger.source.js';

/** A full tile: its 256 hashes one after the other. */
export interface FullTile {
  readonly level: number;
  readonly index: number;
  readonly hashes: Buffer;
}

/** What one seal adds: the tiles that became full, and the checkpoint over them. */
export interface NewSeal {
  readonly tiles: readonly FullTile[];
  readonly checkpoint: SealedCheckpoint;
}

/** Reads what the tree is made of. */
export interface TreeReads {
  /** The canonical bodies from a position on, in order; at most 1,000. */
  bodies(from: Position, limit: number): Promise<readonly string[]>;
  /** The hashes of a tile that is stored because it is full. */
  fullTile(level: number, index: number): Promise<Buffer | undefined>;
}

/** Reads what was sealed, and what it was sealed of. */
export interface SealReads extends TreeReads {
  /** Which log this is now. */
  log(): Promise<LogIdentity>;
  /** The position after the last event. */
  eventCount(): Promise<number>;
  /** The newest checkpoint of all epochs. */
  newestCheckpoint(): Promise<SealedCheckpoint | undefined>;
  /** The smallest checkpoint of an epoch that is larger than a size. */
  checkpointAbove(epoch: number, size: number): Promise<SealedCheckpoint | undefined>;
  close(): Promise<void>;
}

/** Reads streams and events as they are stored. */
export interface StreamReads {
  /** The rows of streams by their ids, without those that there are none of. */
  streams(streamIds: readonly string[]): Promise<ReadonlyMap<string, StoredStream>>;
  /** Events from a position on, in order, without their origins; at most 1,000. */
  events(from: Position, limit: number): Promise<readonly StoredEvent[]>;
}

/** Where seals are kept. Errors: those of the ledger. */
export interface SealStore extends SealReads, StreamReads {
  /**
   * Adds a seal in one durable transaction. False, and nothing written, when the newest checkpoint is
   * not `base` any more, or the epoch not that of the seal: somebody else was faster.
   */
  append(base: SealedCheckpoint | undefined, seal: NewSeal): Promise<boolean>;
}
