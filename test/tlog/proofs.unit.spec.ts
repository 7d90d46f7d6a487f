import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { leafHash } from '../../src/tlog/merkle-tree.js';
import { verifyConsistency, verifyInclusion } from '../../src/tlog/proof-verification.js';
import { consistencyProof, inclusionProof } from '../../src/tlog/proofs.js';
import type { TileReader } from '../../src/tlog/tiles.js';
import vectors from '../vectors/merkle-tree.json' with { type: 'json' };
import {
  referenceConsistency,
  referenceInclusion,
  referenceLeaves,
  referenceRoot,
  referenceTiles,
} from './reference-tree.js';

const leaves = referenceLeaves(70_000);
const read = referenceTiles(leaves);
const roots = Array.from({ length: 601 }, (_, size) => referenceRoot(leaves.slice(0, size)));
const published = referenceTiles(
  vectors.leaves.map((entry) => leafHash(Buffer.from(entry, 'hex'))),
);

const hexOf = (proof: readonly Buffer[] | undefined): string[] | undefined =>
  proof?.map((hash) => hash.toString('hex'));

/** Every size up to the first, and those around the edges of tiles. */
const SIZES = [...Array.from({ length: 34 }, (_, index) => index + 1), 255, 256, 257, 513];

describe('a proof of inclusion', () => {
  it.each(vectors.inclusion)(
    'of $index in $size is the published one',
    ({ index, size, proof }) => {
      expect(hexOf(inclusionProof(index, size, published))).toEqual(proof);
    },
  );

  it('is that of the recursive definition, for every leaf of small trees', () => {
    for (let size = 1; size <= 40; size += 1) {
      for (let index = 0; index < size; index += 1) {
        const expected = referenceInclusion(leaves.slice(0, size), index);
        expect(hexOf(inclusionProof(index, size, read))).toEqual(hexOf(expected));
      }
    }
  });

  it('verifies, for every leaf', () => {
    const refused = SIZES.flatMap((size) =>
      leaves.slice(0, size).flatMap((leaf, index) => {
        const proof = inclusionProof(index, size, read)!;
        return verifyInclusion(leaf, index, size, proof, roots[size]!) ? [] : [[index, size]];
      }),
    );
    expect(refused).toEqual([]);
  });

  it('verifies, for any leaf of any tree up to 600', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 600 }), fc.nat(), (size, seed) => {
        const index = seed % size;
        const proof = inclusionProof(index, size, read)!;
        expect(verifyInclusion(leaves[index]!, index, size, proof, roots[size]!)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('verifies where it needs tiles of three levels', () => {
    const root = referenceRoot(leaves);
    for (const index of [0, 255, 256, 65_535, 65_536, 69_887, 69_888, 69_999]) {
      const proof = inclusionProof(index, 70_000, read)!;
      expect(verifyInclusion(leaves[index]!, index, 70_000, proof, root)).toBe(true);
    }
  });

  it('is undefined when any tile that it needs is missing', () => {
    for (const missing of ['0/0', '0/1', '0/273', '1/0', '1/1']) {
      const hole: TileReader = (level, index, width) =>
        `${level}/${index}` === missing ? undefined : read(level, index, width);
      expect(inclusionProof(256, 70_000, hole) === undefined).toBe(missing !== '0/0');
    }
  });

  it.each([
    [0, 0],
    [5, 5],
    [-1, 5],
    [0.5, 5],
    [Number.NaN, 5],
    [0, Number.NaN],
    [0, 2 ** 53],
  ])('is refused for leaf %d of %d', (index, size) => {
    expect(() => inclusionProof(index, size, read)).toThrow(RangeError);
  });
});

describe('a proof of consistency', () => {
  it.each(vectors.consistency)(
    'from $fromSize to $toSize is the published one',
    ({ fromSize, toSize, proof }) => {
      expect(hexOf(consistencyProof(fromSize, toSize, published))).toEqual(proof);
    },
  );

  it('is that of the recursive definition, for all pairs of small trees', () => {
    for (let to = 1; to <= 40; to += 1) {
      for (let from = 1; from <= to; from += 1) {
        const expected = referenceConsistency(leaves.slice(0, to), from);
        expect(hexOf(consistencyProof(from, to, read))).toEqual(hexOf(expected));
      }
    }
  });

  it('verifies, from every earlier tree', () => {
    const refused = SIZES.flatMap((to) =>
      Array.from({ length: to }, (_, index) => index + 1).flatMap((from) => {
        const proof = consistencyProof(from, to, read)!;
        return verifyConsistency(from, roots[from]!, to, roots[to]!, proof) ? [] : [[from, to]];
      }),
    );
    expect(refused).toEqual([]);
  });

  it('verifies, between any two trees up to 600', () => {
    const size = fc.integer({ min: 1, max: 600 });
    fc.assert(
      fc.property(size, size, (one, other) => {
        const [from, to] = [Math.min(one, other), Math.max(one, other)];
        const proof = consistencyProof(from, to, read)!;
        expect(verifyConsistency(from, roots[from]!, to, roots[to]!, proof)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('verifies where it needs tiles of three levels', () => {
    const root = referenceRoot(leaves);
    for (const from of [1, 255, 256, 600, 65_535, 65_536, 65_537, 69_888, 69_999, 70_000]) {
      const proof = consistencyProof(from, 70_000, read)!;
      const fromRoot = referenceRoot(leaves.slice(0, from));
      expect(verifyConsistency(from, fromRoot, 70_000, root, proof)).toBe(true);
    }
  });

  it('is undefined when a tile is missing', () => {
    expect(consistencyProof(3, 600, () => undefined)).toBeUndefined();
  });

  it.each([
    [0, 5],
    [0, 0],
    [6, 5],
    [-1, 5],
    [1.5, 5],
    [Number.NaN, 5],
    [1, Number.NaN],
    [1, 2 ** 53],
  ])('is refused from %d to %d', (from, to) => {
    expect(() => consistencyProof(from, to, read)).toThrow(RangeError);
  });
});
