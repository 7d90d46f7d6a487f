import { LedgerCorrupted } from '../ledger.errors.js';
import { LogTiles } from '../sealing/log-tiles.js';
import type { FullTile } from '../sealing/seal-store.port.js';
import { PAGE_ROWS_MAX } from '../stored-rows.js';
import type { LedgerSource, StoredCheckpoint, StoredKey } from '../verification/ledger.source.js';
import { wholeTiles } from '../verification/whole-tiles.js';
import type { LedgerTarget } from './ledger-target.port.js';
import type { StandingLedger } from './standing-ledger.port.js';

const WHOLE = { index: 0, count: 1 };
/** So many origins are compared at once, by their positions. */
const ORIGINS_AT_ONCE = 10_000;
/** So many tiles are written at once, of 8 kB each. */
const TILES_AT_ONCE = 32;

/**
 * Copies a ledger to a target that was begun for it, all rows as they are. What an earlier call added
 * before it was cut short stays, and the rest follows: events, tiles and checkpoints never change, and
 * what can have changed since is made as it is now.
 *
 * Throws the errors of either ledger; then it is to be called again.
 */
export async function transferLedger(
  standing: StandingLedger,
  target: LedgerTarget,
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<void> {
  const { source } = standing;
  await target.keepLogRows((await source.log()).rows);
  await copyEvents(source, target, onProgress);
  await settleOrigins(standing, target);
  await target.clearFolds();
  await copyStreams(source, target);
  await copyKeys(source, target);
  await target.keepDirectoryVersion(standing.directoryVersion());
  await copyTiles(source, target);
  await copyCheckpoints(source, target);
  await target.analyse();
}

/** The next page is read while the one before it is written. */
async function copyEvents(
  source: LedgerSource,
  target: LedgerTarget,
  onProgress: (done: number, total: number) => void,
): Promise<void> {
  const { events: total } = await source.counts();
  const { events } = await target.standing();
  const pageAfter = (last: number) => source.events(last, last + PAGE_ROWS_MAX, WHOLE);
  let done = events;
  let page = await pageAfter(done - 1);
  while (page.length > 0) {
    const end = done + page.length;
    [, page] = await Promise.all([target.addEvents(page), pageAfter(end - 1)]);
    done = end;
    onProgress(done, total);
  }
}

/** An origin that was erased after it was copied is erased from the copy too. */
async function settleOrigins(standing: StandingLedger, target: LedgerTarget): Promise<void> {
  let after = -1;
  let isLast = false;
  while (!isLast) {
    const positions = standing.originPositions(after, ORIGINS_AT_ONCE);
    isLast = positions.length < ORIGINS_AT_ONCE;
    const upTo = isLast ? Number.MAX_SAFE_INTEGER : (positions.at(-1) ?? after);
    const found = await target.keepOrigins(after, upTo, positions);
    if (found !== positions.length) {
      throw new LedgerCorrupted(`origins after position ${after} are missing in the copy`);
    }
    after = upTo;
  }
}

async function copyStreams(source: LedgerSource, target: LedgerTarget): Promise<void> {
  let page = await source.streams('', WHOLE);
  for (;;) {
    const last = page.at(-1);
    if (last === undefined) return;
    [, page] = await Promise.all([target.addStreams(page), source.streams(last.streamId, WHOLE)]);
  }
}

async function copyKeys(source: LedgerSource, target: LedgerTarget): Promise<void> {
  let last: StoredKey | undefined;
  for (;;) {
    const page = await source.keys(last, WHOLE);
    last = page.at(-1);
    if (last === undefined) return;
    await target.addKeys(page);
  }
}

async function copyTiles(source: LedgerSource, target: LedgerTarget): Promise<void> {
  for (const { level, indexMax } of await source.tileLevels()) {
    let next = await target.tiles(level);
    while (next <= indexMax) {
      const end = Math.min(next + TILES_AT_ONCE, indexMax + 1);
      const tiles: FullTile[] = [];
      for (let index = next; index < end; index += 1) {
        const hashes = await source.fullTile(level, index);
        if (hashes === undefined) throw new LedgerCorrupted(`tile ${index} of ${level} is missing`);
        tiles.push({ level, index, hashes });
      }
      await target.addTiles(tiles);
      next = end;
    }
  }
}

async function copyCheckpoints(source: LedgerSource, target: LedgerTarget): Promise<void> {
  for (const { epoch, sizeMax } of await source.sealedEpochs()) {
    let after = await target.newestSize(epoch);
    while (after < sizeMax) {
      const page = await source.checkpoints(epoch, after, sizeMax);
      await target.addCheckpoints(epoch, page);
      after = page.at(-1)?.size ?? sizeMax;
    }
  }
}

/** What two ledgers have to agree in: the tree over all events, and its newest checkpoint. */
export interface LedgerHead {
  readonly events: number;
  readonly root: Buffer | undefined;
  readonly newest: StoredCheckpoint | undefined;
}

/** The head of a ledger that was verified. */
export async function ledgerHead(source: LedgerSource): Promise<LedgerHead> {
  const { events } = await source.counts();
  const root = await new LogTiles(wholeTiles(source)).root(events);
  const { epoch, sizeMax } = (await source.sealedEpochs()).at(-1) ?? {};
  const isSealed = epoch !== undefined && sizeMax !== undefined;
  const newest = isSealed ? await source.checkpoint(epoch, sizeMax) : undefined;
  return { events, root, newest };
}
