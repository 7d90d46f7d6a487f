import { type Decision, noEvents } from '../decision.js';
import {
  type Caller,
  type FamilyContext,
  isAuthenticated,
  type PresentationOutcome,
  type PresentedToken,
  type RefusalError,
} from './family.decision.js';

const grantTypeOf = { code: 'authorization_code', refresh: 'refresh_token' } as const;

/**
 * How whoever presents a code or refresh token that is worth nothing is refused (RFC 6749, 5.2).
 * A client that may not use the grant type is told only that, whatever it presents.
 */
export function refusalOf(
  kind: PresentedToken['kind'],
  caller: Caller,
  { client, receivedAt }: Pick<FamilyContext, 'client' | 'receivedAt'>,
): Extract<RefusalError, 'invalid_client' | 'invalid_grant' | 'unauthorized_client'> {
  if (client === undefined || !isAuthenticated(caller, client, receivedAt)) return 'invalid_client';
  return client.metadata.grantTypes.includes(grantTypeOf[kind])
    ? 'invalid_grant'
    : 'unauthorized_client';
}

/**
 * The decision on a genuine token, as far as the caller may use its grant type: a client that may not
 * gets nothing, and every refusal sounds the same to it, so that the answer does not say what the
 * token is worth. Evidence stays evidence.
 */
export function withinGrantType(
  { presented, caller }: { readonly presented: PresentedToken; readonly caller: Caller },
  context: FamilyContext,
  decision: Decision<'family', PresentationOutcome>,
): Decision<'family', PresentationOutcome> {
  const error = refusalOf(presented.kind, caller, context);
  if (error !== 'unauthorized_client') return decision;
  const { outcome } = decision;
  return outcome.kind === 'refused'
    ? { ...decision, outcome: { ...outcome, error } }
    : noEvents({ kind: 'refused', error, reason: error });
}
