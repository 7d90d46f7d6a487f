import { BoundedMap } from '../../config/bounded-map.js';
import { HASH_BYTES, leafHash, rootOfRow } from '../../tlog/merkle-tree.js';
import { rootFromTiles } from '../../tlog/tile-tree.js';
import { TILE_WIDTH, type TileReader } from '../../tlog/tiles.js';
import type { TreeReads } from './seal-store.port.js';

/** So many tiles are kept in memory, of at most 8 kB, and so many roots of full ones, of 32 bytes. */
const TILES_MAX = 256;
const ROOTS_MAX = 16_384;

/**
 * The tiles of a ledger's tree: full ones as they are stored, and every other one from what is below
 * it, down to the events. Nothing it read ever changes, so it is kept.
 */
export class LogTiles {
  private readonly tiles = new BoundedMap<string, Buffer>(TILES_MAX);
  private readonly roots = new BoundedMap<string, Buffer>(ROOTS_MAX);

  constructor(private readonly reads: TreeReads) {}

  /** The root of the tree over so many events; undefined when there are not so many. */
  root(size: number): Promise<Buffer | undefined> {
    return this.computed((read) => rootFromTiles(size, read));
  }

  /**
   * What a computation makes of tiles. Which ones it asks for may depend on sizes alone, for it is
   * done on empty ones first, to see which have to be read: those are read at once.
   */
  async computed<Result>(compute: (read: TileReader) => Result): Promise<Result> {
    const asked = new Map<string, Parameters<TileReader>>();
    let isComplete = true;
    const result = compute((level, index, width) => {
      const name = tileName(level, index, width);
      const kept = this.tiles.get(name);
      isComplete &&= kept !== undefined;
      asked.set(name, [level, index, width]);
      return kept ?? Buffer.alloc(width * HASH_BYTES);
    });
    if (isComplete) return result;
    const reading = [...asked].map(
      async ([name, tile]) => [name, await this.read(...tile)] as const,
    );
    const tiles = new Map(await Promise.all(reading));
    return compute((level, index, width) => tiles.get(tileName(level, index, width)));
  }

  /** Reads a tile; undefined when there are not so many events. */
  async read(level: number, index: number, width: number): Promise<Buffer | undefined> {
    const name = tileName(level, index, width);
    const kept = this.tiles.get(name);
    if (kept !== undefined) return kept;
    const full = await this.reads.fullTile(level, index);
    const hashes =
      full?.subarray(0, width * HASH_BYTES) ?? (await this.fromBelow(level, index, width));
    if (hashes !== undefined) this.tiles.set(name, hashes);
    return hashes;
  }

  private async fromBelow(
    level: number,
    index: number,
    width: number,
  ): Promise<Buffer | undefined> {
    const first = index * TILE_WIDTH;
    if (level === 0) {
      const bodies = await this.reads.bodies(first, width);
      return bodies.length === width ? Buffer.concat(bodies.map(leafHash)) : undefined;
    }
    const roots: Buffer[] = [];
    for (let below = first; below < first + width; below += 1) {
      const root = await this.rootOf(level - 1, below);
      if (root === undefined) return undefined;
      roots.push(root);
    }
    return Buffer.concat(roots);
  }

  private async rootOf(level: number, index: number): Promise<Buffer | undefined> {
    const name = `${level}/${index}`;
    const kept = this.roots.get(name);
    if (kept !== undefined) return kept;
    const full = await this.reads.fullTile(level, index);
    const hashes = full ?? (await this.fromBelow(level, index, TILE_WIDTH));
    // A stored tile may be damaged: then there is no root of it.
    const isWhole = hashes?.length === TILE_WIDTH * HASH_BYTES;
    const root = isWhole ? rootOfRow(hashes) : undefined;
    if (root !== undefined) this.roots.set(name, root);
    return root;
  }
}

function tileName(level: number, index: number, width: number): string {
  return `${level}/${index}/${width}`;
}
