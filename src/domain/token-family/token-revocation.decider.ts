import type { Decision } from '../decision.js';
import type { RejectionReason } from '../events/token-family.events.js';
import {
  type Caller,
  type FamilyContext,
  isAuthenticated,
  type PresentedToken,
  type RefusalError,
  type Refused,
  reject,
} from './family.decision.js';
import type { FamilyState } from './family.state.js';
import { hasIssued, rollbackSuspected } from './refresh.decider.js';
import { decideRevokeFamily, type RevocationOutcome } from './revocation.decider.js';
import { decideUnknownFamily } from './unknown-family.decider.js';

/** Why a caller may not revoke a token. */
export interface RevokerRefused {
  readonly error: Extract<RefusalError, 'invalid_client' | 'invalid_grant'>;
  readonly reason: Extract<
    RejectionReason,
    'client_authentication_failed' | 'client_disabled' | 'foreign_client'
  >;
}

/** Why this caller may not revoke a token of that client, if it may not (RFC 7009, 2.1). */
export function revokerRefused(
  caller: Caller,
  { client, receivedAt }: Pick<FamilyContext, 'client' | 'receivedAt'>,
  ownerId: string,
): RevokerRefused | undefined {
  if (!isAuthenticated(caller, client, receivedAt)) {
    return { error: 'invalid_client', reason: 'client_authentication_failed' };
  }
  if (client?.status !== 'active') return { error: 'invalid_client', reason: 'client_disabled' };
  if (ownerId === caller.clientId) return undefined;
  return { error: 'invalid_grant', reason: 'foreign_client' };
}

/** A client gives back a refresh token, of whatever generation. */
export interface RevokeRefreshToken {
  readonly presented: PresentedToken;
  readonly caller: Caller;
}

/**
 * Decides what giving back a genuine refresh token leads to (RFC 7009, 2.1): the end of its family.
 * What it says of a thief or of a lost ledger is evidence here as it is at the token endpoint.
 */
export function decideRevokeRefreshToken(
  state: FamilyState | undefined,
  command: RevokeRefreshToken,
  context: FamilyContext,
  isIncidentOpen: boolean,
): Decision<'family', RevocationOutcome | Refused> {
  const { presented, caller } = command;
  const refused = revokerRefused(caller, context, state?.clientId ?? caller.clientId);
  if (state === undefined) {
    const decision = decideUnknownFamily(presented, caller, context, isIncidentOpen);
    const { outcome } = decision;
    return { ...decision, outcome: { ...outcome, error: refused?.error ?? outcome.error } };
  }
  if (refused !== undefined) return reject(state, presented, caller, context, refused);
  if (state.status !== 'revoked' && !hasIssued(state, presented, context)) {
    return rollbackSuspected(state, command, context);
  }
  const actor = `client:${caller.clientId}`;
  return decideRevokeFamily(state, { reason: 'client_request', actor });
}
