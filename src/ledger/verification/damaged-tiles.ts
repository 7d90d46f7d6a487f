import { HASH_BYTES, rootOfRow } from '../../tlog/merkle-tree.js';
import { TILE_WIDTH } from '../../tlog/tiles.js';
import { LogTiles } from '../sealing/log-tiles.js';
import { checkpointFault } from './checkpoint.check.js';
import type { LedgerSource } from './ledger.source.js';
import type { LogEpoch } from './log-epochs.js';
import type { VerificationProblem } from './verification-problems.js';
import { wholeTiles } from './whole-tiles.js';

/**
 * The same problems, but a hash in a tile that is not its event's is the tile's own fault where what stands over
 * it is made of the event: the newest checkpoint, and the tile above where that is full.
 */
export async function withDamagedTiles(
  problems: readonly VerificationProblem[],
  source: LedgerSource,
  epochs: readonly LogEpoch[],
): Promise<readonly VerificationProblem[]> {
  const tiles = new DamagedTiles(source, epochs);
  const told = new Map<number, VerificationProblem | undefined>();
  const found: VerificationProblem[] = [];
  for (const problem of problems) {
    if (problem.evidence !== 'leaf' || problem.position === undefined) {
      found.push(problem);
      continue;
    }
    const index = Math.floor(problem.position / TILE_WIDTH);
    if (!told.has(index)) {
      const isDamaged = await tiles.isDamaged(index);
      const damaged = `tile 0/${index} is not that of its events, which are as they were sealed`;
      told.set(index, isDamaged ? { problem: damaged, evidence: 'tile' } : undefined);
    }
    found.push(told.get(index) ?? problem);
  }
  // Every part of the streams tells of the first of its own events.
  return [...new Set(found)];
}

class DamagedTiles {
  /** The lowest tiles as their events make them. */
  private readonly ofEvents: LogTiles;
  private isSealed: boolean | undefined;

  constructor(
    private readonly source: LedgerSource,
    private readonly epochs: readonly LogEpoch[],
  ) {
    const stored = wholeTiles(source);
    this.ofEvents = new LogTiles({
      bodies: (from, limit) => stored.bodies(from, limit),
      fullTile: async (level, index) => (level === 0 ? undefined : stored.fullTile(level, index)),
    });
  }

  async isDamaged(index: number): Promise<boolean> {
    this.isSealed ??= await this.isAsSealed();
    if (!this.isSealed) return false;
    const above = await wholeTiles(this.source).fullTile(1, Math.floor(index / TILE_WIDTH));
    if (above === undefined) return true;
    const hashes = await this.ofEvents.read(0, index, TILE_WIDTH);
    if (hashes === undefined) return false;
    const at = (index % TILE_WIDTH) * HASH_BYTES;
    return rootOfRow(hashes).equals(above.subarray(at, at + HASH_BYTES));
  }

  /** Whether the newest checkpoint is of the tiles above the lowest, and of the events that have none there yet. */
  private async isAsSealed(): Promise<boolean> {
    const sealed = await this.source.sealedEpochs();
    const newest = sealed.toSorted((one, other) => other.epoch - one.epoch)[0];
    const epoch = this.epochs.find((one) => one.epoch === newest?.epoch);
    if (newest === undefined || epoch === undefined) return false;
    const stored = await this.source.checkpoint(newest.epoch, newest.sizeMax);
    const root = await this.ofEvents.root(newest.sizeMax);
    const isThere = stored !== undefined && root !== undefined;
    return isThere && checkpointFault(stored, epoch, root) === undefined;
  }
}
