import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  isTreeSize,
  leafHash,
  MerkleFrontier,
  nodeHash,
  perfectSubtreeLevels,
  rootOfRow,
  rootOfSubtrees,
} from '../../src/tlog/merkle-tree.js';
import vectors from '../vectors/merkle-tree.json' with { type: 'json' };
import { referenceLeaves, referenceRoot, sha256 } from './reference-tree.js';

const fromHex = (hex: string): Buffer => Buffer.from(hex, 'hex');
const LEAF = Buffer.from([0]);
const NODE = Buffer.from([1]);
const hashBytes = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe('the hash of a leaf', () => {
  it.each(vectors.leaves.map((entry, index) => [entry, vectors.nodes[0]![index]]))(
    'of 0x%s is the published one',
    (entry, published) => {
      expect(leafHash(fromHex(entry!)).toString('hex')).toBe(published);
    },
  );

  it('of a text is the published one', () => {
    const { entry, hash } = vectors.textLeaf;
    expect(leafHash(entry).toString('base64')).toBe(hash);
  });

  it('is the same for a text and for its UTF-8, and that of 0x00 and the entry', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 3000 }), (text) => {
        const bytes = Buffer.from(text);
        expect(leafHash(text)).toEqual(sha256(LEAF, bytes));
        expect(leafHash(bytes)).toEqual(sha256(LEAF, bytes));
      }),
    );
  });

  it('takes a view at any place of a larger buffer', () => {
    expect(leafHash(new Uint8Array([9, 9, 0x20, 0x21, 9]).subarray(2, 4))).toEqual(
      leafHash(fromHex('2021')),
    );
  });

  it('takes an entry longer than any bundle holds', () => {
    const entry = Buffer.alloc(200_000, 'a');
    expect(leafHash(entry)).toEqual(sha256(LEAF, entry));
    expect(leafHash(entry.toString())).toEqual(sha256(LEAF, entry));
  });
});

describe('the hash of a node', () => {
  it('is the published one', () => {
    for (const [level, hashes] of vectors.nodes.slice(1).entries()) {
      const below = vectors.nodes[level]!.map(fromHex);
      const computed = hashes.map((_, index) => nodeHash(below[2 * index]!, below[2 * index + 1]!));
      expect(computed.map((hash) => hash.toString('hex'))).toEqual(hashes);
    }
  });

  it('is that of 0x01 and both children, whatever was hashed before', () => {
    fc.assert(
      fc.property(hashBytes, hashBytes, hashBytes, (left, right, other) => {
        const expected = sha256(NODE, Buffer.from(left), Buffer.from(right));
        expect(nodeHash(left, right)).toEqual(expected);
        nodeHash(other, other);
        expect(nodeHash(left, right)).toEqual(expected);
      }),
    );
  });

  it.each([
    [31, 32],
    [32, 31],
    [33, 32],
    [32, 33],
    [0, 32],
    [32, 0],
  ])('is refused for children of %d and %d bytes', (left, right) => {
    expect(() => nodeHash(Buffer.alloc(left), Buffer.alloc(right))).toThrow(RangeError);
  });
});

describe('the root of a row of hashes', () => {
  it('is that of the perfect tree over them, and leaves them as they are', () => {
    for (const count of [1, 2, 4, 64, 256]) {
      const leaves = referenceLeaves(count);
      const row = Buffer.concat(leaves);
      const root = rootOfRow(row);
      expect(root).toEqual(referenceRoot(leaves));
      root.fill(0);
      expect(row).toEqual(Buffer.concat(leaves));
    }
  });

  it.each([0, 16, 31, 33, 48, 96, 255 * 32])('is refused for %d bytes', (bytes) => {
    expect(() => rootOfRow(Buffer.alloc(bytes))).toThrow(RangeError);
  });
});

describe('the perfect subtrees of a tree', () => {
  it('are the binary digits of its size, the largest first', () => {
    expect(perfectSubtreeLevels(0)).toEqual([]);
    expect(perfectSubtreeLevels(6)).toEqual([2, 1]);
    expect(perfectSubtreeLevels(2 ** 52)).toEqual([52]);
    expect(perfectSubtreeLevels(Number.MAX_SAFE_INTEGER)).toHaveLength(53);
  });

  it('add up to the size', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (size) => {
        const levels = perfectSubtreeLevels(size);
        expect(levels.reduce((sum, level) => sum + 2 ** level, 0)).toBe(size);
        expect(levels).toEqual(levels.toSorted((a, b) => b - a));
      }),
    );
  });

  it('make the root, and none of them is the root itself', () => {
    const only = leafHash('a');
    const root = rootOfSubtrees([only]);
    expect(root).toEqual(only);
    root.fill(0);
    expect(only).toEqual(leafHash('a'));
  });
});

describe('the size of a tree', () => {
  it.each([0, 1, 2 ** 32, Number.MAX_SAFE_INTEGER])('may be %d', (size) => {
    expect(isTreeSize(size)).toBe(true);
  });

  it.each([-1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY])('is not %d', (size) => {
    expect(isTreeSize(size)).toBe(false);
  });
});

describe('a frontier', () => {
  it('has the published roots as it grows, beginning with that of the empty tree', () => {
    const frontier = new MerkleFrontier();
    const roots = [frontier.root()];
    for (const entry of vectors.leaves) {
      frontier.append(leafHash(fromHex(entry)));
      roots.push(frontier.root());
    }
    expect(roots.map((root) => root.toString('hex'))).toEqual(vectors.roots);
    expect(frontier.size).toBe(vectors.leaves.length);
  });

  it('has the root of the recursive definition at every size', () => {
    const leaves = referenceLeaves(600);
    const frontier = new MerkleFrontier();
    for (const [index, leaf] of leaves.entries()) {
      frontier.append(leaf);
      expect(frontier.root()).toEqual(referenceRoot(leaves.slice(0, index + 1)));
    }
  });

  it('goes on from its size and subtrees as if it had never stopped', () => {
    const leaves = referenceLeaves(600);
    fc.assert(
      fc.property(fc.nat(600), fc.nat(600), (one, other) => {
        const [stop, end] = [Math.min(one, other), Math.max(one, other)];
        const before = new MerkleFrontier();
        for (const leaf of leaves.slice(0, stop)) before.append(leaf);
        const after = new MerkleFrontier(before.size, before.subtrees);
        for (const leaf of leaves.slice(stop, end)) after.append(leaf);
        expect(after.size).toBe(end);
        expect(after.root()).toEqual(referenceRoot(leaves.slice(0, end)));
        expect(before.root()).toEqual(referenceRoot(leaves.slice(0, stop)));
      }),
    );
  });

  it('grows near the largest size a number can count', () => {
    const subtrees = Array.from({ length: 52 }, (_, index) => leafHash(String(index)));
    const frontier = new MerkleFrontier(Number.MAX_SAFE_INTEGER - 1, subtrees);
    frontier.append(leafHash('last'));
    expect(frontier.size).toBe(Number.MAX_SAFE_INTEGER);
    expect(frontier.subtrees).toEqual([...subtrees, leafHash('last')]);
  });

  it.each([
    ['too few subtrees', 6, [32]],
    ['too many subtrees', 4, [32, 32]],
    ['a subtree of a size that has none', 0, [32]],
    ['a short subtree', 6, [32, 31]],
    ['a negative size', -1, []],
    ['a fraction', 0.5, []],
    ['a size beyond safe integers', 2 ** 53, [32]],
    ['no number', Number.NaN, []],
    ['an endless size', Number.POSITIVE_INFINITY, []],
  ])('refuses %s', (_why, size, lengths) => {
    const subtrees = lengths.map((length) => Buffer.alloc(length));
    expect(() => new MerkleFrontier(size, subtrees)).toThrow(RangeError);
  });

  it('refuses a leaf hash that has not 32 bytes, and stays as it was', () => {
    const frontier = new MerkleFrontier();
    frontier.append(leafHash('a'));
    const root = frontier.root();
    for (const length of [0, 31, 33]) {
      expect(() => frontier.append(Buffer.alloc(length))).toThrow(RangeError);
    }
    expect(frontier.size).toBe(1);
    expect(frontier.root()).toEqual(root);
  });
});
