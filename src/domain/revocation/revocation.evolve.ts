import type { Folded } from '../directory/directory.evolve.js';
import type { RevocationState } from './revocation.state.js';

/** Folds one event of a revocation. Throws an Error on an impossible history. */
export function evolveRevocation(
  state: RevocationState | undefined,
  event: Folded<'revocation'>,
): RevocationState {
  switch (event.type) {
    case 'RevocationStarted':
      return { terms: event.data, startedAt: event.recordedAt };
    case 'RevocationCompleted':
      if (state === undefined) {
        throw new Error(`${event.type} cannot be the first event of its stream`);
      }
      return { ...state, completed: { ...event.data, at: event.recordedAt } };
  }
}
