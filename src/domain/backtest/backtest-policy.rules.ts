import type { ClientMetadata } from '../events/directory.events.js';
import type { RecordedFamilyEvent } from '../token-family/family.evolve.js';

/**
 * Rules that recorded attempts are decided by once more. What is left out stays as it was. Spans in
 * milliseconds. Whether a client could have such rules at all is not asked.
 */
export type BacktestPolicy = ClientMetadata['policy'] & {
  /** A public client that proves no key of its own redeems no code (RFC 9449). */
  readonly requireSenderConstraint?: boolean | undefined;
};

type GrantIssued = Extract<RecordedFamilyEvent, { readonly type: 'GrantIssued' }>;

/** The grant as it would have been issued under the policy. */
export function grantUnder(policy: BacktestPolicy, grant: GrantIssued): GrantIssued {
  const { data, recordedAt } = grant;
  const { absolute } = policy;
  return {
    type: grant.type,
    recordedAt,
    data: {
      ...data,
      absoluteExpiresAt: absolute === undefined ? data.absoluteExpiresAt : recordedAt + absolute,
      policy: {
        ...data.policy,
        rotation: policy.rotation ?? data.policy.rotation,
        retryWindow: policy.retryWindow ?? data.policy.retryWindow,
        retryUntilUsed: policy.retryUntilUsed ?? data.policy.retryUntilUsed,
        idle: policy.idle ?? data.policy.idle,
      },
    },
  };
}
