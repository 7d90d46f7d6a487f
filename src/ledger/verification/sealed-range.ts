import type { Position } from '../../domain/identifiers.js';
import { HASH_BYTES, leafHash, MerkleFrontier, rootOfSubtrees } from '../../tlog/merkle-tree.js';
import { frontierFromTiles } from '../../tlog/tile-tree.js';
import { TILE_WIDTH } from '../../tlog/tiles.js';
import { LogTiles } from '../sealing/log-tiles.js';
import { checkpointFault } from './checkpoint.check.js';
import type { LedgerSource, StoredCheckpoint } from './ledger.source.js';
import type { LogEpoch } from './log-epochs.js';
import type { VerificationProblem } from './verification-problems.js';
import { wholeTiles } from './whole-tiles.js';

/** What was sealed of a ledger. */
export interface SealedExtent {
  /** The size of the newest checkpoint. */
  readonly size: number;
  /** The epochs of the log, in their order; checkpoints are signed as these say. */
  readonly epochs: readonly LogEpoch[];
}

/**
 * The tree over a range of events, compared with the tiles and the checkpoints that are stored of it.
 * What is left of the range is taken from the tiles; another range compares those with their events,
 * so that all ranges together leave nothing believed.
 */
export class SealedRange {
  private readonly tiles: MerkleFrontier | undefined;
  private readonly checkpoints: Iterator<SealedPoint, undefined>;
  private checkpoint: SealedPoint | undefined;
  /** The tile that the next event is in, of level 0. */
  private tile = new MerkleFrontier();
  private stored: Buffer | undefined;
  /** Whether what follows could be compared: not once something differed. */
  private isSound: boolean;

  constructor(
    private readonly source: LedgerSource,
    private next: Position,
    private readonly sealed: SealedExtent,
    private readonly report: (problem: VerificationProblem) => void,
  ) {
    const left = frontierFromTiles(next, new LogTiles(wholeTiles(source)).read);
    this.tiles = left && new MerkleFrontier(next / TILE_WIDTH, left.subtrees);
    // A tile that is missing on the left is told of by the range that it is in.
    this.isSound = this.tiles !== undefined;
    this.checkpoints = checkpointsAfter(source, next, sealed);
    this.checkpoint = this.checkpoints.next().value;
  }

  /** Takes the next event of the log. */
  take(position: Position, body: string): void {
    if (!this.isSound || position >= this.sealed.size) return;
    if (position !== this.next) {
      this.isSound = false;
      return;
    }
    const leaf = leafHash(body);
    const place = position % TILE_WIDTH;
    if (place === 0) this.stored = this.storedTile(0, Math.floor(position / TILE_WIDTH));
    if (this.stored !== undefined && !isHashAt(this.stored, place, leaf)) {
      const name = tileName(0, Math.floor(position / TILE_WIDTH));
      this.fail({ position, problem: `the hash of the event is not the one in ${name}` });
      return;
    }
    this.tile.append(leaf);
    this.next = position + 1;
    if (this.next === this.checkpoint?.stored.size) this.checkRoots();
    if (this.tile.size === TILE_WIDTH) this.finishTile();
  }

  private finishTile(): void {
    const root = this.tile.root();
    this.tile = new MerkleFrontier();
    this.tiles?.append(root);
    this.checkAbove(0, this.next / TILE_WIDTH - 1, root);
  }

  /** Compares the root of a full tile with the tile above it, and that one's if it is full now too. */
  private checkAbove(level: number, index: number, root: Uint8Array): void {
    const above = Math.floor(index / TILE_WIDTH);
    const place = index % TILE_WIDTH;
    const stored = this.storedTile(level + 1, above);
    if (stored === undefined) return;
    if (!isHashAt(stored, place, root)) {
      const names = `${tileName(level + 1, above)} is not that of ${tileName(level, index)}`;
      this.fail({ problem: `hash ${place} in ${names}` });
      return;
    }
    if (place === TILE_WIDTH - 1) this.checkAbove(level + 1, above, rootOfTile(stored));
  }

  /** A tile that must be stored because it was full at the last checkpoint; undefined: it was not. */
  private storedTile(level: number, index: number): Buffer | undefined {
    if ((index + 1) * TILE_WIDTH ** (level + 1) > this.sealed.size) return undefined;
    const stored = wholeTiles(this.source).fullTile(level, index);
    if (stored !== undefined) return stored;
    const isThere = this.source.fullTile(level, index) !== undefined;
    const problem = isThere ? 'does not have 256 hashes' : 'is missing';
    this.fail({ problem: `${tileName(level, index)} ${problem}` });
    return undefined;
  }

  private checkRoots(): void {
    const root = rootOfSubtrees([...(this.tiles?.subtrees ?? []), ...this.tile.subtrees]);
    while (this.checkpoint?.stored.size === this.next) {
      const { stored, epoch } = this.checkpoint;
      const fault = checkpointFault(stored, epoch, root);
      if (fault !== undefined) {
        const name = `the checkpoint of size ${stored.size} in epoch ${epoch.epoch}`;
        this.report({ problem: `${name} ${fault}` });
      }
      this.checkpoint = this.checkpoints.next().value;
    }
  }

  private fail(problem: VerificationProblem): void {
    this.isSound = false;
    this.report(problem);
  }
}

interface SealedPoint {
  readonly stored: StoredCheckpoint;
  readonly epoch: LogEpoch;
}

/** The checkpoints beyond a size in the order of their sizes, each in the bounds of its epoch. */
function* checkpointsAfter(
  source: LedgerSource,
  size: number,
  sealed: SealedExtent,
): Generator<SealedPoint, undefined> {
  for (const epoch of sealed.epochs) {
    const upTo = Math.min(epoch.sizeMax, sealed.size);
    let after = Math.max(size, epoch.sizeMin - 1);
    while (after < upTo) {
      const page = source.checkpoints(epoch.epoch, after, upTo);
      for (const stored of page) yield { stored, epoch };
      after = page.at(-1)?.size ?? upTo;
    }
  }
  return undefined;
}

function isHashAt(tile: Buffer, place: number, hash: Uint8Array): boolean {
  return tile.compare(hash, 0, HASH_BYTES, place * HASH_BYTES, (place + 1) * HASH_BYTES) === 0;
}

function rootOfTile(hashes: Buffer): Buffer {
  const row = new MerkleFrontier();
  for (let at = 0; at < hashes.length; at += HASH_BYTES) {
    row.append(hashes.subarray(at, at + HASH_BYTES));
  }
  return row.root();
}

function tileName(level: number, index: number): string {
  return `tile ${level}/${index}`;
}
