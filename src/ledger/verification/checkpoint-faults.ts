import { ROOT_DIFFERS } from './checkpoint.check.js';
import type { VerificationProblem } from './verification-problems.js';

/** Where a checkpoint stands in the log. */
export interface CheckpointPlace {
  readonly size: number;
  readonly epoch: number;
}

/** Checkpoints that follow each other and have the same fault. */
interface FaultyRun {
  readonly fault: string;
  readonly first: CheckpointPlace;
  last: CheckpointPlace;
  count: number;
}

/**
 * Tells what is wrong with checkpoints, given in their order. Those that follow each other with the same
 * fault are told of together, by the first and the last one: a hash in a tile makes every one over it
 * wrong.
 */
export class CheckpointFaults {
  private run: FaultyRun | undefined;

  constructor(private readonly report: (problem: VerificationProblem) => void) {}

  /** Takes the next checkpoint, which may have no fault. */
  add(place: CheckpointPlace, fault: string | undefined): void {
    if (this.run !== undefined && this.run.fault === fault) {
      this.run.last = place;
      this.run.count += 1;
      return;
    }
    this.tell();
    if (fault !== undefined) this.run = { fault, first: place, last: place, count: 1 };
  }

  /** Tells of those that were not told of yet. */
  tell(): void {
    if (this.run === undefined) return;
    const { fault, first } = this.run;
    const problem = `${nameOf(this.run)} ${fault}`;
    const isRoot = fault === ROOT_DIFFERS;
    this.report(isRoot ? { problem, evidence: 'root', positionMax: first.size - 1 } : { problem });
    this.run = undefined;
  }
}

function nameOf({ first, last, count }: FaultyRun): string {
  if (count === 1) return `the checkpoint of size ${first.size} in epoch ${first.epoch}`;
  const epochs =
    first.epoch === last.epoch ? `epoch ${first.epoch}` : `epochs ${first.epoch} to ${last.epoch}`;
  return `each of the ${count} checkpoints of sizes ${first.size} to ${last.size} in ${epochs}`;
}
