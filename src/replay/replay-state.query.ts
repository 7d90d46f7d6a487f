import { Query } from '@nestjs/cqrs';
import type { At, NoSuchMoment } from '../access/moment.js';
import type { StreamId } from '../domain/identifiers.js';
import type { ReplayedState } from './state.answer.js';

/** What a stream was at a moment; now when nothing is said. Undefined: there is no such stream. */
export class ReplayState extends Query<ReplayedState | NoSuchMoment | undefined> {
  constructor(
    readonly streamId: StreamId,
    readonly at?: At,
  ) {
    super();
  }
}
