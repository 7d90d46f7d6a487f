import type { Position } from '../../domain/identifiers.js';

/** One thing that is wrong, and where. */
export interface VerificationProblem {
  /** The position of what is wrong, or the first one that it can be at. */
  readonly position?: Position;
  /** The last one that it can be at, where that is another one. */
  readonly positionMax?: Position;
  /** All that it can be at, where those are of one stream: the first 20. */
  readonly positions?: readonly Position[];
  readonly streamId?: string;
  readonly problem: string;
  /**
   * By what a changed event was found: its hash in a tile, the root of a checkpoint, a stream's digest.
   * By a tile that is missing, or not that of the one below it, nothing can be said of events.
   */
  readonly evidence?: 'leaf' | 'root' | 'digest' | 'tile';
  /** The file beside the ledger that is at fault, where the ledger is not. */
  readonly file?: string;
  /** How many there are like it, itself included, where they are told as one. */
  readonly count?: number;
  /** The first 20 of those: sizes of checkpoints, lines of a file, epochs. */
  readonly numbers?: readonly number[];
}

/** So many problems are told of at most. */
export const PROBLEMS_MAX = 20;

/** So many of what is alike are named. */
export const FIRST_MAX = 20;

/**
 * Collects the first problems, one for a stream: whatever else is wrong with it follows from that. What
 * several parts found, such as a damaged tile, is told once.
 */
export class ProblemList {
  private readonly found: VerificationProblem[] = [];
  private readonly faulty = new Set<string>();
  private readonly told = new Set<string>();

  constructor(private readonly max = PROBLEMS_MAX) {}

  /** The first problems. */
  get all(): readonly VerificationProblem[] {
    return this.found;
  }

  /** Whether more would not be told. */
  get isFull(): boolean {
    return this.found.length >= this.max;
  }

  isFaulty(streamId: string): boolean {
    return this.faulty.has(streamId);
  }

  add(problem: VerificationProblem): void {
    // A hash that differs is one event's own: of another event of its stream nothing follows from it.
    if (problem.streamId !== undefined && problem.evidence !== 'leaf') {
      if (this.faulty.has(problem.streamId)) return;
      this.faulty.add(problem.streamId);
    }
    const text = `${problem.position ?? ''} ${problem.streamId ?? ''} ${problem.problem}`;
    if (this.isFull || this.told.has(text)) return;
    this.told.add(text);
    this.found.push(problem);
  }
}

/**
 * The first problems of several lists: those with a position come first, in their order, a range of
 * positions after what is named in it.
 */
export function mergeProblems(
  lists: readonly (readonly VerificationProblem[])[],
  max = PROBLEMS_MAX,
): readonly VerificationProblem[] {
  const merged = new ProblemList(max);
  const place = ({ position, positionMax = position }: VerificationProblem): number =>
    position === undefined ? Infinity : (positionMax ?? position);
  // Compared, not subtracted: two problems without a place are in the order they were found.
  const inOrder = lists
    .flat()
    .toSorted((one, other) => (place(one) === place(other) ? 0 : place(one) - place(other)));
  for (const problem of inOrder) merged.add(problem);
  return merged.all;
}
