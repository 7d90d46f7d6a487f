import type { EventOf } from '../events/event-catalogue.js';
import type { Instant } from '../identifiers.js';

/** What a revocation was started with. */
export type RevocationTerms = Extract<
  EventOf<'revocation'>,
  { readonly type: 'RevocationStarted' }
>['data'];

/** What a revocation came to. */
export type RevocationResult = Extract<
  EventOf<'revocation'>,
  { readonly type: 'RevocationCompleted' }
>['data'];

/** A revocation, folded from its events. */
export interface RevocationState {
  readonly terms: RevocationTerms;
  readonly startedAt: Instant;
  /** Absent while it runs. */
  readonly completed?: RevocationResult & { readonly at: Instant };
}
