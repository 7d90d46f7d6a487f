import { type Decision, noEvents } from '../decision.js';
import type { RevocationReason } from '../events/token-family.events.js';
import type { Instant } from '../identifiers.js';
import { type FamilyState, isAccessTokenRevoked } from './family.state.js';

/** End a family: all its refresh tokens, and its access tokens at introspection and userinfo. */
export interface RevokeFamily {
  readonly reason: Extract<RevocationReason, 'client_request' | 'operator_request' | 'signed_out'>;
  readonly actor: string;
  readonly revocationId?: string | undefined;
}

/** What revoking came to. */
export type RevocationOutcome = 'revoked' | 'already_revoked' | 'unknown';

/** Ends a family once; ending it again changes nothing (RFC 7009, 2.1). */
export function decideRevokeFamily(
  state: FamilyState | undefined,
  command: RevokeFamily,
): Decision<'family', RevocationOutcome> {
  if (state === undefined) return noEvents('unknown');
  if (state.status === 'revoked') return noEvents('already_revoked');
  return {
    events: [{ type: 'FamilyRevoked', data: { ...command } }],
    outcome: 'revoked',
  };
}

/** End one access token of a family. */
export interface RevokeAccessToken {
  readonly sequence: number;
  readonly expiresAt: Instant;
  readonly reason: 'client_request' | 'operator_request';
}

/** Ends one access token; the family and its refresh token live on (RFC 7009, 2.1). */
export function decideRevokeAccessToken(
  state: FamilyState | undefined,
  command: RevokeAccessToken,
): Decision<'family', RevocationOutcome> {
  if (state === undefined) return noEvents('unknown');
  if (isAccessTokenRevoked(state, command.sequence)) return noEvents('already_revoked');
  return {
    events: [{ type: 'AccessTokenRevoked', data: { ...command } }],
    outcome: 'revoked',
  };
}
