import type { Granted, Refused } from '../domain/token-family/family.decision.js';

/** Tokens as the client gets them. The texts are secret: never logged, never stored. */
export interface TokenAnswer {
  readonly kind: 'granted';
  readonly how: Granted['how'] | 'client_token';
  readonly accessToken: string;
  /** Seconds. */
  readonly expiresIn: number;
  readonly scope: readonly string[];
  readonly refreshToken?: string | undefined;
  /** Seconds. */
  readonly refreshTokenExpiresIn?: number | undefined;
  readonly idToken?: string | undefined;
}

/** Why there are no tokens: what the client may know, and what is only for us. */
export interface TokenRefusal {
  readonly kind: 'refused';
  readonly error: Refused['error'];
  /** The private detail: for metrics and the log, never for the answer. */
  readonly reason: Refused['reason'] | 'malformed_token' | 'request_refused';
}

/** What a request for tokens came to. */
export type TokenOutcome = TokenAnswer | TokenRefusal;
