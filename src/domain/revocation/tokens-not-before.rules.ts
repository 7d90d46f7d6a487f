import type { AccountState, ClientState, SigningKeyState } from '../directory/directory.state.js';
import type { RevocationSelector } from '../events/revocation.events.js';
import type { Instant } from '../identifiers.js';

/** Milliseconds. */
const SECOND = 1000;

/** Whether an operator voided what this client was given at an instant. */
export function isVoidByClient(
  givenAt: Instant,
  { tokensNotBefore = 0 }: Pick<ClientState, 'tokensNotBefore'>,
): boolean {
  return givenAt < tokensNotBefore;
}

/** Whether everything of an account that began with a sign-in at an instant was voided. */
export function isVoidByAccount(
  signedInAt: Instant,
  { tokensNotBefore }: Pick<AccountState, 'tokensNotBefore'>,
): boolean {
  return signedInAt < tokensNotBefore;
}

/** Why what began with a sign-in at an instant is worth nothing, where its account makes it so. */
export function endByAccount(
  signedInAt: Instant,
  account: Pick<AccountState, 'status' | 'tokensNotBefore'> | undefined,
): 'account_disabled' | 'not_before' | undefined {
  if (account?.status !== 'active') return 'account_disabled';
  return isVoidByAccount(signedInAt, account) ? 'not_before' : undefined;
}

/** Whether an operator voided what a key signed at an instant; the start of its second says the same. */
export function isVoidBySigningKey(
  signedAt: Instant,
  { tokensNotBefore = 0 }: Pick<SigningKeyState, 'tokensNotBefore'>,
): boolean {
  return signedAt < tokensNotBefore;
}

/** Why a revocation sets no mark: one would void what is not in the set. */
export type NoMarkReason = 'span_of_time' | 'addresses';

/**
 * What a client, an account or a signing key is marked with, so that what is in the set is worth nothing
 * at once: the instant after the set was found. Access tokens say in whole seconds when they were signed:
 * a key is marked with the second of that, as no token is void that was signed later. None where only a
 * part of what it has is revoked, and for addresses: what the families have in common ends with them.
 */
export function markOf(selector: RevocationSelector, foundAt: Instant): Instant | undefined {
  if (noMarkReasonOf(selector) !== undefined) return undefined;
  return selector.kind === 'signing_key' ? Math.floor(foundAt / SECOND) * SECOND : foundAt + 1;
}

/** Why there is no mark for a selector; undefined: there is one. */
export function noMarkReasonOf({ kind, from, to }: RevocationSelector): NoMarkReason | undefined {
  if (kind === 'address') return 'addresses';
  return from === undefined && to === undefined ? undefined : 'span_of_time';
}
