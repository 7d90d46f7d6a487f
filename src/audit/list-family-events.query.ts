import { Query } from '@nestjs/cqrs';
import type { Position } from '../domain/identifiers.js';
import type { Moment } from '../access/moment.js';
import type { EventsUpTo } from './list-events.query.js';

/** A page of a family's life, oldest event first; undefined when there was no such family. */
export class ListFamilyEvents extends Query<EventsUpTo | undefined> {
  constructor(
    readonly familyId: string,
    readonly after: Position | null,
    readonly limit: number,
    /** Nothing after it is shown. */
    readonly moment: Moment,
  ) {
    super();
  }
}
