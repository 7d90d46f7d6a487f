import { HASH_BYTES } from '../../tlog/merkle-tree.js';
import { TILE_WIDTH } from '../../tlog/tiles.js';
import type { TreeReads } from '../sealing/seal-store.port.js';

/** The same reads, but for tiles that do not have all their hashes: as if they were not there. */
export function wholeTiles(reads: TreeReads): TreeReads {
  return {
    bodies: (from, limit) => reads.bodies(from, limit),
    fullTile: async (level, index) => {
      const stored = await reads.fullTile(level, index);
      const isWhole = Buffer.isBuffer(stored) && stored.length === TILE_WIDTH * HASH_BYTES;
      return isWhole ? stored : undefined;
    },
  };
}
