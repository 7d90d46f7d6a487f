import type { AccountState, ClientState } from '../directory/directory.state.js';
import type { RevocationSelector } from '../events/revocation.events.js';
import type { Instant } from '../identifiers.js';

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

/**
 * What a client or an account is marked with, so that everything in the set is worth nothing at once:
 * the instant after the set was found. None where only a part of what it has is revoked, and for
 * signing keys and addresses: what the families have in common ends with them.
 */
export function markOf(
  { kind, from, to }: RevocationSelector,
  foundAt: Instant,
): Instant | undefined {
  const isWhole = from === undefined && to === undefined;
  const isMarkable = kind === 'client' || kind === 'subject';
  return isWhole && isMarkable ? foundAt + 1 : undefined;
}
