import { type Decision, noEvents } from '../decision.js';
import type { EventOf } from '../events/event-catalogue.js';
import type { IncidentState } from './directory.state.js';

/** What an operator can judge an incident to be. */
export type IncidentVerdict = Extract<
  EventOf<'incident'>,
  { readonly type: 'IncidentVerdictGiven' }
>['data']['verdict'];

/** What judging an incident came to. */
export type VerdictOutcome = 'given' | 'given_before' | 'no_such_incident';

/** Judges an incident; the newest verdict counts, and the same one again changes nothing. */
export function decideGiveVerdict(
  state: IncidentState | undefined,
  verdict: IncidentVerdict,
): Decision<'incident', VerdictOutcome> {
  if (state === undefined) return noEvents('no_such_incident');
  if (state.verdict === verdict) return noEvents('given_before');
  return { events: [{ type: 'IncidentVerdictGiven', data: { verdict } }], outcome: 'given' };
}
