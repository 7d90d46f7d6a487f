import { HASH_BYTES, isTreeSize, nodeHash } from './merkle-tree.js';

/**
 * Whether the proof shows that a leaf with this hash is at `index` in the tree with this size and
 * root (RFC 9162 section 2.1.3.2). All of it may be attacker-controlled, and nothing is thrown; but
 * size and root must come from one signed checkpoint: the proof binds the root, and only the
 * checkpoint binds the size (the leaf 0 of 3 has a proof of the same form as the leaf 0 of 4).
 */
export function verifyInclusion(
  leafHash: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!isTreeSize(index) || !isTreeSize(size) || index >= size) return false;
  if (![leafHash, root, ...proof].every(isHash)) return false;
  const climb = new Climb(index, size - 1);
  let hash = leafHash;
  for (const sibling of proof) {
    if (climb.isAtRoot) return false;
    hash = climb.isRightChild ? nodeHash(sibling, hash) : nodeHash(hash, sibling);
    climb.step();
  }
  return climb.isAtRoot && isEqual(hash, root);
}

/**
 * Whether the proof shows that the tree of `toSize` begins with all the leaves of the one of
 * `fromSize` (RFC 9162 section 2.1.4.2). All of it may be attacker-controlled, and nothing is
 * thrown; each size must come from the signed checkpoint of its root. Equal sizes need equal roots
 * and an empty proof; of the empty tree nothing can be shown, so that is false.
 */
export function verifyConsistency(
  fromSize: number,
  fromRoot: Uint8Array,
  toSize: number,
  toRoot: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (!isTreeSize(fromSize) || !isTreeSize(toSize)) return false;
  if (fromSize === 0 || fromSize > toSize) return false;
  if (fromSize === toSize) return proof.length === 0 && isEqual(fromRoot, toRoot);
  if (![fromRoot, toRoot, ...proof].every(isHash)) return false;

  const climb = new Climb(fromSize - 1, toSize - 1);
  climb.skipRightChildren();
  // A perfect older tree is one node of the later one: its root is where both begin.
  const [first, ...siblings] = climb.isLeftmost ? [fromRoot, ...proof] : proof;
  if (first === undefined) return false;
  let from = first;
  let to = first;
  for (const sibling of siblings) {
    if (climb.isAtRoot) return false;
    if (climb.isRightChild) from = nodeHash(sibling, from);
    to = climb.isRightChild ? nodeHash(sibling, to) : nodeHash(to, sibling);
    climb.step();
  }
  return climb.isAtRoot && isEqual(from, fromRoot) && isEqual(to, toRoot);
}

/** A node on its way up and the last node of its level: fn and sn of RFC 9162. */
class Climb {
  constructor(
    private node: number,
    private last: number,
  ) {}

  get isAtRoot(): boolean {
    return this.last === 0;
  }

  get isLeftmost(): boolean {
    return this.node === 0;
  }

  /** Whether the next sibling is on the left; the last node of a level has no other. */
  get isRightChild(): boolean {
    return this.node % 2 === 1 || this.node === this.last;
  }

  /** One level up. A last node without a sibling is its own parent: up to where it has one. */
  step(): void {
    // Below the root, a node that is the last one is not 0 and so has a bit that is set.
    if (this.node === this.last) while (this.node % 2 === 0) this.up();
    this.up();
  }

  /** Up while the node is a right child. */
  skipRightChildren(): void {
    while (this.node % 2 === 1) this.up();
  }

  private up(): void {
    this.node = Math.floor(this.node / 2);
    this.last = Math.floor(this.last / 2);
  }
}

function isHash(bytes: Uint8Array): boolean {
  return bytes.length === HASH_BYTES;
}

function isEqual(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}
