import { type Decision, noEvents } from '../decision.js';
import type { RevocationResult, RevocationState, RevocationTerms } from './revocation.state.js';

/** Starts a revocation; the same selector at the same position is the same revocation. */
export function decideStartRevocation(
  state: RevocationState | undefined,
  terms: RevocationTerms,
): Decision<'revocation', 'started' | 'already_started'> {
  if (state !== undefined) return noEvents('already_started');
  return { events: [{ type: 'RevocationStarted', data: { ...terms } }], outcome: 'started' };
}

/** Completes a revocation once. */
export function decideCompleteRevocation(
  state: RevocationState | undefined,
  result: RevocationResult,
): Decision<'revocation', 'completed' | 'already_completed' | 'unknown'> {
  if (state === undefined) return noEvents('unknown');
  if (state.completed !== undefined) return noEvents('already_completed');
  return { events: [{ type: 'RevocationCompleted', data: { ...result } }], outcome: 'completed' };
}
