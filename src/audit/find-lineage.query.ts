import { Query } from '@nestjs/cqrs';
import type { LineageAnswer } from './lineage.answer.js';
import type { Moment } from '../access/moment.js';

/** All that descended from one grant by a moment; undefined when there was no such family. */
export class FindLineage extends Query<LineageAnswer | undefined> {
  constructor(
    readonly familyId: string,
    readonly moment: Moment,
    /** So many generations, refusals and counts at most: the newest. */
    readonly limit: number,
  ) {
    super();
  }
}
