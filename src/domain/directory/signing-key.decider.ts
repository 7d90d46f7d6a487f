import { type Decision, noEvents } from '../decision.js';
import type { Instant } from '../identifiers.js';
import type { SigningKeyState } from './directory.state.js';

/** Why nothing was done about a signing key. */
export type SigningKeyRefusal = 'key_exists' | 'unknown_key' | 'key_retired' | 'key_in_use';

/** Nothing was done about a signing key. */
export interface SigningKeyRefused {
  readonly kind: 'refused';
  readonly reason: SigningKeyRefusal;
}

type SigningKeyDecision<Done> = Decision<'signing_key', Done | SigningKeyRefused>;

/** Publish a key. Its private part is in the vault. */
export interface CreateSigningKey {
  readonly algorithm: 'ES256';
  readonly publicJwk: Readonly<Record<string, string>>;
  readonly vaultId: string;
  /** Whether it signs from the same moment; otherwise verifiers get time to see it first. */
  readonly activate: boolean;
}

/** Publishes a key once. */
export function decideCreateSigningKey(
  state: SigningKeyState | undefined,
  command: CreateSigningKey,
): SigningKeyDecision<{ readonly kind: 'created' }> {
  if (state !== undefined) return refuse('key_exists');
  const { activate, ...created } = command;
  return {
    events: [
      { type: 'SigningKeyCreated', data: created },
      ...(activate ? [{ type: 'SigningKeyActivated', data: {} } as const] : []),
    ],
    outcome: { kind: 'created' },
  };
}

/** Lets a published key sign; activating it again changes nothing. A retired key stays retired. */
export function decideActivateSigningKey(
  state: SigningKeyState | undefined,
): SigningKeyDecision<{ readonly kind: 'activated' | 'already_active' }> {
  if (state === undefined) return refuse('unknown_key');
  if (state.status === 'retired') return refuse('key_retired');
  if (state.status === 'active') return noEvents({ kind: 'already_active' });
  return { events: [{ type: 'SigningKeyActivated', data: {} }], outcome: { kind: 'activated' } };
}

/** Lets a key sign nothing any more, unless new tokens are signed with it now. It still verifies. */
export function decideRetireSigningKey(
  state: SigningKeyState | undefined,
  activeKeyId: string | undefined,
): SigningKeyDecision<{ readonly kind: 'retired' | 'already_retired' }> {
  if (state === undefined) return refuse('unknown_key');
  if (state.status === 'retired') return noEvents({ kind: 'already_retired' });
  if (state.keyId === activeKeyId) return refuse('key_in_use');
  return { events: [{ type: 'SigningKeyRetired', data: {} }], outcome: { kind: 'retired' } };
}

/** Voids the access tokens that a key signed before an instant, which only ever moves forwards. */
export function decideMoveSigningKeyTokensNotBefore(
  state: SigningKeyState | undefined,
  tokensNotBefore: Instant,
): SigningKeyDecision<{ readonly kind: 'moved' | 'unchanged' }> {
  if (state === undefined) return refuse('unknown_key');
  if (tokensNotBefore <= (state.tokensNotBefore ?? 0)) return noEvents({ kind: 'unchanged' });
  return {
    events: [{ type: 'SigningKeyTokensNotBeforeMoved', data: { tokensNotBefore } }],
    outcome: { kind: 'moved' },
  };
}

function refuse(reason: SigningKeyRefusal): Decision<'signing_key', SigningKeyRefused> {
  return noEvents({ kind: 'refused', reason });
}
