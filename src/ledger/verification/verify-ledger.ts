import { existsSync } from 'node:fs';
import { LedgerCorrupted } from '../ledger.errors.js';
import { ChangedEvents } from './changed-events.js';
import { missingAtEnd } from './event-order.check.js';
import type { LedgerSource } from './ledger.source.js';
import { epochFaults, logEpochs, logRowFaults, type VerifierKeyOf } from './log-epochs.js';
import { type KeptCheckpoints, OutsideCheckpoints } from './outside-checkpoints.js';
import { sealedSize, surplusSeals } from './seal-rows.check.js';
import { RANGE_EVENTS, type RangeTask, type SealedExtent } from './sealed-range.js';
import type { StreamTask } from './stream-verification.js';
import { mergeProblems, type VerificationProblem } from './verification-problems.js';
import { wholeTiles } from './whole-tiles.js';
import { runTask, type VerificationTask } from './verification.task.js';

/** What a verification found. `ok` only when nothing at all is wrong. */
export interface VerificationReport {
  readonly ok: boolean;
  readonly events: number;
  readonly streams: number;
  /** How many of the events the newest checkpoint covers. */
  readonly sealed: number;
  /** How many checkpoints that somebody kept it was compared with. */
  readonly kept?: number;
  /** Why nothing can be compared with the file of those: then nothing was verified. */
  readonly unusable?: string;
  /** The first problems, at most 20; one for a stream. */
  readonly problems: readonly VerificationProblem[];
}

/** How far a verification has come. */
export type VerificationProgress = (done: number, total: number) => void;

/** Does tasks in whatever order and thread; what it answers is in the order of the tasks. */
export interface TaskRunner {
  /** How many tasks it does at the same time. */
  readonly threads: number;
  run(
    tasks: readonly VerificationTask[],
    onEvents: (events: number) => void,
  ): Promise<readonly (readonly VerificationProblem[])[]>;
}

/** How a ledger is verified; all of it may be left out. */
export interface VerificationOptions {
  readonly onProgress?: VerificationProgress | undefined;
  /** So many streams are folded at once; a larger ledger is read several times. */
  readonly streamsAtOnce?: number | undefined;
  /** The file that repeats every checkpoint of this ledger; looked at if it is there. */
  readonly checkpointFile?: string | undefined;
  /** Whether the ledger may be a copy from before that file's end, whole but older. */
  readonly isOldCopy?: boolean | undefined;
  /** The key of the log, from the vault; otherwise the one that the ledger itself names is believed. */
  readonly keyOf?: VerifierKeyOf | undefined;
  /** Checkpoints that somebody kept elsewhere. */
  readonly kept?: KeptCheckpoints | undefined;
  /** Who does the work; otherwise it is done here, one task after the other. */
  readonly runner?: TaskRunner | undefined;
}

const STREAMS_AT_ONCE = 100_000;

/**
 * Verifies a whole ledger: positions dense, bodies canonical and of the catalogue's shape, stream
 * versions and `previous_position` chains whole, origins as committed to, every stored digest and
 * state equal to the fold of its events, every unique key one that a state holds, every tile and
 * checkpoint that of the events, signed as the log's own events say. Memory is bounded; a server may
 * write meanwhile, and what it adds is left to the next verification.
 */
export async function verifyLedger(
  source: LedgerSource,
  options: VerificationOptions = {},
): Promise<VerificationReport> {
  const found: Found = { events: 0, streams: 0, sealed: 0, lists: [] };
  try {
    await verifyAll(source, options, found);
  } catch (error) {
    if (!(error instanceof LedgerCorrupted)) throw error;
    found.lists.push([{ problem: error.message }]);
  }
  const { lists, ...counts } = found;
  const problems = mergeProblems(lists);
  return { ok: problems.length === 0, ...counts, problems };
}

interface Found {
  events: number;
  streams: number;
  sealed: number;
  kept?: number;
  unusable?: string;
  readonly lists: (readonly VerificationProblem[])[];
}

async function verifyAll(
  source: LedgerSource,
  options: VerificationOptions,
  found: Found,
): Promise<void> {
  const { streamsAtOnce = STREAMS_AT_ONCE, runner = inTurn(source) } = options;
  const { events, streams } = await source.counts();
  Object.assign(found, { events: Math.min(events, Number.MAX_SAFE_INTEGER), streams });
  const log = await source.log();
  const epochs = logEpochs(log);
  found.sealed = await sealedSize(source, epochs, found.events);
  const { checkpointFile, kept } = options;
  const outside = new OutsideCheckpoints(source, epochs, options.keyOf !== undefined);
  const checkedKept = kept && (await outside.checkKept(kept));
  if (checkedKept !== undefined) {
    found.kept = checkedKept.checkpoints;
    found.lists.push(checkedKept.unplaced);
    if (checkedKept.unusable !== undefined) {
      found.unusable = checkedKept.unusable;
      return;
    }
  }
  const rows = [
    ...(await source.damage()),
    ...logRowFaults(log.rows, epochs),
    ...(await surplusSeals(source, epochs)),
  ];
  found.lists.push(rows.map((problem) => ({ problem })));
  found.lists.push(await missingAtEnd(source, found.events));
  const sealed = { size: found.sealed, epochs };
  const tasks = [
    ...streamTasks(found, streamsAtOnce, runner.threads),
    ...(await rangeTasks(source, sealed)),
  ];
  const lists = await runner.run(tasks, readTeller(found.events, options.onProgress));
  const done = mergeProblems(lists, Infinity);
  if (checkedKept !== undefined && !done.some(isOfTile)) found.lists[0] = checkedKept.problems;
  const narrowed = await new ChangedEvents(source, epochs, found.events).narrow(done);
  const isSound = !narrowed.some(({ evidence }) => evidence === 'tile');
  found.lists.push(narrowed);
  // A damaged tile makes acknowledgements wrong too, and is told first.
  found.lists.push(await epochFaults(epochs, wholeTiles(source), isSound, options.keyOf));
  if (checkpointFile !== undefined && existsSync(checkpointFile)) {
    const checked = options.isOldCopy
      ? outside.checkCopied(checkpointFile)
      : outside.checkRepeated(checkpointFile, isSound);
    found.lists.push(await checked);
  }
}

/** Whether a tile may be what differs: then a root that is made of tiles says nothing of events. */
function isOfTile({ evidence }: VerificationProblem): boolean {
  return evidence === 'tile' || evidence === 'leaf';
}

/** Events are counted as they are read in their streams: the tree over them takes little longer. */
function readTeller(events: number, onProgress?: VerificationProgress): (read: number) => void {
  let done = 0;
  return (read) => {
    done += read;
    onProgress?.(done, events);
  };
}

function streamTasks(
  { events, streams, sealed }: Pick<Found, 'events' | 'streams' | 'sealed'>,
  streamsAtOnce: number,
  threads: number,
): StreamTask[] {
  const rounds = Math.max(1, Math.ceil(streams / streamsAtOnce));
  const count = rounds * threads;
  return Array.from({ length: count }, (_, index) => ({
    kind: 'streams',
    part: { index, count },
    events,
    sealed,
  }));
}

/** Ranges of what was sealed; one that follows a large gap begins where there are events again. */
async function rangeTasks(source: LedgerSource, sealed: SealedExtent): Promise<RangeTask[]> {
  const { size } = sealed;
  const tasks: RangeTask[] = [];
  let from = 0;
  while (from < size) {
    const next = (await source.positionFrom(from + RANGE_EVENTS)) ?? size;
    const below = next < size ? next - (next % RANGE_EVENTS) : size;
    tasks.push({ kind: 'range', from, below, sealed });
    from = below;
  }
  return tasks;
}

function inTurn(source: LedgerSource): TaskRunner {
  return {
    threads: 1,
    run: async (tasks, onEvents) => {
      const lists: (readonly VerificationProblem[])[] = [];
      for (const task of tasks) lists.push(await runTask(source, task, onEvents));
      return lists;
    },
  };
}
