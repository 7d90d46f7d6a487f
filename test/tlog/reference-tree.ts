import { hash } from 'node:crypto';
import type { TileReader } from '../../src/tlog/tiles.js';

/** Leaf hashes that differ from each other, made without any code of src/. */
export function referenceLeaves(count: number): Buffer[] {
  return Array.from({ length: count }, (_, index) =>
    sha256(Buffer.from([0]), Buffer.from(`leaf ${index}`)),
  );
}

/** MTH(D[start:end]) over leaf hashes, word for word as RFC 6962 section 2.1 defines it. */
export function referenceRoot(leaves: readonly Buffer[], start = 0, end = leaves.length): Buffer {
  if (start === end) return sha256();
  if (end - start === 1) return leaves[start]!;
  const split = start + largestPowerBelow(end - start);
  return sha256(
    Buffer.from([1]),
    referenceRoot(leaves, start, split),
    referenceRoot(leaves, split, end),
  );
}

/** PATH(index, D) of RFC 6962 section 2.1.1. */
export function referenceInclusion(leaves: readonly Buffer[], index: number): Buffer[] {
  if (leaves.length === 1) return [];
  const split = largestPowerBelow(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return index < split
    ? [...referenceInclusion(left, index), referenceRoot(right)]
    : [...referenceInclusion(right, index - split), referenceRoot(left)];
}

/** PROOF(fromSize, D) of RFC 6962 section 2.1.2. */
export function referenceConsistency(leaves: readonly Buffer[], fromSize: number): Buffer[] {
  return subproof(leaves, fromSize, true);
}

/**
 * The tiles of a tree over these leaf hashes, each hash computed from its leaves as C2SP tlog-tiles
 * defines it; undefined for a tile that reaches beyond the tree.
 */
export function referenceTiles(leaves: readonly Buffer[]): TileReader {
  const known = new Map<string, Buffer>();
  return (level, index, width) => {
    const span = 256 ** level;
    if ((index * 256 + width) * span > leaves.length) return undefined;
    const key = `${level}/${index}/${width}`;
    const starts = Array.from({ length: width }, (_, at) => (index * 256 + at) * span);
    const tile =
      known.get(key) ??
      Buffer.concat(starts.map((start) => referenceRoot(leaves, start, start + span)));
    known.set(key, tile);
    return tile;
  };
}

/** SHA-256 of the parts one after the other. */
export function sha256(...parts: readonly Buffer[]): Buffer {
  return hash('sha256', Buffer.concat(parts), 'buffer');
}

function subproof(leaves: readonly Buffer[], size: number, isWhole: boolean): Buffer[] {
  if (size === leaves.length) return isWhole ? [] : [referenceRoot(leaves)];
  const split = largestPowerBelow(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return size <= split
    ? [...subproof(left, size, isWhole), referenceRoot(right)]
    : [...subproof(right, size - split, false), referenceRoot(left)];
}

function largestPowerBelow(count: number): number {
  return 2 ** (31 - Math.clz32(count - 1));
}
