import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MerkleFrontier } from '../../src/tlog/merkle-tree.js';
import {
  frontierFromTiles,
  growTiles,
  rootFromTiles,
  subtreesFromTiles,
} from '../../src/tlog/tile-tree.js';
import { newTiles, type TileCoordinates, type TileReader } from '../../src/tlog/tiles.js';
import { referenceLeaves, referenceRoot, referenceTiles, sha256 } from './reference-tree.js';
import { TileStore } from './tile-store.js';

const leaves = referenceLeaves(70_000);
const read = referenceTiles(leaves);

/** Whether a stored tile is that of the definition; comparing them byte by byte takes jest seconds. */
function isAsDefined(store: TileStore, { level, index, width }: TileCoordinates): boolean {
  const [stored, defined] = [store.read(level, index, width)!, read(level, index, width)!];
  return Buffer.compare(stored, defined) === 0;
}

describe('the root from tiles', () => {
  it('is that of the recursive definition and of a frontier, at every size up to 600', () => {
    const frontier = new MerkleFrontier();
    for (let size = 0; size <= 600; size += 1) {
      const root = rootFromTiles(size, read);
      expect(root).toEqual(referenceRoot(leaves.slice(0, size)));
      expect(root).toEqual(frontier.root());
      frontier.append(leaves[size]!);
    }
  });

  it.each([65_535, 65_536, 65_537, 65_792, 70_000])(
    'is right where tiles of higher levels begin, at %d entries',
    (size) => {
      expect(rootFromTiles(size, read)).toEqual(referenceRoot(leaves.slice(0, size)));
    },
  );

  it('of the empty tree needs no tile', () => {
    expect(rootFromTiles(0, () => undefined)).toEqual(sha256());
  });

  it('asks for tiles as wide as the tree has them, and for no other', () => {
    const asked: string[] = [];
    const spy: TileReader = (level, index, width) => {
      asked.push(`${level}/${index}/${width}`);
      return read(level, index, width);
    };
    rootFromTiles(70_000, spy);
    expect([...new Set(asked)]).toEqual(['2/0/1', '1/1/17', '0/273/112']);
  });

  it('is another one when any byte of a tile that it reads is another', () => {
    const root = rootFromTiles(600, read);
    fc.assert(
      fc.property(fc.nat(88 * 32 - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed: TileReader = (level, index, width) => {
          const tile = Buffer.from(read(level, index, width)!);
          if (level === 0 && index === 2) tile[at]! ^= change;
          return tile;
        };
        expect(rootFromTiles(600, changed)).not.toEqual(root);
      }),
    );
  });

  it('is undefined when a tile is missing, too short or too long', () => {
    expect(rootFromTiles(70_000, () => undefined)).toBeUndefined();
    expect(rootFromTiles(5, () => Buffer.alloc(4 * 32))).toBeUndefined();
    expect(rootFromTiles(5, () => Buffer.alloc(5 * 32 - 1))).toBeUndefined();
    expect(rootFromTiles(5, () => Buffer.alloc(6 * 32))).toBeUndefined();
    expect(rootFromTiles(5, () => Buffer.alloc(5 * 32))).toHaveLength(32);
  });

  it.each([
    [0, 5, 4],
    [3, 2, 4],
    [-1, 2, 4],
    [0, 0.5, 4],
    [0, 1, Number.NaN],
  ])('needs a range inside the tree, not %d to %d of %d', (start, end, size) => {
    expect(() => subtreesFromTiles(start, end, size, read)).toThrow(RangeError);
  });

  it('keeps nothing of the tile in memory that it was read from', () => {
    const tile = Buffer.concat(leaves.slice(0, 1));
    const [subtree] = subtreesFromTiles(0, 1, 1, () => tile)!;
    tile.fill(0);
    expect(subtree).toEqual(leaves[0]);
  });
});

describe('a frontier from tiles', () => {
  it('goes on like the one that made them', () => {
    const frontier = frontierFromTiles(599, read)!;
    expect(frontier.size).toBe(599);
    frontier.append(leaves[599]!);
    expect(frontier.root()).toEqual(referenceRoot(leaves.slice(0, 600)));
  });

  it('is undefined when a tile is missing', () => {
    expect(frontierFromTiles(1, () => undefined)).toBeUndefined();
  });
});

describe('growing', () => {
  const whole = new TileStore();
  beforeAll(() => {
    whole.grow(leaves);
  });

  it('stores every tile of the tree with the hashes of its definition', () => {
    const wrong = [...newTiles(0, leaves.length)].filter((tile) => !isAsDefined(whole, tile));
    expect(wrong).toEqual([]);
    expect(whole.tiles.size).toBe([...newTiles(0, leaves.length)].length);
  });

  it('stores in steps of any size what one step stores, and only what is new', () => {
    const steps = fc.array(fc.nat(700), { maxLength: 6 });
    fc.assert(
      fc.property(steps, (steps) => {
        const store = new TileStore();
        for (const step of steps) {
          const before = store.size;
          const stored = store.grow(leaves.slice(before, before + step));
          expect(stored).toEqual([...newTiles(before, before + step)]);
          expect(stored.every((tile) => isAsDefined(store, tile))).toBe(true);
        }
        expect(rootFromTiles(store.size, store.read)).toEqual(
          referenceRoot(leaves.slice(0, store.size)),
        );
      }),
      { numRuns: 30 },
    );
  });

  it('completes tiles of every level at once', () => {
    const grown = growTiles(65_535, Buffer.concat(leaves.slice(65_535, 65_536)), read)!;
    expect(grown.map(({ level, index, width }) => [level, index, width])).toEqual([
      [0, 255, 256],
      [1, 0, 256],
      [2, 0, 1],
    ]);
    expect(grown[2]!.hashes).toEqual(referenceRoot(leaves.slice(0, 65_536)));
  });

  it('by nothing stores nothing', () => {
    expect(growTiles(600, Buffer.alloc(0), () => undefined)).toEqual([]);
  });

  it('is undefined when a tile that grows is missing or has another width', () => {
    expect(growTiles(1, leaves[1]!, () => undefined)).toBeUndefined();
    expect(growTiles(1, leaves[1]!, () => Buffer.alloc(64))).toBeUndefined();
    expect(growTiles(256, leaves[256]!, () => undefined)).toHaveLength(1);
  });

  it('refuses a leaf hash that has not 32 bytes', () => {
    expect(() => growTiles(0, Buffer.alloc(63), read)).toThrow(RangeError);
  });
});
