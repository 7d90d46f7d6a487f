import type { Position } from '../../domain/identifiers.js';
import { HASH_BYTES, leafHash } from '../../tlog/merkle-tree.js';
import { TILE_WIDTH } from '../../tlog/tiles.js';
import type { TreeReads } from '../sealing/seal-store.port.js';

/**
 * The hashes of events that stand in full tiles, of a few tiles at a time. Whether those are the tiles
 * of the tree is another question.
 */
export class SealedLeaves {
  private readonly tiles = new Map<number, Buffer>();

  constructor(
    private readonly reads: TreeReads,
    /** How many events the newest checkpoint covers. */
    private readonly size: number,
  ) {}

  /** Reads the tiles of the events from a position up to another one, in place of those it has. */
  async load(from: Position, upTo: Position): Promise<void> {
    this.tiles.clear();
    const last = Math.min(tileOf(upTo), Math.floor(this.size / TILE_WIDTH) - 1);
    for (let index = tileOf(from); index <= last; index += 1) {
      const tile = await this.reads.fullTile(0, index);
      if (tile !== undefined) this.tiles.set(index, tile);
    }
  }

  /** What is wrong with the body of an event, if its tile is there. */
  fault(position: Position, body: string): string | undefined {
    const tile = this.tiles.get(tileOf(position));
    if (tile === undefined) return undefined;
    const at = (position % TILE_WIDTH) * HASH_BYTES;
    if (tile.compare(leafHash(body), 0, HASH_BYTES, at, at + HASH_BYTES) === 0) return undefined;
    return `the hash of the event is not the one in tile 0/${tileOf(position)}`;
  }
}

function tileOf(position: Position): number {
  return Math.floor(position / TILE_WIDTH);
}
