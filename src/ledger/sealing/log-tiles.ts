import { BoundedMap } from '../../config/bounded-map.js';
import { leafHash, MerkleFrontier, HASH_BYTES } from '../../tlog/merkle-tree.js';
import { TILE_WIDTH, type TileReader } from '../../tlog/tiles.js';
import type { TreeReads } from './seal-store.port.js';

/** So many tiles are kept in memory, of at most 8 kB, and so many roots of full ones, of 32 bytes. */
const TILES_MAX = 256;
const ROOTS_MAX = 16_384;

/**
 * The tiles of a ledger's tree: full ones as they are stored, and every other one from what is below
 * it, down to the events. Nothing it read ever changes, so it is kept.
 */
export class LogTiles {
  private readonly tiles = new BoundedMap<string, Buffer>(TILES_MAX);
  private readonly roots = new BoundedMap<string, Buffer>(ROOTS_MAX);

  constructor(private readonly reads: TreeReads) {}

  /** Reads a tile; undefined when there are not so many events. */
  readonly read: TileReader = (level, index, width) => this.tile(level, index, width);

  private tile(level: number, index: number, width: number): Buffer | undefined {
    const name = `${level}/${index}/${width}`;
    const kept = this.tiles.get(name);
    if (kept !== undefined) return kept;
    const stored = this.reads.fullTile(level, index)?.subarray(0, width * HASH_BYTES);
    const hashes = stored ?? this.computed(level, index, width);
    if (hashes !== undefined) this.tiles.set(name, hashes);
    return hashes;
  }

  private computed(level: number, index: number, width: number): Buffer | undefined {
    const first = index * TILE_WIDTH;
    if (level === 0) {
      const bodies = this.reads.bodies(first, width);
      return bodies.length === width ? Buffer.concat(bodies.map(leafHash)) : undefined;
    }
    const roots: Buffer[] = [];
    for (let below = first; below < first + width; below += 1) {
      const root = this.rootOf(level - 1, below);
      if (root === undefined) return undefined;
      roots.push(root);
    }
    return Buffer.concat(roots);
  }

  private rootOf(level: number, index: number): Buffer | undefined {
    const name = `${level}/${index}`;
    const kept = this.roots.get(name);
    if (kept !== undefined) return kept;
    const hashes = this.reads.fullTile(level, index) ?? this.computed(level, index, TILE_WIDTH);
    const root = hashes && rootOfRow(hashes);
    if (root !== undefined) this.roots.set(name, root);
    return root;
  }
}

/** The root of the perfect tree over the hashes of a full tile. */
function rootOfRow(hashes: Buffer): Buffer {
  const row = new MerkleFrontier();
  for (let at = 0; at < hashes.length; at += HASH_BYTES) {
    row.append(hashes.subarray(at, at + HASH_BYTES));
  }
  return row.root();
}
