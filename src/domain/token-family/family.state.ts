import type { AccessTokenFacts } from '../events/field-schemas.js';
import type {
  CodeFacts,
  FamilyPolicy,
  RejectionReason,
  RevocationReason,
} from '../events/token-family.events.js';
import type { ClientId, Instant, Subject } from '../identifiers.js';

/** The access token that was given for a request; what the request names already is left out. */
export interface Answer {
  readonly requestHash: string;
  readonly token: Omit<AccessTokenFacts, 'scope' | 'audience'>;
}

/** Of a code, what a second redemption is judged by, and until the first what it needs. */
export type CodeState =
  | (CodeFacts & { readonly redeemedAt?: undefined })
  | (Pick<CodeFacts, 'redirectUri' | 'codeChallenge' | 'dpopJkt'> & {
      readonly redeemedAt: Instant;
    });

/** What was noted of suspicious presentations in the running hour; bounds what is recorded. */
export interface Presentations {
  readonly hourStart: Instant;
  readonly count: number;
  /** `<generation>:<reason>` of every rejection recorded in this hour. */
  readonly seen: readonly string[];
}

/**
 * A token family, folded from its events and from nothing else. Its size as JSON does not grow with
 * its age: every list in it is bounded.
 */
export interface FamilyState {
  readonly status: 'pending' | 'active' | 'revoked';
  readonly revoked?: {
    readonly at: Instant;
    readonly reason: RevocationReason;
    readonly incidentId?: string | undefined;
    readonly revocationId?: string | undefined;
  };
  readonly clientId: ClientId;
  readonly subject?: Subject | undefined;
  readonly sessionId?: string | undefined;
  readonly grantType: string;
  readonly scope: readonly string[];
  readonly resources: readonly string[];
  readonly offline: boolean;
  readonly authTime?: Instant | undefined;
  readonly acr?: string | undefined;
  readonly amr: readonly string[];
  readonly grantedAt: Instant;
  readonly policy: FamilyPolicy;
  readonly code?: CodeState | undefined;
  /** Of the current refresh token; null until redeemed, and when none was issued. */
  readonly generation: number | null;
  readonly keyId?: string | undefined;
  /** When the last rotations were, oldest first; the last one made the current generation. */
  readonly recentRotations: readonly Instant[];
  /** When the current refresh token was used last, where it stays the same one. */
  readonly refreshedAt?: Instant;
  readonly idleExpiresAt?: Instant | undefined;
  readonly absoluteExpiresAt: Instant;
  readonly boundSenderKey?: string | undefined;
  readonly nextSequence: number;
  /** Of the current rotation only, at most `ANSWERS_REMEMBERED`, oldest first. */
  readonly answers: readonly Answer[];
  /** Revoked access tokens that have not expired yet, at most `REVOKED_SEQUENCES_REMEMBERED`. */
  readonly revokedSequences: readonly { readonly sequence: number; readonly expiresAt: Instant }[];
  /** Every access token up to this sequence is revoked; set when the list above overflowed. */
  readonly revokedThrough?: number;
  readonly presentations: Presentations;
  /** Of the last five generations, those retried by another party. */
  readonly shadowedGenerations: readonly number[];
  readonly updatedAt: Instant;
}

/** How many rotations a family remembers. */
export const ROTATIONS_REMEMBERED = 8;
/** How many answers the current rotation remembers. */
export const ANSWERS_REMEMBERED = 4;
/** How many single revocations are remembered before all older tokens are revoked with them. */
export const REVOKED_SEQUENCES_REMEMBERED = 8;
/** How many generations back a shadowed retry still counts. */
export const SHADOW_GENERATIONS = 5;
/** How many rejections and retries of one family are recorded one by one in an hour. */
export const PRESENTATIONS_PER_HOUR = 20;
/** How many presentations in an hour still leave room for the other party of an incident. */
export const OTHER_PARTY_PER_HOUR = 100;
/** An hour, in milliseconds. */
export const HOUR = 3_600_000;

/** The key under which a rejection counts as seen. */
export function presentationKey(generation: number | undefined, reason: RejectionReason): string {
  return `${generation ?? ''}:${reason}`;
}

/** When the given generation was consumed, if that is still remembered. */
export function consumedAt(state: FamilyState, generation: number): Instant | undefined {
  const { recentRotations, generation: current } = state;
  return recentRotations[recentRotations.length + generation - (current ?? 0)];
}

/** Whether the access token of this sequence was revoked, alone or with its whole family. */
export function isAccessTokenRevoked(state: FamilyState, sequence: number): boolean {
  return (
    state.status === 'revoked' ||
    (state.revokedThrough !== undefined && sequence <= state.revokedThrough) ||
    state.revokedSequences.some((revoked) => revoked.sequence === sequence)
  );
}
