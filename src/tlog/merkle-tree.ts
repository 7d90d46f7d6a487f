import { hash } from 'node:crypto';

/** The length in bytes of every hash in the tree (SHA-256). */
export const HASH_BYTES = 32;

// One block for all nodes: hashing is synchronous and leaves nothing in it for the next call.
const nodeBlock = Buffer.alloc(1 + 2 * HASH_BYTES, 0x01);

/**
 * The hash of a leaf, SHA-256(0x00 || entry), as 32 bytes (RFC 6962 section 2.1). A text is hashed
 * as UTF-8, where a lone surrogate becomes U+FFFD. The entry may be attacker-controlled, of any
 * length.
 */
export function leafHash(entry: string | Uint8Array): Buffer {
  if (typeof entry === 'string') return sha256(`\0${entry}`);
  const leaf = Buffer.allocUnsafe(1 + entry.length);
  leaf[0] = 0x00;
  leaf.set(entry, 1);
  return sha256(leaf);
}

/**
 * The hash of an inner node, SHA-256(0x01 || left || right), as 32 bytes (RFC 6962 section 2.1).
 * Both may be attacker-controlled; throws a RangeError unless they have 32 bytes, or two different
 * pairs could have one hash.
 */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  nodeBlock.set(requireHash(left), 1);
  nodeBlock.set(requireHash(right), 1 + HASH_BYTES);
  return sha256(nodeBlock);
}

/**
 * The root of the perfect tree over a row of hashes, one after the other, whose number is a power of 2,
 * as 32 bytes of its own. They may be attacker-controlled; throws a RangeError for any other number.
 */
export function rootOfRow(row: Uint8Array): Buffer {
  const levels = Math.log2(row.length / HASH_BYTES);
  if (!Number.isInteger(levels) || levels < 0) {
    throw new RangeError('the hashes of a row must be as many as a power of 2');
  }
  // Each level is written over the one below it, which takes half the time of a Buffer for each node.
  const nodes = Buffer.from(row);
  for (let { length } = nodes; length > HASH_BYTES; length /= 2) {
    for (let at = 0; at < length; at += 2 * HASH_BYTES) {
      nodes.copy(nodeBlock, 1, at, at + 2 * HASH_BYTES);
      nodes.write(hash('sha256', nodeBlock, 'binary'), at / 2, 'latin1');
    }
  }
  return Buffer.from(nodes.subarray(0, HASH_BYTES));
}

/** Whether a number can be the size of a tree or the index of a leaf: whole, from 0 to 2^53 - 1. */
export function isTreeSize(size: number): boolean {
  return Number.isSafeInteger(size) && size >= 0;
}

/**
 * The levels of the perfect subtrees that make up a tree of this size, the largest (leftmost)
 * first: the binary digits of the size that are 1 (RFC 9162 section 2.1.2). A tree of 6 leaves is
 * [2, 1]. A size that an attacker chose is checked before, with `isTreeSize`.
 */
export function perfectSubtreeLevels(size: number): readonly number[] {
  const levels: number[] = [];
  for (let level = 0, rest = size; rest > 0; level += 1, rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) levels.unshift(level);
  }
  return levels;
}

/**
 * The root of a tree, given the hashes of its perfect subtrees, the largest first; SHA-256("") for
 * no subtree at all (RFC 6962 section 2.1). They may be attacker-controlled, as in `nodeHash`.
 */
export function rootOfSubtrees(subtrees: readonly Uint8Array[]): Buffer {
  if (subtrees.length === 0) return sha256('');
  return Buffer.from(subtrees.reduceRight((right, left) => nodeHash(left, right)));
}

/**
 * The right edge of a growing tree (RFC 9162 section 2.1.2): its size and the hashes of its perfect
 * subtrees, which is all that appending needs. Hashes are kept as they are given, not copied.
 * Throws a RangeError for a hash that has not 32 bytes, and for subtrees that are not as many as
 * the size asks for; whether they are the right ones shows only when the root is compared with a
 * checkpoint's.
 */
export class MerkleFrontier {
  private readonly edge: Uint8Array[];
  private leaves: number;

  /**
   * Begins at the empty tree, or goes on from a size and its perfect subtrees, the largest first.
   */
  constructor(size = 0, subtrees: readonly Uint8Array[] = []) {
    if (!isTreeSize(size) || subtrees.length !== perfectSubtreeLevels(size).length) {
      throw new RangeError('the subtrees of a frontier must be as many as its size has');
    }
    this.edge = subtrees.map(requireHash);
    this.leaves = size;
  }

  /** How many leaves the tree has. */
  get size(): number {
    return this.leaves;
  }

  /** The hashes of the perfect subtrees, the largest first: with the size, what to keep of it. */
  get subtrees(): readonly Uint8Array[] {
    return [...this.edge];
  }

  /** Makes the tree one leaf larger; on average that takes one node hash. */
  append(leaf: Uint8Array): void {
    let right = requireHash(leaf);
    for (let rest = this.leaves; rest % 2 === 1; rest = (rest - 1) / 2) {
      right = nodeHash(this.edge.pop() as Uint8Array, right);
    }
    this.edge.push(right);
    this.leaves += 1;
  }

  /** The root of the tree as it is now. */
  root(): Buffer {
    return rootOfSubtrees(this.edge);
  }
}

/** The same bytes; throws a RangeError unless there are 32 of them, whoever chose them. */
export function requireHash(bytes: Uint8Array): Uint8Array {
  if (bytes.length === HASH_BYTES) return bytes;
  throw new RangeError(`a hash in the tree must have ${HASH_BYTES} bytes`);
}

/**
 * A digest in latin1 copied into a pooled Buffer takes half the time of a Buffer that OpenSSL
 * fills.
 */
function sha256(content: string | Buffer): Buffer {
  return Buffer.from(hash('sha256', content, 'binary'), 'latin1');
}
