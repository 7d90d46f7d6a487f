import type { FamilyPolicy } from '../events/token-family.events.js';
import type { ClientState } from './directory.state.js';

/** The service's token policy, for what a client does not override. Milliseconds. */
export interface PolicyDefaults {
  readonly retryWindow: number;
  readonly refreshIdleLifetime: number;
  readonly refreshAbsoluteLifetime: number;
}

/** The rules a new family of this client lives by, and how long it lives at most. Milliseconds. */
export function familyPolicyFor(
  client: Pick<ClientState, 'metadata'>,
  defaults: PolicyDefaults,
): { readonly policy: FamilyPolicy; readonly absoluteLifetime: number } {
  const { policy, authMethod } = client.metadata;
  // What needs a secret is taken from no public client, whatever its history says.
  const isConfidential = authMethod !== 'none';
  return {
    policy: {
      rotation: isConfidential ? (policy.rotation ?? 'rotate') : 'rotate',
      retryWindow: policy.retryWindow ?? defaults.retryWindow,
      retryUntilUsed: isConfidential && policy.retryUntilUsed === true,
      idle: policy.idle ?? defaults.refreshIdleLifetime,
      onReuse: 'revoke_family',
    },
    absoluteLifetime: policy.absolute ?? defaults.refreshAbsoluteLifetime,
  };
}
