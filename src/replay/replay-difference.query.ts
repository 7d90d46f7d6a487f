import { Query } from '@nestjs/cqrs';
import type { At } from '../access/moment.js';
import type { StreamId } from '../domain/identifiers.js';
import type { NoRange } from './backtest-range.reader.js';
import type { ReplayedDifference } from './difference.answer.js';

/**
 * How a stream changed between two moments; the second is now when nothing is said. Undefined: there
 * is no such stream.
 */
export class ReplayDifference extends Query<ReplayedDifference | NoRange | undefined> {
  constructor(
    readonly streamId: StreamId,
    readonly from: At,
    readonly to?: At,
  ) {
    super();
  }
}
