import type { Instant, Position } from '../domain/identifiers.js';

/** A checkpoint: the signed head of the ledger's Merkle tree (C2SP tlog-checkpoint). */
export interface SealedCheckpoint {
  /** The signed note, its signature lines included. */
  readonly note: string;
  /** The log's name in that epoch, which is also the name of the key. */
  readonly origin: string;
  readonly epoch: number;
  /** How many events it covers: those at the positions below. */
  readonly size: number;
  /** The root of the tree over them, 32 bytes. */
  readonly root: Buffer;
  readonly sealedAt: Instant;
}

/** What is published at a path of C2SP tlog-tiles. */
export interface PublishedTile {
  readonly bytes: Buffer;
}

/**
 * What was sealed of the ledger: its checkpoints, tiles and proofs. Everything is of the newest epoch,
 * and nothing beyond its last checkpoint is ever answered: undefined instead.
 *
 * Errors: `LedgerUnavailable`, `LedgerCorrupted`.
 */
export abstract class Seals {
  /** The newest checkpoint; undefined when nothing was sealed yet in this epoch. */
  abstract latest(): Promise<SealedCheckpoint | undefined>;
  /** The oldest checkpoint that covers the event at a position. */
  abstract covering(position: Position): Promise<SealedCheckpoint | undefined>;
  /**
   * The tile or entry bundle at a path such as `tile/0/x001/234.p/5` or `tile/entries/000`; undefined
   * also for what is no such path.
   */
  abstract published(path: string): Promise<PublishedTile | undefined>;
  /** The hashes of a tile, 32 bytes each, one after the other; `width` is 1 to 256. */
  abstract tile(level: number, index: number, width: number): Promise<Buffer | undefined>;
  /** The bodies at positions 256 * index and on, each after its length in 16 bits. */
  abstract entries(index: number, width: number): Promise<Buffer | undefined>;
  /** The proof that the event at a position is in the tree of that size (RFC 9162, 2.1.3). */
  abstract inclusionProof(position: Position, size: number): Promise<readonly Buffer[] | undefined>;
  /** The proof that the tree of `toSize` continues that of `fromSize` (RFC 9162, 2.1.4). */
  abstract consistencyProof(
    fromSize: number,
    toSize: number,
  ): Promise<readonly Buffer[] | undefined>;
}
