import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { verifyConsistency, verifyInclusion } from '../../src/tlog/proof-verification.js';
import vectors from '../vectors/merkle-tree.json' with { type: 'json' };
import {
  referenceConsistency,
  referenceInclusion,
  referenceLeaves,
  referenceRoot,
  sha256,
} from './reference-tree.js';

const fromHex = (hex: string): Buffer => Buffer.from(hex, 'hex');
const leaves = referenceLeaves(600);
const roots = leaves.map((_, index) => referenceRoot(leaves.slice(0, index + 1)));
const rootOf = (size: number): Buffer => roots[size - 1]!;
const splitOf = (count: number): number => 2 ** (31 - Math.clz32(count - 1));

/** On which side each sibling of a leaf is, from the leaf up: all that a proof says of its place. */
function sides(index: number, size: number): string {
  if (size === 1) return '';
  const split = splitOf(size);
  return index < split ? `${sides(index, split)}R` : `${sides(index - split, size - split)}L`;
}

/** The same for a proof of consistency, after where it begins: at the older root or at a subtree. */
function consistencySides(from: number, to: number, isWhole = true): string {
  if (from === to) return isWhole ? 'root ' : 'subtree ';
  const split = splitOf(to);
  return from <= split
    ? `${consistencySides(from, split, isWhole)}R`
    : `${consistencySides(from - split, to - split, false)}L`;
}

const flipped = (bytes: Buffer, at: number, change: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy[at % copy.length]! ^= change;
  return copy;
};

/** Proofs that are not this one: a changed byte, two swapped, one more, one less, a wrong length. */
function forgeries(
  proof: readonly Buffer[],
  at: number,
  change: number,
  other: Buffer,
): Buffer[][] {
  const place = at % (proof.length + 1);
  const changed = proof.map((_, index) =>
    proof.map((hash, each) => (each === index ? flipped(hash, at, change) : hash)),
  );
  const swapped = proof
    .slice(1)
    .map((_, index) => proof.toSpliced(index, 2, proof[index + 1]!, proof[index]!));
  const cut = proof.map((_, index) => proof.filter((_hash, each) => each !== index));
  const misshapen = proof.flatMap((_, index) =>
    [0, 31, 33].map((length) =>
      proof.map((hash, each) =>
        each === index ? Buffer.concat([hash, Buffer.of(0)]).subarray(0, length) : hash,
      ),
    ),
  );
  return [...changed, ...swapped, ...cut, ...misshapen, proof.toSpliced(place, 0, other)];
}

const size = fc.integer({ min: 1, max: 600 });
const change = fc.integer({ min: 1, max: 255 });

describe('a proof of inclusion', () => {
  const roots8 = vectors.roots.map(fromHex);
  it.each(vectors.inclusion)('of $index in $size as published', ({ index, size, proof }) => {
    const path = proof.map(fromHex);
    const leaf = fromHex(vectors.nodes[0]![index]!);
    expect(verifyInclusion(leaf, index, size, path, roots8[size]!)).toBe(true);
  });

  it('does not verify when any of it is changed', () => {
    fc.assert(
      fc.property(size, fc.nat(), fc.nat(), change, (size, seed, at, change) => {
        const index = seed % size;
        const leaf = leaves[index]!;
        const root = rootOf(size);
        const proof = referenceInclusion(leaves.slice(0, size), index);
        expect(verifyInclusion(leaf, index, size, proof, root)).toBe(true);
        for (const forged of forgeries(proof, at, change, root)) {
          expect(verifyInclusion(leaf, index, size, forged, root)).toBe(false);
        }
        expect(verifyInclusion(flipped(leaf, at, change), index, size, proof, root)).toBe(false);
        expect(verifyInclusion(leaf, index, size, proof, flipped(root, at, change))).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it('verifies at no other place than those with its siblings on the same sides', () => {
    const wrong: number[][] = [];
    for (let size = 1; size <= 20; size += 1) {
      for (let index = 0; index < size; index += 1) {
        const proof = referenceInclusion(leaves.slice(0, size), index);
        for (let otherSize = 0; otherSize <= 24; otherSize += 1) {
          for (let other = 0; other <= otherSize; other += 1) {
            const isSame = other < otherSize && sides(other, otherSize) === sides(index, size);
            const verifies = verifyInclusion(leaves[index]!, other, otherSize, proof, rootOf(size));
            if (verifies !== isSame) wrong.push([index, size, other, otherSize]);
          }
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('verifies at no other index of the same tree', () => {
    fc.assert(
      fc.property(size, fc.nat(), fc.nat(), (size, seed, otherSeed) => {
        const [index, other] = [seed % size, otherSeed % size];
        const proof = referenceInclusion(leaves.slice(0, size), index);
        const verifies = verifyInclusion(leaves[index]!, other, size, proof, rootOf(size));
        expect(verifies).toBe(index === other);
      }),
      { numRuns: 300 },
    );
  });

  it('is as good for the largest tree that a number can count', () => {
    const proof = Array.from({ length: 53 }, (_, index) => sha256(Buffer.from(String(index))));
    const leaf = leaves[0]!;
    const root = proof.reduce((hash, sibling) => sha256(Buffer.of(1), hash, sibling), leaf);
    const last = Number.MAX_SAFE_INTEGER;
    expect(verifyInclusion(leaf, 0, last, proof, root)).toBe(true);
    expect(verifyInclusion(leaf, 0, last, proof.slice(1), root)).toBe(false);
    expect(verifyInclusion(leaf, 1, last, proof, root)).toBe(false);
  });

  it.each([
    ['a leaf beyond the tree', 1, 1],
    ['the empty tree', 0, 0],
    ['a negative index', -1, 1],
    ['a fraction', 0.5, 1],
    ['no number', Number.NaN, 1],
    ['a tree of no number', 0, Number.NaN],
    ['a tree beyond safe integers', 0, 2 ** 53],
    ['an endless tree', 0, Number.POSITIVE_INFINITY],
  ])('does not verify for %s', (_why, index, size) => {
    expect(verifyInclusion(leaves[0]!, index, size, [], leaves[0]!)).toBe(false);
    expect(verifyInclusion(leaves[0]!, 0, 1, [], leaves[0]!)).toBe(true);
  });

  it('does not verify for hashes that have not 32 bytes, even if they are the same', () => {
    for (const length of [0, 31, 33]) {
      const hash = Buffer.alloc(length);
      expect(verifyInclusion(hash, 0, 1, [], hash)).toBe(false);
    }
  });

  it('is never an exception, whatever it is', () => {
    const bytes = fc.uint8Array({ minLength: 30, maxLength: 33 });
    const number = fc.oneof(fc.double(), fc.nat(9), fc.constant(-0));
    fc.assert(
      fc.property(
        bytes,
        number,
        number,
        fc.array(bytes, { maxLength: 5 }),
        bytes,
        (leaf, index, size, proof, root) => {
          expect(verifyInclusion(leaf, index, size, proof, root)).toBe(
            index === 0 && size === 1 && proof.length === 0 && leaf.length === 32
              ? Buffer.compare(leaf, root) === 0
              : false,
          );
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('a proof of consistency', () => {
  const roots8 = vectors.roots.map(fromHex);
  it.each(vectors.consistency)(
    'from $fromSize to $toSize as published',
    ({ fromSize, toSize, proof }) => {
      const [from, to] = [roots8[fromSize]!, roots8[toSize]!];
      expect(verifyConsistency(fromSize, from, toSize, to, proof.map(fromHex))).toBe(true);
    },
  );

  it('does not verify when any of it is changed', () => {
    fc.assert(
      fc.property(size, size, fc.nat(), change, (one, other, at, change) => {
        const [from, to] = [Math.min(one, other), Math.max(one, other)];
        const [fromRoot, toRoot] = [rootOf(from), rootOf(to)];
        const proof = referenceConsistency(leaves.slice(0, to), from);
        const verifies = (fromRoot: Buffer, toRoot: Buffer, proof: readonly Buffer[]): boolean =>
          verifyConsistency(from, fromRoot, to, toRoot, proof);
        expect(verifies(fromRoot, toRoot, proof)).toBe(true);
        for (const forged of forgeries(proof, at, change, fromRoot)) {
          expect(verifies(fromRoot, toRoot, forged)).toBe(false);
        }
        expect(verifies(flipped(fromRoot, at, change), toRoot, proof)).toBe(false);
        expect(verifies(fromRoot, flipped(toRoot, at, change), proof)).toBe(false);
        expect(verifies(toRoot, fromRoot, proof)).toBe(from === to);
      }),
      { numRuns: 300 },
    );
  });

  it('verifies between no other sizes than those of the same form', () => {
    const wrong: number[][] = [];
    for (let to = 1; to <= 20; to += 1) {
      for (let from = 1; from <= to; from += 1) {
        const proof = referenceConsistency(leaves.slice(0, to), from);
        for (let otherTo = 0; otherTo <= 24; otherTo += 1) {
          for (let other = 0; other <= otherTo + 1; other += 1) {
            const isSame =
              other > 0 &&
              other <= otherTo &&
              consistencySides(other, otherTo) === consistencySides(from, to);
            const verifies = verifyConsistency(other, rootOf(from), otherTo, rootOf(to), proof);
            if (verifies !== isSame) wrong.push([from, to, other, otherTo]);
          }
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('does not verify when the later tree has forgotten or changed an early leaf', () => {
    fc.assert(
      fc.property(size, size, fc.nat(), (one, other, seed) => {
        const [from, to] = [Math.min(one, other), Math.max(one, other)];
        const rewritten = leaves.slice(0, to);
        rewritten[seed % from] = sha256(Buffer.from('rewritten'));
        const proof = referenceConsistency(rewritten, from);
        const root = referenceRoot(rewritten);
        expect(verifyConsistency(from, rootOf(from), to, root, proof)).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  it('between equal sizes is empty, and needs equal roots', () => {
    const [root, other] = [rootOf(5), rootOf(6)];
    expect(verifyConsistency(5, root, 5, Buffer.from(root), [])).toBe(true);
    expect(verifyConsistency(5, root, 5, other, [])).toBe(false);
    expect(verifyConsistency(5, root, 5, root, [root])).toBe(false);
  });

  it('is refused when it is empty and the sizes differ', () => {
    expect(verifyConsistency(4, rootOf(4), 5, rootOf(5), [])).toBe(false);
    expect(verifyConsistency(3, rootOf(3), 5, rootOf(5), [])).toBe(false);
  });

  it.each([
    ['the empty tree', 0, 1],
    ['two empty trees', 0, 0],
    ['a smaller tree', 2, 1],
    ['a negative size', -1, 1],
    ['a fraction', 0.5, 0.5],
    ['no number', Number.NaN, Number.NaN],
    ['a later tree of no number', 1, Number.NaN],
    ['sizes beyond safe integers', 2 ** 53, 2 ** 53],
    ['an endless tree', 1, Number.POSITIVE_INFINITY],
  ])('is refused for %s', (_why, from, to) => {
    const root = rootOf(1);
    expect(verifyConsistency(from, root, to, root, [])).toBe(false);
    expect(verifyConsistency(from, root, to, root, [root])).toBe(false);
  });

  it('is refused when a root has not 32 bytes', () => {
    const proof = referenceConsistency(leaves.slice(0, 8), 6);
    expect(verifyConsistency(6, rootOf(6), 8, rootOf(8), proof)).toBe(true);
    const short = rootOf(6).subarray(0, 31);
    expect(verifyConsistency(6, short, 8, rootOf(8), proof)).toBe(false);
    expect(verifyConsistency(6, rootOf(6), 8, short, proof)).toBe(false);
    expect(verifyConsistency(4, short, 8, rootOf(8), proof)).toBe(false);
  });

  it('is never an exception, whatever it is', () => {
    const bytes = fc.uint8Array({ minLength: 30, maxLength: 33 });
    const number = fc.oneof(fc.double(), fc.nat(9));
    fc.assert(
      fc.property(
        number,
        bytes,
        number,
        bytes,
        fc.array(bytes, { maxLength: 5 }),
        (from, fromRoot, to, toRoot, proof) => {
          const isSameTree =
            from === to && from > 0 && Number.isSafeInteger(from) && proof.length === 0;
          expect(verifyConsistency(from, fromRoot, to, toRoot, proof)).toBe(
            isSameTree && Buffer.compare(fromRoot, toRoot) === 0,
          );
        },
      ),
      { numRuns: 1000 },
    );
  });
});
