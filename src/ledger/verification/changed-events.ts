import type { Position } from '../../domain/identifiers.js';
import { LedgerCorrupted } from '../ledger.errors.js';
import { LogTiles } from '../sealing/log-tiles.js';
import { checkpointFault, ROOT_DIFFERS, TREE_DIFFERS } from './checkpoint.check.js';
import { withDamagedTiles } from './damaged-tiles.js';
import type { LedgerSource } from './ledger.source.js';
import type { LogEpoch } from './log-epochs.js';
import { FIRST_MAX, type VerificationProblem } from './verification-problems.js';
import { wholeTiles } from './whole-tiles.js';

/** From so many wrong checkpoints so many others are looked at for one that is right. */
const WRONG_MAX = 20;
const CHECKPOINTS_MAX = 100;
/** So many events of a stream are walked. */
const EVENTS_MAX = 1000;

/** What is known of the events that differ from what was sealed. */
interface Bounds {
  /** The events below it are those that were sealed, but for those that were told of by their hash. */
  readonly intact: Position;
  /** The first one that differs is below it; undefined where no checkpoint says so. */
  readonly below: Position | undefined;
}

/**
 * Says of what was found wrong with a digest or with the root of a checkpoint which events it must be: those
 * that no full tile tells by their hash. The last checkpoint that is right says up to where events are
 * right, the first wrong one that one below it is not, and a digest of which stream. None of them says that it
 * is one event and the same: a digest may have been changed itself, and another one made right again.
 */
export class ChangedEvents {
  constructor(
    private readonly source: LedgerSource,
    private readonly epochs: readonly LogEpoch[],
    /** How many events were verified. */
    private readonly events: Position,
  ) {}

  /** The same problems, with the positions that they come down to as far as the database can be read. */
  async narrow(problems: readonly VerificationProblem[]): Promise<readonly VerificationProblem[]> {
    try {
      return await this.narrowed(await withDamagedTiles(problems, this.source, this.epochs));
    } catch (error) {
      if (!(error instanceof LedgerCorrupted)) throw error;
      return problems;
    }
  }

  private async narrowed(
    problems: readonly VerificationProblem[],
  ): Promise<readonly VerificationProblem[]> {
    const of = (evidence: VerificationProblem['evidence']) =>
      problems.filter((problem) => problem.evidence === evidence);
    const [digests, roots, leaves] = [of('digest'), of('root'), of('leaf')];
    if (digests.length + roots.length === 0) return problems;
    // Roots are made of tiles: where those are damaged, no checkpoint says anything of events.
    const isSound = of('tile').length === 0;
    const sealed = isSound ? await this.intactSize(roots.map(sizeOf)) : 0;
    const firstLeaf = Math.min(...leaves.map(({ position = 0 }) => position));
    const [base, ...later] = roots
      .filter((problem) => sizeOf(problem) > sealed)
      .toSorted((one, other) => sizeOf(one) - sizeOf(other));
    const wrong = base === undefined ? Infinity : sizeOf(base);
    const bounds: Bounds = {
      // Of the hashes that differ in a range of events, the first one alone is told of.
      intact: Math.min(sealed, firstLeaf + 1),
      below: isSound && wrong <= Math.min(firstLeaf, this.events) ? wrong : undefined,
    };
    const told = await this.streamsOf(leaves);
    const narrowed: VerificationProblem[] = [];
    for (const problem of problems) {
      if (problem.evidence === 'root') {
        // Each range of events tells of its own: all that is over a wrong event is wrong.
        if (later.includes(problem)) continue;
        const whole = problem === base ? withLater(base, later) : problem;
        narrowed.push(narrowedRoot(isSound ? whole : ofTiles(whole), bounds));
      } else if (problem.evidence === 'digest') {
        // One of its events was told of by its hash: that is why.
        const isTold = [...told.values()].some((streamId) => streamId === problem.streamId);
        if (!isTold) narrowed.push(await this.narrowedDigest(problem, bounds.intact));
      } else {
        const streamId = told.get(problem);
        narrowed.push(streamId === undefined ? problem : { ...problem, streamId });
      }
    }
    return narrowed;
  }

  /** The size of the largest checkpoint that is known to be right, given the sizes of wrong ones. */
  private async intactSize(wrong: readonly number[]): Promise<number> {
    const tiles = new LogTiles(wholeTiles(this.source));
    const withSeals = new Set((await this.source.sealedEpochs()).map(({ epoch }) => epoch));
    const epochs = this.epochs.filter(({ epoch }) => withSeals.has(epoch)).toReversed();
    const sizes: number[] = [];
    const first = wrong.toSorted((one, other) => one - other).slice(0, WRONG_MAX);
    for (const below of [...first, this.events + 1]) {
      sizes.push(await this.intactBelow(below, tiles, epochs));
    }
    return Math.max(...sizes);
  }

  private async intactBelow(
    below: number,
    tiles: LogTiles,
    epochs: readonly LogEpoch[],
  ): Promise<number> {
    let upTo = below - 1;
    for (let tried = 0; tried < CHECKPOINTS_MAX && upTo > 0; tried += 1) {
      const epoch = await this.epochOfNewest(upTo, epochs);
      if (epoch === undefined) return 0;
      const { size } = epoch;
      const stored = await this.source.checkpoint(epoch.of.epoch, size);
      const root = await tiles.root(size);
      const isKnown = stored !== undefined && root !== undefined;
      if (isKnown && checkpointFault(stored, epoch.of, root) === undefined) return size;
      upTo = size - 1;
    }
    return 0;
  }

  /** The newest checkpoint of at most so many events, given the epochs that have any, the last one first. */
  private async epochOfNewest(
    upTo: number,
    epochs: readonly LogEpoch[],
  ): Promise<{ of: LogEpoch; size: number } | undefined> {
    for (const of of epochs) {
      // All sizes of an epoch are beyond those of the one before.
      if (of.sizeMin > upTo) continue;
      const size = await this.source.newestSize(of.epoch, Math.min(of.sizeMax, upTo));
      if (size >= of.sizeMin) return { of, size };
    }
    return undefined;
  }

  /** The streams of events that were told of by their hash. */
  private async streamsOf(
    leaves: readonly VerificationProblem[],
  ): Promise<ReadonlyMap<VerificationProblem, string>> {
    const streams = new Map<VerificationProblem, string>();
    for (const leaf of leaves) {
      const event =
        leaf.position === undefined ? undefined : await this.source.event(leaf.position);
      if (event !== undefined) streams.set(leaf, event.streamId);
    }
    return streams;
  }

  private async narrowedDigest(
    problem: VerificationProblem,
    intact: Position,
  ): Promise<VerificationProblem> {
    const { positionMax: last = this.events - 1, ...rest } = problem;
    if (last < intact)
      return { ...rest, problem: `${problem.problem}, which are as they were sealed` };
    const positions = (await this.positionsOfStream(last, intact)) ?? [];
    const [position = intact] = positions;
    const events = eventsText(positions, position, last);
    return {
      ...rest,
      problem: `${problem.problem}: ${events}, or the digest itself, was changed`,
      position,
      ...rangeOf(position, last),
      ...(positions.length > 1 ? { positions: positions.slice(0, FIRST_MAX) } : {}),
    };
  }

  /** The positions of a stream from one on, given its last; undefined when there are too many. */
  private async positionsOfStream(
    last: Position,
    from: Position,
  ): Promise<readonly Position[] | undefined> {
    const positions: Position[] = [];
    for (let at: Position | null = last; at !== null && at >= from;) {
      if (positions.length === EVENTS_MAX) return undefined;
      positions.unshift(at);
      at = (await this.source.event(at))?.previousPosition ?? null;
    }
    return positions;
  }
}

/** The size of the first checkpoint that has a wrong root. */
function sizeOf({ positionMax = 0 }: VerificationProblem): number {
  return positionMax + 1;
}

/** The first wrong checkpoints, and how many wrong ones follow. */
function withLater(
  base: VerificationProblem,
  later: readonly VerificationProblem[],
): VerificationProblem {
  if (later.length === 0) return base;
  const more = later.reduce((sum, { count = 1 }) => sum + count, 0);
  const { count = 1, numbers = [sizeOf(base)] } = base;
  const problem = `${base.problem}, and so ${more === 1 ? 'is 1 later one' : `are ${more} later ones`}`;
  return { ...base, problem, count: count + more, numbers };
}

/** What is sure of a wrong root where tiles are damaged. */
function ofTiles(problem: VerificationProblem): VerificationProblem {
  return { ...problem, problem: problem.problem.replace(ROOT_DIFFERS, TREE_DIFFERS) };
}

/** What a wrong root comes down to; one that follows from something else has no positions. */
function narrowedRoot(
  problem: VerificationProblem,
  { intact, below }: Bounds,
): VerificationProblem {
  const { positionMax = 0, ...rest } = problem;
  return positionMax + 1 === below ? changedBetween(rest, intact, positionMax) : rest;
}

/** The same problem, known to come of an event from a position up to another one. */
export function changedBetween(
  problem: VerificationProblem,
  position: Position,
  positionMax: Position,
): VerificationProblem {
  const text = `${problem.problem}: ${eventsText([], position, positionMax)} was changed`;
  return { ...problem, problem: text, position, ...rangeOf(position, positionMax) };
}

function rangeOf(
  position: Position,
  positionMax: Position,
): Pick<VerificationProblem, 'positionMax'> {
  return position === positionMax ? {} : { positionMax };
}

function eventsText(positions: readonly Position[], from: Position, upTo: Position): string {
  if (from === upTo) return `the event at position ${from}`;
  if (positions.length === 0) return `an event between positions ${from} and ${upTo}`;
  if (positions.length === 2) return `the event at position ${from} or ${upTo}`;
  if (positions.length <= FIRST_MAX) {
    return `one of the events at positions ${positions.slice(0, -1).join(', ')} or ${upTo}`;
  }
  return `one of its ${positions.length} events between positions ${from} and ${upTo}`;
}
