import type { Position } from '../../domain/identifiers.js';
import { encodeEntryBundle } from '../../tlog/entry-bundle.js';
import { isTreeSize } from '../../tlog/merkle-tree.js';
import { consistencyProof, inclusionProof } from '../../tlog/proofs.js';
import { parseEntriesPath, parseTilePath } from '../../tlog/tile-path.js';
import { TILE_WIDTH, tileWidth } from '../../tlog/tiles.js';
import { LedgerCorrupted } from '../ledger.errors.js';
import { type PublishedTile, type SealedCheckpoint, Seals } from '../seals.port.js';
import { LogTiles } from './log-tiles.js';
import type { SealReads } from './seal-store.port.js';

/** Reads what was sealed, on a handle of its own, in whatever process. */
export class StoredSeals extends Seals {
  private readonly tiles: LogTiles;

  constructor(private readonly reads: SealReads) {
    super();
    this.tiles = new LogTiles(reads);
  }

  async latest(): Promise<SealedCheckpoint | undefined> {
    const newest = await this.reads.newestCheckpoint();
    return newest?.epoch === (await this.reads.log()).epoch ? newest : undefined;
  }

  async covering(position: Position): Promise<SealedCheckpoint | undefined> {
    return this.reads.checkpointAbove((await this.reads.log()).epoch, position);
  }

  async published(path: string): Promise<PublishedTile | undefined> {
    const tile = parseTilePath(path);
    const bundle = tile === undefined ? parseEntriesPath(path) : undefined;
    const bytes =
      (tile && (await this.tile(tile.level, tile.index, tile.width))) ??
      (bundle && (await this.entries(bundle.index, bundle.width)));
    return bytes && { bytes };
  }

  async tile(level: number, index: number, width: number): Promise<Buffer | undefined> {
    if (!(await this.isSealed(level, index, width))) return undefined;
    const hashes = await this.tiles.read(level, index, width);
    if (hashes === undefined) throw new LedgerCorrupted('a sealed tile is missing');
    return Buffer.from(hashes);
  }

  async entries(index: number, width: number): Promise<Buffer | undefined> {
    if (!(await this.isSealed(0, index, width))) return undefined;
    const bodies = await this.reads.bodies(index * TILE_WIDTH, width);
    if (bodies.length !== width) throw new LedgerCorrupted('sealed events are missing');
    return encodeEntryBundle(bodies);
  }

  async inclusionProof(position: Position, size: number): Promise<readonly Buffer[] | undefined> {
    if (!isTreeSize(position) || position >= size || !(await this.isCovered(size)))
      return undefined;
    return this.tiles.computed((read) => inclusionProof(position, size, read));
  }

  async consistencyProof(fromSize: number, toSize: number): Promise<readonly Buffer[] | undefined> {
    const isOrdered = isTreeSize(fromSize) && fromSize > 0 && fromSize <= toSize;
    if (!isOrdered || !(await this.isCovered(toSize))) return undefined;
    return this.tiles.computed((read) => consistencyProof(fromSize, toSize, read));
  }

  /** Whether a tile of this width is in the tree that was sealed last. */
  private async isSealed(level: number, index: number, width: number): Promise<boolean> {
    const size = (await this.latest())?.size ?? 0;
    return width >= 1 && width <= tileWidth(level, index, size);
  }

  private async isCovered(size: number): Promise<boolean> {
    return isTreeSize(size) && size <= ((await this.latest())?.size ?? 0);
  }
}
