import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  formatEntriesPath,
  formatTilePath,
  parseEntriesPath,
  parseTilePath,
} from '../../src/tlog/tile-path.js';
import { newTiles, readTile, tileWidth, type TileCoordinates } from '../../src/tlog/tiles.js';
import vectors from '../vectors/tiles.json' with { type: 'json' };

const tilesOf = (size: number): TileCoordinates[] => [...newTiles(0, size)];
const atOnce = fc.record({
  level: fc.nat(63),
  index: fc.maxSafeNat(),
  width: fc.integer({ min: 1, max: 256 }),
});

/** Texts that are close to paths, so that not all of them fail at their first character. */
const nearPath = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.stringMatching(/^tile\/(entries|\d{1,3})\/(x?\d{2,4}\/){0,4}x?\d{2,4}(\.p\/?\d{0,4})?\n?$/),
);

describe('the tiles of a tree', () => {
  it.each(vectors.trees)('of $size entries are the published ones', ({ size, rows }) => {
    const tiles = tilesOf(size);
    const seen = rows.map(({ level }) => {
      const row = tiles.filter((tile) => tile.level === level);
      const full = row.filter(({ width }) => width === 256).length;
      return { level, full, partial: row.find(({ width }) => width < 256)?.width ?? 0 };
    });
    expect(seen).toEqual(rows);
    expect(tiles).toHaveLength(
      rows.reduce((sum, { full, partial }) => sum + full + Number(partial > 0), 0),
    );
  });

  it('are none for the empty tree', () => {
    expect(tilesOf(0)).toEqual([]);
  });

  it('hold each perfect subtree of a tile height once, in order', () => {
    fc.assert(
      fc.property(fc.nat(300_000), (size) => {
        const tiles = tilesOf(size);
        for (let level = 0; 256 ** level <= size; level += 1) {
          const row = tiles.filter((tile) => tile.level === level);
          expect(row.map(({ index }) => index)).toEqual(row.map((_, index) => index));
          expect(row.reduce((sum, { width }) => sum + width, 0)).toBe(
            Math.floor(size / 256 ** level),
          );
          expect(row.slice(0, -1).every(({ width }) => width === 256)).toBe(true);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('that are new are those that the smaller tree had not, or narrower', () => {
    fc.assert(
      fc.property(fc.nat(70_000), fc.nat(3000), (from, added) => {
        const before = new Set(tilesOf(from).map((tile) => formatTilePath(tile)));
        const after = tilesOf(from + added);
        expect([...newTiles(from, from + added)]).toEqual(
          after.filter((tile) => !before.has(formatTilePath(tile))),
        );
      }),
      { numRuns: 30 },
    );
  });

  it('are found one by one without listing them', () => {
    const end = Number.MAX_SAFE_INTEGER;
    expect([...newTiles(end - 1, end)]).toEqual([
      { level: 0, index: Math.floor(end / 256), width: 255 },
    ]);
    expect([...newTiles(255, 256)]).toEqual([
      { level: 0, index: 0, width: 256 },
      { level: 1, index: 0, width: 1 },
    ]);
    expect([...newTiles(256, 255)]).toEqual([]);
  });

  it('have a width, which is 0 outside the tree', () => {
    expect(tileWidth(0, 273, 70_000)).toBe(112);
    expect(tileWidth(0, 272, 70_000)).toBe(256);
    expect(tileWidth(0, 274, 70_000)).toBe(0);
    expect(tileWidth(3, 0, 70_000)).toBe(0);
    expect(tileWidth(63, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)).toBe(0);
  });

  it('are read only with the bytes of their width', () => {
    const tile = { level: 1, index: 2, width: 3 };
    const bytes = Buffer.alloc(96, 7);
    const asked: number[][] = [];
    const read = (level: number, index: number, width: number): Uint8Array => {
      asked.push([level, index, width]);
      return bytes;
    };
    expect(readTile(read, tile)).toBe(bytes);
    expect(asked).toEqual([[1, 2, 3]]);
    expect(readTile(read, { ...tile, width: 4 })).toBeUndefined();
    expect(readTile(read, { ...tile, width: 2 })).toBeUndefined();
    expect(readTile(() => undefined, tile)).toBeUndefined();
  });
});

describe('the path of a tile', () => {
  it.each(vectors.tiles)('is $path', ({ path, ...tile }) => {
    expect(formatTilePath(tile)).toBe(path);
    expect(parseTilePath(path)).toEqual(tile);
  });

  it('has the index in groups of three digits', () => {
    const { index, groups } = vectors.index;
    expect(formatTilePath({ level: 0, index, width: 256 })).toBe(`tile/0/${groups}`);
  });

  it('is read again as what it was made of', () => {
    fc.assert(
      fc.property(atOnce, (tile) => {
        expect(parseTilePath(formatTilePath(tile))).toEqual(tile);
      }),
    );
  });

  it.each([
    ...vectors.malformed,
    vectors.beyondSafeIntegers,
    '',
    'tile',
    '/tile/0/000',
    'tile/0/000/',
    'tile/0/000\n',
    'tile/0/000.p/0',
    'tile/0/000.p/01',
    'tile/0/000.p/1/',
    'tile/0/000.p/1000',
    'tile/00/000',
    'tile/01/000',
    'tile/0/x000/001',
    'tile/0/0',
    'tile/0/0000',
    'tile/0/X001/234',
    'tile/0/x001/x234',
    'tile/0/٠٠٠',
    'tile/0/000?x',
    'tile/0/..',
    'tile/entries/000',
    'tile/data/000',
    'tile/8/0/000',
    'tile/0/x009/x007/x199/x254/x740/992',
  ])('is not %j', (path) => {
    expect(parseTilePath(path)).toBeUndefined();
  });

  it('is refused, or is exactly what is written for it', () => {
    fc.assert(
      fc.property(nearPath, (path) => {
        const tile = parseTilePath(path);
        expect(tile === undefined || formatTilePath(tile) === path).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the path of an entry bundle', () => {
  it.each(vectors.bundles)('is $path', ({ path, ...bundle }) => {
    expect(formatEntriesPath(bundle)).toBe(path);
    expect(parseEntriesPath(path)).toEqual(bundle);
  });

  it('is read again as what it was made of', () => {
    fc.assert(
      fc.property(atOnce, ({ index, width }) => {
        expect(parseEntriesPath(formatEntriesPath({ index, width }))).toEqual({ index, width });
      }),
    );
  });

  it.each(['tile/0/000', 'tile/entries/000.p/256', 'tile/entries/x000/000', 'tile/entries/', ''])(
    'is not %j',
    (path) => {
      expect(parseEntriesPath(path)).toBeUndefined();
    },
  );

  it('is refused, or is exactly what is written for it', () => {
    fc.assert(
      fc.property(nearPath, (path) => {
        const bundle = parseEntriesPath(path);
        expect(bundle === undefined || formatEntriesPath(bundle) === path).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
