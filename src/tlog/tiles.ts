import { HASH_BYTES } from './merkle-tree.js';

/** How many hashes a full tile has, and how many entries a full bundle: a tile is 8 levels high. */
export const TILE_WIDTH = 256;

/** The levels of the tree that one tile spans. */
export const TILE_HEIGHT = 8;

/** Where a tile is, and how many hashes it has (C2SP tlog-tiles, "Merkle Tree"). */
export interface TileCoordinates {
  /** 0 for tiles of leaf hashes; above, the hashes are those of full tiles of the level below. */
  readonly level: number;
  /** Its place in its level, from 0. */
  readonly index: number;
  /** The number of its hashes: 256, or fewer if it is partial; never 0. */
  readonly width: number;
}

/**
 * Reads a tile: `width` hashes of 32 bytes one after the other, or undefined if there is none.
 * Asked for a partial tile it may answer from a wider one, cut to the width. What it reads may be
 * attacker-controlled: it is used only in roots and proofs, which are compared with a checkpoint's.
 */
export type TileReader = (level: number, index: number, width: number) => Uint8Array | undefined;

/**
 * The width of a tile in a tree of this size, 0 if the tree has no such tile (C2SP tlog-tiles,
 * "Partial Tiles"). Level and index may be attacker-controlled.
 */
export function tileWidth(level: number, index: number, size: number): number {
  const width = hashesAt(level, size) - index * TILE_WIDTH;
  return Math.max(0, Math.min(TILE_WIDTH, width));
}

/**
 * The tiles that a tree of `toSize` has and that a tree of `fromSize` had not, or had narrower;
 * level by level, each from left to right. From size 0 these are all its tiles, full and partial.
 * Those of level 0 are the new entry bundles as well (C2SP tlog-tiles, "Partial Tiles"). Both sizes
 * are ours.
 */
export function* newTiles(fromSize: number, toSize: number): Generator<TileCoordinates> {
  for (let level = 0; hashesAt(level, toSize) > hashesAt(level, fromSize); level += 1) {
    const first = Math.floor(hashesAt(level, fromSize) / TILE_WIDTH);
    for (let index = first; tileWidth(level, index, toSize) > 0; index += 1) {
      yield { level, index, width: tileWidth(level, index, toSize) };
    }
  }
}

/** The bytes of a tile from a reader; undefined if there are none, or not as its width says. */
export function readTile(read: TileReader, tile: TileCoordinates): Uint8Array | undefined {
  const hashes = read(tile.level, tile.index, tile.width);
  return hashes?.length === tile.width * HASH_BYTES ? hashes : undefined;
}

/** How many hashes a whole level of tiles has: one for each perfect subtree that high. */
function hashesAt(level: number, size: number): number {
  return Math.floor(size / TILE_WIDTH ** level);
}
