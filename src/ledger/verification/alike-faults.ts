import type { Position } from '../../domain/identifiers.js';
import { changedBetween } from './changed-events.js';
import { FIRST_MAX, type VerificationProblem } from './verification-problems.js';

/** What is wrong with one of many things, and between which positions that comes from, if known. */
export interface Fault {
  readonly fault: string;
  /** The file beside the ledger that is at fault, where the ledger is not. */
  readonly file?: string | undefined;
  readonly range?: readonly [position: Position, positionMax: Position];
  /** What is sure of it where tiles are damaged, if that is less. */
  readonly ofTiles?: string | undefined;
}

interface Alike {
  readonly first: Fault;
  readonly numbers: number[];
  count: number;
}

/** Tells of what is wrong with many things of a kind by each fault once: how many have it, and the first. */
export class AlikeFaults {
  private readonly found = new Map<string, Alike>();

  /** `name` calls one of them by its number: `the checkpoint of size 18`. */
  constructor(private readonly name: (number: number) => string) {}

  add(number: number, first: Fault): void {
    const alike = this.found.get(first.fault);
    if (alike === undefined) {
      this.found.set(first.fault, { first, numbers: [number], count: 1 });
      return;
    }
    alike.count += 1;
    if (alike.numbers.length < FIRST_MAX) alike.numbers.push(number);
  }

  /** What was added, in the order of the first ones. */
  get problems(): readonly VerificationProblem[] {
    return [...this.found.values()].map((alike) => this.problemOf(alike, alike.first.range));
  }

  /** The same where tiles are damaged: what is sure then, and without the positions that it comes from. */
  get unplaced(): readonly VerificationProblem[] {
    return [...this.found.values()].map(({ first, ...alike }) =>
      this.problemOf({ ...alike, first: { ...first, fault: first.ofTiles ?? first.fault } }),
    );
  }

  private problemOf(
    { first: { fault, file }, numbers, count }: Alike,
    range?: Fault['range'],
  ): VerificationProblem {
    const [number = 0] = numbers;
    const others = count === 1 ? '' : `, and ${count - 1} more like it`;
    const problem = {
      problem: `${this.name(number)} ${fault}${others}`,
      ...(file === undefined ? {} : { file }),
    };
    const placed = range === undefined ? problem : changedBetween(problem, ...range);
    return count === 1 ? placed : { ...placed, count, numbers };
  }
}
