import { Query } from '@nestjs/cqrs';
import type { FamilyAnswer } from './family.answer.js';

/** What is known about a token family, as it stands now; undefined when there is no such family. */
export class FindFamily extends Query<FamilyAnswer | undefined> {
  constructor(readonly familyId: string) {
    super();
  }
}
