import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Position } from '../../domain/identifiers.js';
import type { LedgerSource } from './ledger.source.js';
import { SealedRange, type SealedExtent } from './sealed-range.js';
import { differenceIn } from './stored-event.check.js';
import { ProblemList, type VerificationProblem } from './verification-problems.js';

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

/** Checks the order of the events in a range, and what was sealed of them. */
export class RangeVerification {
  readonly problems = new ProblemList();

  constructor(
    private readonly source: LedgerSource,
    private readonly task: RangeTask,
    private readonly onEvents: (events: number) => void,
  ) {}

  async run(): Promise<void> {
    const { from, below, sealed } = this.task;
    await this.checkOrder();
    if (sealed.size <= from) return;
    const report = (problem: VerificationProblem): void => this.problems.add(problem);
    await new SealedRange(this.source, from, sealed, report).check(below);
  }

  private async checkOrder(): Promise<void> {
    const { from, below } = this.task;
    let next = from;
    let before = await this.source.appendedAtBefore(from);
    while (next < below) {
      const page = await this.source.sequence(next - 1, below);
      for (const [position, appendedAt] of page) {
        if (position !== next) this.problems.add({ position: next, problem: 'events are missing' });
        if (appendedAt < before) await this.addBackwards(position);
        next = position + 1;
        before = appendedAt;
      }
      this.onEvents(page.length);
      if (page.length === 0) break;
      await nextTurn();
    }
    if (next < below) this.problems.add({ position: next, problem: 'events are missing' });
  }

  private async addBackwards(position: Position): Promise<void> {
    const streamId = (await this.source.event(position))?.streamId;
    this.problems.add({
      position,
      ...(streamId === undefined ? {} : { streamId }),
      problem: differenceIn('appended_at'),
    });
  }
}
