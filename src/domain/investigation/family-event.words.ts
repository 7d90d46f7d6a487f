import type { EventOf } from '../events/event-catalogue.js';
import type { RevocationReason } from '../events/token-family.events.js';

const revocationWords: Readonly<Record<RevocationReason, string>> = {
  refresh_token_reuse: 'a consumed refresh token was presented again',
  code_reuse: 'an authorization code was presented again',
  ledger_rollback: 'a refresh token came that is not known to this ledger',
  client_request: 'revoked by its client',
  operator_request: 'revoked by an operator',
  signed_out: 'the person signed out',
};

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
      return `${revocationWords[event.data.reason]}${revocationText(event.data.revocationId)}`;
    case 'AccessTokenRevoked':
      return `access token ${event.data.sequence}: ${revocationWords[event.data.reason]}`;
    case 'LedgerRollbackSuspected':
      return `generation ${event.data.presentedGeneration} is not known to this ledger`;
  }
}

/** The revocation that ended many families, this one among them. */
function revocationText(id: string | undefined): string {
  return id === undefined ? '' : `: revocation ${id}`;
}

function reasonText(reason: string | undefined): string {
  return reason === undefined ? '' : `: ${reason}`;
}

function ageText(milliseconds: number): string {
  return milliseconds < 1000 ? `${milliseconds} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}
