import type { EventOf } from '../domain/events/event-catalogue.js';

/** What one event of a family says, in a few words. */
export function familyEventText(event: EventOf<'family'>): string {
  switch (event.type) {
    case 'GrantIssued':
      return event.data.scope.length === 0 ? 'no scope' : `scope ${event.data.scope.join(' ')}`;
    case 'GrantRedeemed':
      return event.data.generation === null
        ? 'without a refresh token'
        : `generation ${event.data.generation} begins`;
    case 'RefreshTokenRotated':
      return `generation ${event.data.presentedGeneration} is succeeded by ${event.data.generation}`;
    case 'AccessTokenRefreshed':
      return `generation ${event.data.generation} stays`;
    case 'RefreshRetried': {
      const { presentedGeneration, age, otherParty } = event.data;
      const party = otherParty === true ? ', by another party' : '';
      return `generation ${presentedGeneration} again after ${ageText(age)}${party}`;
    }
    case 'RefreshRejected': {
      const { kind, presentedGeneration, reason } = event.data;
      const token = presentedGeneration === undefined ? kind : `generation ${presentedGeneration}`;
      return `${token} refused: ${reason}`;
    }
    case 'PresentationsCounted':
      return `${event.data.count} more were ${event.data.outcome}${reasonText(event.data.reason)}`;
    case 'RefreshTokenReuseDetected': {
      const { kind, presentedGeneration, currentGeneration, cause } = event.data;
      if (kind === 'code') return cause;
      return `generation ${presentedGeneration} when ${currentGeneration} was current: ${cause}`;
    }
    case 'FamilyRevoked':
      return event.data.reason;
    case 'AccessTokenRevoked':
      return `access token ${event.data.sequence}: ${event.data.reason}`;
    case 'LedgerRollbackSuspected':
      return `generation ${event.data.presentedGeneration} is not known to this ledger`;
  }
}

function reasonText(reason: string | undefined): string {
  return reason === undefined ? '' : `: ${reason}`;
}

function ageText(milliseconds: number): string {
  return milliseconds < 1000 ? `${milliseconds} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}
