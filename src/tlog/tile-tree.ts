import {
  HASH_BYTES,
  isTreeSize,
  MerkleFrontier,
  perfectSubtreeLevels,
  rootOfRow,
} from './merkle-tree.js';
import {
  readTile,
  TILE_HEIGHT,
  TILE_WIDTH,
  tileWidth,
  type TileCoordinates,
  type TileReader,
} from './tiles.js';

/** A tile as it is to be stored: where, and its hashes of 32 bytes one after the other. */
export interface GrownTile extends TileCoordinates {
  readonly hashes: Buffer;
}

/**
 * The frontier of a tree of this size, from its tiles; undefined if one is missing or has another
 * width. The tiles may be attacker-controlled: compare its root with a checkpoint's.
 */
export function frontierFromTiles(size: number, read: TileReader): MerkleFrontier | undefined {
  const subtrees = subtreesFromTiles(0, size, size, read);
  return subtrees && new MerkleFrontier(size, subtrees);
}

/** The root of a tree of this size, on the terms of `frontierFromTiles`. */
export function rootFromTiles(size: number, read: TileReader): Buffer | undefined {
  return frontierFromTiles(size, read)?.root();
}

/**
 * The perfect subtrees, the largest first, that make up the leaves from `start` up to but without
 * `end` in a tree of `size`; undefined if a tile is missing. The range is one that RFC 6962 section
 * 2.1 splits a tree into: `start` is a multiple of the largest subtree's leaves. Throws a
 * RangeError for sizes that are no whole numbers or out of order.
 */
export function subtreesFromTiles(
  start: number,
  end: number,
  size: number,
  read: TileReader,
): Buffer[] | undefined {
  if (![start, end, size].every(isTreeSize) || start > end || end > size) {
    throw new RangeError('a range of leaves must be inside the tree');
  }
  const subtrees: Buffer[] = [];
  let at = start;
  for (const level of perfectSubtreeLevels(end - start)) {
    const subtree = perfectSubtree(level, at / 2 ** level, size, read);
    if (subtree === undefined) return undefined;
    subtrees.push(subtree);
    at += 2 ** level;
  }
  return subtrees;
}

/**
 * What a tree of `size` needs to hold these leaf hashes too, which follow one after the other: every
 * tile of `newTiles`, in its order. Reads the partial tiles that grow, which may be
 * attacker-controlled: the tree they are of is compared with a checkpoint before; undefined if one of
 * them is missing or has another width. Throws a RangeError unless the hashes have 32 bytes each.
 */
export function growTiles(
  size: number,
  leafHashes: Uint8Array,
  read: TileReader,
): GrownTile[] | undefined {
  if (leafHashes.length % HASH_BYTES !== 0) {
    throw new RangeError(`each leaf hash must have ${HASH_BYTES} bytes`);
  }
  const rows: GrownTile[][] = [];
  let added = leafHashes;
  for (let level = 0; added.length > 0; level += 1) {
    const start = Math.floor(size / TILE_WIDTH ** level);
    const edge = { level, index: Math.floor(start / TILE_WIDTH), width: start % TILE_WIDTH };
    const kept = edge.width === 0 ? Buffer.alloc(0) : readTile(read, edge);
    if (kept === undefined) return undefined;
    const tiles = splitRow(Buffer.concat([kept, added]), edge);
    rows.push(tiles);
    const full = tiles.filter(({ width }) => width === TILE_WIDTH);
    added = Buffer.concat(full.map(({ hashes }) => rootOfRow(hashes)));
  }
  return rows.flat();
}

function perfectSubtree(
  level: number,
  index: number,
  size: number,
  read: TileReader,
): Buffer | undefined {
  const tileLevel = Math.floor(level / TILE_HEIGHT);
  const count = 2 ** (level % TILE_HEIGHT);
  const first = index * count;
  const tileIndex = Math.floor(first / TILE_WIDTH);
  const width = tileWidth(tileLevel, tileIndex, size);
  const tile = readTile(read, { level: tileLevel, index: tileIndex, width });
  const offset = (first % TILE_WIDTH) * HASH_BYTES;
  return tile && rootOfRow(tile.subarray(offset, offset + count * HASH_BYTES));
}

function splitRow(row: Buffer, first: TileCoordinates): GrownTile[] {
  const tiles: GrownTile[] = [];
  for (let at = 0; at < row.length; at += TILE_WIDTH * HASH_BYTES) {
    const hashes = row.subarray(at, at + TILE_WIDTH * HASH_BYTES);
    const index = first.index + tiles.length;
    tiles.push({ level: first.level, index, width: hashes.length / HASH_BYTES, hashes });
  }
  return tiles;
}
