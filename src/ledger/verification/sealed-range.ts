import type { Position } from '../../domain/identifiers.js';
import {
  HASH_BYTES,
  leafHash,
  MerkleFrontier,
  rootOfRow,
  rootOfSubtrees,
} from '../../tlog/merkle-tree.js';
import { frontierFromTiles } from '../../tlog/tile-tree.js';
import { TILE_WIDTH } from '../../tlog/tiles.js';
import { LogTiles } from '../sealing/log-tiles.js';
import type { TreeReads } from '../sealing/seal-store.port.js';
import { checkpointFault } from './checkpoint.check.js';
import { CheckpointFaults } from './checkpoint-faults.js';
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

/** What was sealed of the events from a position on and below another one, which were sealed. */
export interface RangeTask {
  readonly kind: 'range';
  /** A multiple of `RANGE_EVENTS`. */
  readonly from: Position;
  readonly below: Position;
  readonly sealed: SealedExtent;
}

/** So many events are a range: whole tiles, and small enough to share out evenly. */
export const RANGE_EVENTS = 64 * TILE_WIDTH;

/**
 * The tree over a range of events: its tiles compared with each other upwards, and the checkpoints in
 * it with the tiles. That the hashes in tiles of level 0 are those of the events is seen where the
 * events are read; here only those are hashed that are in no full tile. What is left of the range is
 * taken from the tiles; all ranges together leave nothing believed.
 */
export class SealedRange {
  private readonly tiles: TreeReads;
  private readonly checkpoints: AsyncIterator<SealedPoint, undefined>;
  private readonly faults: CheckpointFaults;
  private checkpoint: SealedPoint | undefined;
  /** Whether what follows could be compared: not once something differed. */
  private isSound = true;

  constructor(
    private readonly source: LedgerSource,
    private readonly task: RangeTask,
    private readonly report: (problem: VerificationProblem) => void,
  ) {
    this.tiles = wholeTiles(source);
    this.checkpoints = checkpointsAfter(source, task.from, task.sealed);
    this.faults = new CheckpointFaults(report);
  }

  /** Compares what was sealed of the events. */
  async check(): Promise<void> {
    const { from, below } = this.task;
    const left = await new LogTiles(this.tiles).computed((read) => frontierFromTiles(from, read));
    // A tile that is missing on the left is told of by the range that it is in.
    if (left === undefined) return;
    const roots = new MerkleFrontier(from / TILE_WIDTH, left.subtrees);
    this.checkpoint = (await this.checkpoints.next()).value;
    try {
      for (let first = from; first < below && this.isSound; first += TILE_WIDTH) {
        await this.checkTile(first, Math.min(TILE_WIDTH, below - first), roots);
      }
    } finally {
      this.faults.tell();
    }
  }

  private async checkTile(first: Position, width: number, left: MerkleFrontier): Promise<void> {
    const index = first / TILE_WIDTH;
    const hashes = await this.hashesOf(index, width);
    if (hashes === undefined) return;
    if ((this.checkpoint?.stored.size ?? Infinity) <= first + width) {
      await this.checkWithin(first, hashes, left);
    }
    if (width < TILE_WIDTH) return;
    const root = rootOfRow(hashes);
    left.append(root);
    await this.checkAbove(0, index, root);
  }

  /** Compares the checkpoints whose last event is in a tile with the tree up to that event. */
  private async checkWithin(first: Position, hashes: Buffer, left: MerkleFrontier): Promise<void> {
    const tile = new MerkleFrontier();
    for (let at = 0; at < hashes.length; at += HASH_BYTES) {
      tile.append(hashes.subarray(at, at + HASH_BYTES));
      if (first + tile.size === this.checkpoint?.stored.size) {
        await this.checkRoots(rootOfSubtrees([...left.subtrees, ...tile.subtrees]));
      }
    }
  }

  /** The hashes of a tile of level 0: as it is stored, or of its events where it was not full. */
  private async hashesOf(index: number, width: number): Promise<Buffer | undefined> {
    if (width === TILE_WIDTH) return this.storedTile(0, index);
    const bodies = await this.source.bodies(index * TILE_WIDTH, width);
    // That events are missing is told of where their order is looked at.
    return bodies.length === width ? Buffer.concat(bodies.map(leafHash)) : undefined;
  }

  /** Compares the root of a full tile with the tile above it, and that one's if it is full now too. */
  private async checkAbove(level: number, index: number, root: Buffer): Promise<void> {
    const above = Math.floor(index / TILE_WIDTH);
    const place = index % TILE_WIDTH;
    if ((above + 1) * TILE_WIDTH ** (level + 2) > this.task.sealed.size) return;
    const stored = await this.storedTile(level + 1, above);
    if (stored === undefined) return;
    if (root.compare(stored, place * HASH_BYTES, (place + 1) * HASH_BYTES) !== 0) {
      const names = `${tileName(level + 1, above)} is not that of ${tileName(level, index)}`;
      this.fail({ problem: `hash ${place} in ${names}` });
      return;
    }
    if (place === TILE_WIDTH - 1) await this.checkAbove(level + 1, above, rootOfRow(stored));
  }

  /** A tile that must be stored because it was full at the last checkpoint. */
  private async storedTile(level: number, index: number): Promise<Buffer | undefined> {
    const stored = await this.tiles.fullTile(level, index);
    if (stored !== undefined) return stored;
    const isThere = (await this.source.fullTile(level, index)) !== undefined;
    const problem = isThere ? 'does not have 256 hashes' : 'is missing';
    this.fail({ problem: `${tileName(level, index)} ${problem}` });
    return undefined;
  }

  private async checkRoots(root: Buffer): Promise<void> {
    const size = this.checkpoint?.stored.size;
    while (this.checkpoint !== undefined && this.checkpoint.stored.size === size) {
      const { stored, epoch } = this.checkpoint;
      const place = { size: stored.size, epoch: epoch.epoch };
      this.faults.add(place, checkpointFault(stored, epoch, root));
      this.checkpoint = (await this.checkpoints.next()).value;
    }
  }

  private fail(problem: VerificationProblem): void {
    this.isSound = false;
    this.report({ ...problem, evidence: 'tile' });
  }
}

interface SealedPoint {
  readonly stored: StoredCheckpoint;
  readonly epoch: LogEpoch;
}

/** The checkpoints beyond a size in the order of their sizes, each in the bounds of its epoch. */
async function* checkpointsAfter(
  source: LedgerSource,
  size: number,
  sealed: SealedExtent,
): AsyncGenerator<SealedPoint, undefined> {
  for (const epoch of sealed.epochs) {
    const upTo = Math.min(epoch.sizeMax, sealed.size);
    let after = Math.max(size, epoch.sizeMin - 1);
    while (after < upTo) {
      const page = await source.checkpoints(epoch.epoch, after, upTo);
      for (const stored of page) yield { stored, epoch };
      after = page.at(-1)?.size ?? upTo;
    }
  }
  return undefined;
}

function tileName(level: number, index: number): string {
  return `tile ${level}/${index}`;
}
