import { formatTilePath } from '../../src/tlog/tile-path.js';
import { growTiles } from '../../src/tlog/tile-tree.js';
import type { TileCoordinates, TileReader } from '../../src/tlog/tiles.js';

/** Tiles in memory by their path, as a log serves them: each under exactly its own width. */
export class TileStore {
  readonly tiles = new Map<string, Buffer>();
  size = 0;

  readonly read: TileReader = (level, index, width) =>
    this.tiles.get(formatTilePath({ level, index, width }));

  /** Adds leaf hashes and returns the tiles that it stored for them. */
  grow(leaves: readonly Uint8Array[]): TileCoordinates[] {
    const grown = growTiles(this.size, Buffer.concat(leaves), this.read);
    if (grown === undefined) throw new Error('a tile of the store is missing');
    for (const { hashes, ...tile } of grown) this.tiles.set(formatTilePath(tile), hashes);
    this.size += leaves.length;
    return grown.map(({ level, index, width }) => ({ level, index, width }));
  }
}
