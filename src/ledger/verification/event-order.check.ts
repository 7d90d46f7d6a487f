import type { Position } from '../../domain/identifiers.js';
import type { LedgerSource } from './ledger.source.js';
import { differenceIn } from './stored-event.check.js';
import type { VerificationProblem } from './verification-problems.js';

const MISSING = 'events are missing';

/** Checks the order of events: none is missing, and the times at which they were appended only rise. */
export class EventOrderCheck {
  constructor(
    private readonly source: LedgerSource,
    private readonly report: (problem: VerificationProblem) => void,
  ) {}

  /**
   * Checks the events from a position up to another one; the first of them is compared with the one
   * before it, however far away. Whoever checks what follows tells of a gap at the end.
   */
  async check(from: Position, upTo: Position): Promise<void> {
    let [last, before] = (await this.source.sequenceBefore(from)) ?? [-1, 0];
    for (const [position, appendedAt] of await this.source.sequence(from - 1, upTo)) {
      if (position !== last + 1) this.report({ position: last + 1, problem: MISSING });
      if (appendedAt < before) await this.reportBackwards(position);
      last = position;
      before = appendedAt;
    }
  }

  private async reportBackwards(position: Position): Promise<void> {
    const streamId = (await this.source.event(position))?.streamId;
    this.report({
      position,
      ...(streamId === undefined ? {} : { streamId }),
      problem: differenceIn('appended_at'),
    });
  }
}

/**
 * What is missing at the end, of so many events: their last one was given to another log, or its position
 * is no exact number any more and was left out, as it would come back for ever.
 */
export async function missingAtEnd(
  source: LedgerSource,
  events: Position,
): Promise<readonly VerificationProblem[]> {
  const [last] = (await source.sequenceBefore(events)) ?? [-1];
  return last === events - 1 ? [] : [{ position: last + 1, problem: MISSING }];
}
