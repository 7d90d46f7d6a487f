import { type Decision, noEvents } from '../decision.js';
import type { EventOf } from '../events/event-catalogue.js';
import type { IncidentState } from './directory.state.js';

/** What an operator can judge an incident to be. */
export type IncidentVerdict = Extract<
  EventOf<'incident'>,
  { readonly type: 'IncidentVerdictGiven' }
>['data']['verdict'];

/** What judging an incident came to; `subject_erased`: nothing may be written about them any more. */
export type VerdictOutcome = 'given' | 'given_before' | 'no_such_incident' | 'subject_erased';

/** What an operator judges an incident to be, and the name of what they wrote about it, if anything. */
export interface GivenVerdict {
  readonly verdict: IncidentVerdict;
  readonly noteId?: string | undefined;
}

/** Judges an incident; the newest verdict counts, and the same one again without a note changes nothing. */
export function decideGiveVerdict(
  state: IncidentState | undefined,
  { verdict, noteId }: GivenVerdict,
  isSubjectErased: boolean,
): Decision<'incident', VerdictOutcome> {
  if (state === undefined) return noEvents('no_such_incident');
  if (noteId === undefined) {
    if (state.verdict === verdict) return noEvents('given_before');
    return { events: [{ type: 'IncidentVerdictGiven', data: { verdict } }], outcome: 'given' };
  }
  if (isSubjectErased) return noEvents('subject_erased');
  const data = { verdict, noteId };
  return { events: [{ type: 'IncidentVerdictGiven', data }], outcome: 'given' };
}
