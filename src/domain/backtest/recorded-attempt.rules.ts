import type { EventOf } from '../events/event-catalogue.js';
import type { AccessTokenFacts, By } from '../events/field-schemas.js';
import type { RejectionReason } from '../events/token-family.events.js';
import type { RequestFault } from '../token-family/access-token.rules.js';
import type {
  PresentationOutcome,
  PresentedToken,
  Refused,
} from '../token-family/family.decision.js';

/** What whoever presented a token got: tokens, the same tokens again, nothing, or the family's end. */
export type AttemptOutcome =
  'issued' | 'retried' | 'killed' | `refused:${Exclude<Refused['reason'], 'reuse_detected'>}`;

/** One presentation of a code or a refresh token, as its event recorded it. */
export interface RecordedAttempt {
  readonly kind: PresentedToken['kind'];
  /** Of the presented refresh token; 0 for a code. */
  readonly generation: number;
  readonly by: By;
  readonly outcome: AttemptOutcome;
  /** It came out as it did for a reason that no policy changes. */
  readonly isHeld: boolean;
  /** What it asked for could not be had. */
  readonly fault?: RequestFault | undefined;
  /** What it asked for, where something was issued. */
  readonly requestHash?: string | undefined;
  /** The access token that was minted for it. */
  readonly token?: AccessTokenFacts | undefined;
  readonly isOtherParty: boolean;
}

/**
 * What the token policy has no part in. These are not decided again: not all of them came from a
 * presentation at the token endpoint, and no event says all that the directory held.
 */
const HELD: ReadonlySet<RejectionReason> = new Set<RejectionReason>([
  'client_authentication_failed',
  'foreign_client',
  'sender_mismatch',
  'pkce_mismatch',
  'redirect_mismatch',
  'account_disabled',
  'client_disabled',
  'project_disabled',
  'not_before',
  'session_ended',
  'rate_limited',
]);

/** What is asked for is judged after the token, so that the token comes first here too. */
const FAULTS: Partial<Readonly<Record<RejectionReason, RequestFault>>> = {
  scope_exceeded: 'invalid_scope',
  target_exceeded: 'invalid_target',
};

/** The attempt that this event of a family records; undefined when it records none, or several. */
export function attemptOf(event: EventOf<'family'>): RecordedAttempt | undefined {
  switch (event.type) {
    case 'GrantRedeemed': {
      const { token } = event.data;
      return { ...presented(event.data), kind: 'code', outcome: 'issued', token };
    }
    case 'RefreshTokenRotated': {
      const { requestHash, token } = event.data;
      return { ...presented(event.data), outcome: 'issued', requestHash, token };
    }
    case 'AccessTokenRefreshed': {
      const { generation, requestHash, token } = event.data;
      return { ...presented(event.data), generation, outcome: 'issued', requestHash, token };
    }
    case 'RefreshRetried': {
      const { requestHash, token, otherParty } = event.data;
      const isOtherParty = otherParty === true;
      return { ...presented(event.data), outcome: 'retried', requestHash, token, isOtherParty };
    }
    case 'RefreshRejected': {
      const { kind, reason } = event.data;
      const isHeld = HELD.has(reason);
      const outcome = `refused:${reason}` as const;
      return { ...presented(event.data), kind, outcome, isHeld, fault: FAULTS[reason] };
    }
    case 'RefreshTokenReuseDetected':
      return { ...presented(event.data), kind: event.data.kind, outcome: 'killed' };
    case 'LedgerRollbackSuspected': {
      const outcome = 'refused:rollback_suspected';
      return { ...presented(event.data), kind: event.data.kind, outcome, isHeld: true };
    }
    case 'GrantIssued':
    case 'PresentationsCounted':
    case 'FamilyRevoked':
    case 'AccessTokenRevoked':
      return undefined;
  }
}

function presented(
  by: By & { readonly presentedGeneration?: number | undefined },
): Omit<RecordedAttempt, 'outcome'> {
  const generation = by.presentedGeneration ?? 0;
  return { kind: 'refresh', generation, by, isHeld: false, isOtherParty: false };
}

/** What the caller gets out of this decision. */
export function attemptOutcomeOf(outcome: PresentationOutcome): AttemptOutcome {
  if (outcome.kind === 'granted') return outcome.how === 'retried' ? 'retried' : 'issued';
  return outcome.reason === 'reuse_detected' ? 'killed' : `refused:${outcome.reason}`;
}
