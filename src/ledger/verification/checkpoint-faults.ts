import { ROOT_DIFFERS } from './checkpoint.check.js';
import { FIRST_MAX, type VerificationProblem } from './verification-problems.js';

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
  /** The first sizes. */
  readonly numbers: number[];
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
      if (this.run.numbers.length < FIRST_MAX) this.run.numbers.push(place.size);
      return;
    }
    this.tell();
    if (fault === undefined) return;
    this.run = { fault, first: place, last: place, count: 1, numbers: [place.size] };
  }

  /** Tells of those that were not told of yet. */
  tell(): void {
    if (this.run === undefined) return;
    const { fault, first, count, numbers } = this.run;
    const problem = `${nameOf(this.run)} ${fault}`;
    const alike = count === 1 ? {} : { count, numbers };
    // Such a one is as it was signed, and so the events below it are not.
    const isOfEvents = fault === ROOT_DIFFERS;
    const evidence = isOfEvents ? { evidence: 'root' as const, positionMax: first.size - 1 } : {};
    this.report({ problem, ...evidence, ...alike });
    this.run = undefined;
  }
}

function nameOf({ first, last, count }: FaultyRun): string {
  if (count === 1) return `the checkpoint of size ${first.size} in epoch ${first.epoch}`;
  const epochs =
    first.epoch === last.epoch ? `epoch ${first.epoch}` : `epochs ${first.epoch} to ${last.epoch}`;
  return `each of the ${count} checkpoints of sizes ${first.size} to ${last.size} in ${epochs}`;
}
