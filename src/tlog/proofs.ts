import { isTreeSize, rootOfSubtrees } from './merkle-tree.js';
import { subtreesFromTiles } from './tile-tree.js';
import type { TileReader } from './tiles.js';

/** The leaves of a subtree, from `start` up to but without `end`. */
interface LeafRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The proof that the leaf at `index` is in a tree of `size`: the siblings on its way up, from the
 * leaf to the root (RFC 9162 section 2.1.3.1). Undefined if a tile is missing. Throws a RangeError
 * unless index < size, so a caller first checks numbers that an attacker chose.
 */
export function inclusionProof(
  index: number,
  size: number,
  read: TileReader,
): Buffer[] | undefined {
  if (!isTreeSize(index) || !isTreeSize(size) || index >= size) {
    throw new RangeError('a proof of inclusion needs a leaf that is in the tree');
  }
  const { siblings } = descend(index, size, ({ start, end }) => end - start === 1);
  return rootsOf(siblings, size, read);
}

/**
 * The proof that a tree of `toSize` continues the one of `fromSize` (RFC 9162 section 2.1.4.1):
 * empty if they are the same size. Undefined if a tile of the larger one is missing. Throws a
 * RangeError unless 0 < fromSize <= toSize (nothing can be shown of the empty tree), so a caller
 * first checks numbers that an attacker chose.
 */
export function consistencyProof(
  fromSize: number,
  toSize: number,
  read: TileReader,
): Buffer[] | undefined {
  if (!isTreeSize(fromSize) || !isTreeSize(toSize) || fromSize === 0 || fromSize > toSize) {
    throw new RangeError('a proof of consistency needs a tree with leaves and a later one');
  }
  const { siblings, reached } = descend(fromSize - 1, toSize, ({ end }) => end === fromSize);
  // The whole older tree is the root that the verifier has; any other last subtree it must be told.
  const ranges = reached.start === 0 ? siblings : [reached, ...siblings];
  return rootsOf(ranges, toSize, read);
}

/** Goes from the root towards a leaf; the siblings passed are the lowest first. */
function descend(
  leaf: number,
  size: number,
  isReached: (range: LeafRange) => boolean,
): { siblings: LeafRange[]; reached: LeafRange } {
  const siblings: LeafRange[] = [];
  let range: LeafRange = { start: 0, end: size };
  while (!isReached(range)) {
    const split = range.start + powerOfTwoBelow(range.end - range.start);
    const left = { start: range.start, end: split };
    const right = { start: split, end: range.end };
    siblings.unshift(leaf < split ? right : left);
    range = leaf < split ? left : right;
  }
  return { siblings, reached: range };
}

/** Where RFC 6962 section 2.1 splits leaves: the largest power of 2 below their number. */
function powerOfTwoBelow(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

function rootsOf(
  ranges: readonly LeafRange[],
  size: number,
  read: TileReader,
): Buffer[] | undefined {
  const roots: Buffer[] = [];
  for (const { start, end } of ranges) {
    const subtrees = subtreesFromTiles(start, end, size, read);
    if (subtrees === undefined) return undefined;
    roots.push(rootOfSubtrees(subtrees));
  }
  return roots;
}
