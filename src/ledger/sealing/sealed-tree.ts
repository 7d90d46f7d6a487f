import { HASH_BYTES } from '../../tlog/merkle-tree.js';
import { growTiles, rootFromTiles } from '../../tlog/tile-tree.js';
import { TILE_WIDTH, type TileReader } from '../../tlog/tiles.js';
import { LedgerCorrupted } from '../ledger.errors.js';
import type { SealedCheckpoint } from '../seals.port.js';
import { LogTiles } from './log-tiles.js';
import type { FullTile, TreeReads } from './seal-store.port.js';

/** The tree as far as it was sealed: its right edge, in memory. */
export class SealedTree {
  private constructor(
    private leaves: number,
    /** The last partial tile of each level; nobody asks for it once it is full. */
    private readonly edge: Map<number, Uint8Array>,
  ) {}

  /**
   * The tree under a checkpoint, or the empty one. Throws LedgerCorrupted when what is stored is
   * another tree: no checkpoint may follow then, for it would sign another history.
   */
  static async under(
    checkpoint: SealedCheckpoint | undefined,
    reads: TreeReads,
  ): Promise<SealedTree> {
    const size = checkpoint?.size ?? 0;
    const tiles = new LogTiles(reads);
    const { root, edge } = await tiles.computed((read) => edgeFromTiles(size, read));
    if (root === undefined) {
      throw new LedgerCorrupted(`the events that the checkpoint of size ${size} covers are gone`);
    }
    if (checkpoint !== undefined && !root.equals(checkpoint.root)) {
      throw new LedgerCorrupted(`the events are not those of the checkpoint of size ${size}`);
    }
    return new SealedTree(size, edge);
  }

  /** How many events the tree has. */
  get size(): number {
    return this.leaves;
  }

  /** The root of the tree. */
  root(): Buffer {
    const root = rootFromTiles(this.leaves, (level) => this.edge.get(level));
    if (root === undefined) throw new LedgerCorrupted('a tile of the tree is missing');
    return root;
  }

  /** Adds leaf hashes, one after the other; answers with the tiles that became full. */
  grow(leaves: Buffer): FullTile[] {
    const grown = growTiles(this.size, leaves, (level) => this.edge.get(level));
    if (grown === undefined) throw new LedgerCorrupted('a tile of the tree is missing');
    this.leaves += leaves.length / HASH_BYTES;
    for (const { level, width, hashes } of grown) {
      // A copy: a part of what was grown would keep all of it in memory.
      if (width < TILE_WIDTH) this.edge.set(level, Buffer.from(hashes));
    }
    return grown.filter(({ width }) => width === TILE_WIDTH);
  }
}

/** The root of a tree of this size, and the partial tiles that it is made of. */
function edgeFromTiles(size: number, read: TileReader) {
  const edge = new Map<number, Uint8Array>();
  const root = rootFromTiles(size, (level, index, width) => {
    const hashes = read(level, index, width);
    if (hashes !== undefined) edge.set(level, hashes);
    return hashes;
  });
  return { root, edge };
}
