import { TILE_WIDTH } from '../../tlog/tiles.js';
import type { LedgerSource } from './ledger.source.js';
import type { LogEpoch } from './log-epochs.js';

/**
 * The checkpoints and tiles that should not be stored: of an epoch that the log does not have, or of
 * events that are not there. A sealer may go on meanwhile: what has to be less is read first.
 */
export async function surplusSeals(
  source: LedgerSource,
  epochs: readonly LogEpoch[],
): Promise<readonly string[]> {
  const levels = await source.tileLevels();
  const sealed = await source.sealedEpochs();
  const { events } = await source.counts();
  const faults: string[] = [];
  for (const { epoch, sizeMin, sizeMax } of sealed) {
    const known = epochs.find((one) => one.epoch === epoch);
    if (known === undefined) {
      faults.push(`a checkpoint is of epoch ${epoch}, which no event opened`);
      continue;
    }
    // Said the other way round: a size may be anything, and what is no number is never below one.
    if (!(sizeMin >= known.sizeMin)) {
      faults.push(`the checkpoint of size ${sizeMin} is of epoch ${epoch}, which began later`);
    }
    if (!(sizeMax <= Math.min(known.sizeMax, events))) {
      const name = `the checkpoint of size ${sizeMax} in epoch ${epoch}`;
      faults.push(`${name} covers more events than there are`);
    }
  }
  const size = Math.max(0, ...sealed.map(({ sizeMax }) => sizeMax));
  for (const { level, indexMin, indexMax } of levels) {
    if (!(level >= 0 && indexMin >= 0)) {
      faults.push(`tile ${level}/${indexMin} is none of any tree`);
    }
    if (!((indexMax + 1) * TILE_WIDTH ** (level + 1) <= size)) {
      faults.push(`tile ${level}/${indexMax} is of more events than the last checkpoint`);
    }
  }
  return faults;
}

/** The size of the newest checkpoint of so many events; 0 when there is none. */
export async function sealedSize(
  source: LedgerSource,
  epochs: readonly LogEpoch[],
  events: number,
): Promise<number> {
  const sizes = epochs.map(({ epoch, sizeMax }) =>
    source.newestSize(epoch, Math.min(sizeMax, events)),
  );
  return Math.max(0, ...(await Promise.all(sizes)));
}
