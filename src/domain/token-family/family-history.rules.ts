import type { EventOf } from '../events/event-catalogue.js';
import type { AccessTokenFacts } from '../events/field-schemas.js';
import type { FamilyState } from './family.state.js';

/** An event of a family that can follow its first. */
export type LaterFamilyEvent = Exclude<EventOf<'family'>, { type: 'GrantIssued' }>;

/**
 * Says why this event cannot follow on this state, if it cannot: a generation has one successor, a
 * revoked family stays revoked, no access token's number is given twice. Deciders never write such a
 * history, so that whoever meets one reads a damaged or forged ledger.
 */
export function contradictionOf(state: FamilyState, event: LaterFamilyEvent): string | undefined {
  switch (event.type) {
    case 'GrantRedeemed':
      if (state.status !== 'pending') return `a family that is ${state.status} is not redeemed`;
      return mintedOutOfTurn(state, event.data.token);
    case 'RefreshTokenRotated':
      if (event.data.generation !== event.data.presentedGeneration + 1) {
        return `generation ${event.data.generation} does not succeed ${event.data.presentedGeneration}`;
      }
      return (
        notCurrent(state, event.data.presentedGeneration) ??
        mintedOutOfTurn(state, event.data.token)
      );
    case 'AccessTokenRefreshed':
      return notCurrent(state, event.data.generation) ?? mintedOutOfTurn(state, event.data.token);
    case 'RefreshRetried':
      return (
        notCurrent(state, event.data.presentedGeneration + 1) ??
        mintedOutOfTurn(state, event.data.token)
      );
    case 'RefreshTokenReuseDetected':
    case 'LedgerRollbackSuspected':
    case 'FamilyRevoked':
      return state.status === 'revoked' ? 'the family is revoked already' : undefined;
    case 'RefreshRejected':
    case 'PresentationsCounted':
    case 'AccessTokenRevoked':
      return undefined;
  }
}

function notCurrent(state: FamilyState, generation: number): string | undefined {
  if (state.status !== 'active') return `the family is ${state.status}`;
  if (state.generation === generation) return undefined;
  return `generation ${generation} is not the current one, ${state.generation}`;
}

function mintedOutOfTurn(
  state: FamilyState,
  token: AccessTokenFacts | undefined,
): string | undefined {
  if (token === undefined || token.sequence === state.nextSequence) return undefined;
  return `access token ${token.sequence} is not the next one, ${state.nextSequence}`;
}
