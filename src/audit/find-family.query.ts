import { Query } from '@nestjs/cqrs';
import type { FamilyAnswer } from './family.answer.js';
import type { Moment } from '../access/moment.js';

/**
 * What is known about a token family, as it stood at a moment, or stands now; undefined when there is
 * no such family.
 */
export class FindFamily extends Query<FamilyAnswer | undefined> {
  constructor(
    readonly familyId: string,
    readonly moment?: Moment,
  ) {
    super();
  }
}
