import { Query } from '@nestjs/cqrs';
import type { Position } from '../domain/identifiers.js';
import type { FamilyEventList } from './event-list.answer.js';
import type { Moment } from '../access/moment.js';

/** A page of a family's life, oldest event first; undefined when there is no such family. */
export class ListFamilyEvents extends Query<FamilyEventList | undefined> {
  constructor(
    readonly familyId: string,
    readonly after: Position | null,
    readonly limit: number,
    /** Nothing after it is shown; undefined: now. */
    readonly moment?: Moment,
  ) {
    super();
  }
}
