import { Query } from '@nestjs/cqrs';
import type { Moment } from '../access/moment.js';
import type { LineageSpan } from '../domain/investigation/lineage-window.rules.js';
import type { LineageAnswer } from './lineage.answer.js';

/** A page of a lineage, and before which generation the next one ends; null: there is none. */
export interface LineagePage extends Omit<LineageAnswer, 'next'> {
  readonly before: string | null;
}

/** What descended from one grant by a moment; undefined when there was no such family. */
export class FindLineage extends Query<LineagePage | undefined> {
  constructor(
    readonly familyId: string,
    readonly moment: Moment,
    readonly span: LineageSpan,
  ) {
    super();
  }
}
