import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Position } from '../../domain/identifiers.js';
import type { LedgerSource } from './ledger.source.js';
import { SealedRange, type SealedExtent } from './sealed-range.js';
import { ProblemList } from './verification-problems.js';

/** The events from a position on and below another one. */
export interface RangeTask {
  readonly kind: 'range';
  /** A multiple of `RANGE_EVENTS`. */
  readonly from: Position;
  readonly below: Position;
  readonly sealed: SealedExtent;
}

/** So many events are checked in a range: whole tiles, and small enough to share out evenly. */
export const RANGE_EVENTS = 64 * 256;

/** Checks the order of the events in a range, and that they are the ones that were sealed. */
export class RangeVerification {
  readonly problems = new ProblemList();

  constructor(
    private readonly source: LedgerSource,
    private readonly task: RangeTask,
    private readonly onEvents: (events: number) => void,
  ) {}

  async run(): Promise<void> {
    const { from, below, sealed } = this.task;
    const tree =
      sealed.size > from
        ? new SealedRange(this.source, from, sealed, (problem) => this.problems.add(problem))
        : undefined;
    let next = from;
    let before = this.source.appendedAtBefore(from);
    while (next < below) {
      const page = this.source.sequence(next - 1, below);
      for (const [position, appendedAt, body] of page) {
        if (position !== next) this.problems.add({ position: next, problem: 'events are missing' });
        if (appendedAt < before) this.addBackwards(position);
        tree?.take(position, body);
        next = position + 1;
        before = appendedAt;
      }
      this.onEvents(page.length);
      if (page.length === 0) break;
      await nextTurn();
    }
    if (next < below) this.problems.add({ position: next, problem: 'events are missing' });
  }

  private addBackwards(position: Position): void {
    const streamId = this.source.event(position)?.streamId;
    this.problems.add({
      position,
      ...(streamId === undefined ? {} : { streamId }),
      problem: 'the body and the column appended_at differ',
    });
  }
}
