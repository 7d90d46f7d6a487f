import type { RecordedEvent } from '../envelope.js';
import type { AccessTokenFacts } from '../events/field-schemas.js';
import type { Instant } from '../identifiers.js';
import { isUnexpired } from '../investigation/minted-token.rules.js';

/** No access token lives longer, in milliseconds: a day, and the rest of its last second. */
export const ACCESS_TOKEN_LIFETIME_MAX = 86_401_000;

/** How many access tokens have a scope. */
export interface ScopeReach {
  readonly scope: string;
  readonly accessTokens: number;
}

/** What access tokens can still be believed for, by whoever does not ask whether they were revoked. */
export interface TokenReach {
  readonly accessTokens: number;
  /** Sorted by scope. */
  readonly scopes: readonly ScopeReach[];
  /** Sorted. */
  readonly audiences: readonly string[];
  /** When the last of them expires; null: there is none. */
  readonly lastExpiresAt: Instant | null;
}

/** The reach of no token at all. */
export const NO_REACH: TokenReach = {
  accessTokens: 0,
  scopes: [],
  audiences: [],
  lastExpiresAt: null,
};

/** The access token that an event minted, if it did. */
export function tokenIn({ data }: Pick<RecordedEvent, 'data'>): AccessTokenFacts | undefined {
  return data['token'] as AccessTokenFacts | undefined;
}

/** Whether an event minted an access token that has not expired at an instant. */
export function mintedUnexpired(event: Pick<RecordedEvent, 'data'>, at: Instant): boolean {
  const token = tokenIn(event);
  return token !== undefined && isUnexpired(token, at);
}

/** The reach of the access tokens that these events minted, at an instant. */
export function reachOf(events: readonly Pick<RecordedEvent, 'data'>[], at: Instant): TokenReach {
  return events.reduce((reach: TokenReach, event) => {
    const token = tokenIn(event);
    if (token === undefined || !isUnexpired(token, at)) return reach;
    const { scope, audience, expiresAt } = token;
    return together(reach, {
      accessTokens: 1,
      scopes: scope.map((one) => ({ scope: one, accessTokens: 1 })),
      audiences: audience,
      lastExpiresAt: expiresAt,
    });
  }, NO_REACH);
}

/** Two reaches as one. */
export function together(one: TokenReach, other: TokenReach): TokenReach {
  const ends = [one.lastExpiresAt, other.lastExpiresAt].filter((end) => end !== null);
  return {
    accessTokens: one.accessTokens + other.accessTokens,
    scopes: scopesOf([...one.scopes, ...other.scopes]),
    audiences: [...new Set([...one.audiences, ...other.audiences])].sort(),
    lastExpiresAt: ends.length === 0 ? null : Math.max(...ends),
  };
}

function scopesOf(reaches: readonly ScopeReach[]): readonly ScopeReach[] {
  const counts = new Map<string, number>();
  for (const { scope, accessTokens } of reaches) {
    counts.set(scope, (counts.get(scope) ?? 0) + accessTokens);
  }
  return [...counts]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([scope, accessTokens]) => ({ scope, accessTokens }));
}
