import { Query } from '@nestjs/cqrs';
import type { Moment } from '../access/moment.js';
import type { NamedToken } from '../access/pasted-tokens.service.js';
import type { ValidityAnswerAt } from './validity.answer.js';

/** What can be worth something. */
export type Judged =
  | NamedToken
  | { readonly kind: 'subject'; readonly subject: string }
  | { readonly kind: 'client'; readonly clientId: string };

/** What something was worth at a moment, and why. */
export class FindValidity extends Query<ValidityAnswerAt> {
  constructor(
    readonly judged: Judged,
    readonly moment: Moment,
  ) {
    super();
  }
}
