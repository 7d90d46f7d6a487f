import type { Instant, Position } from '../identifiers.js';
import type { Course, Watches } from './stream-course.rules.js';
import {
  type AccessTokenEnd,
  accessTokenEnding,
  accountEnding,
  type AccountGround,
  clientEnding,
  clientVoid,
  type ClientGround,
  codeEnding,
  type Ending,
  type FamilyGround,
  refreshTokenEnding,
  type SigningKeyGround,
  signingKeyVoid,
} from './validity-ending.rules.js';

/** Why something was worth nothing at a moment. */
export type InvalidityReason =
  AccessTokenEnd | 'redeemed' | 'expired' | 'superseded' | 'not_yet_issued' | 'unknown';

/** What a token was minted with. */
export interface TokenTerms {
  readonly scope: readonly string[];
  readonly audience: readonly string[];
  readonly expiresAt: Instant;
}

/** What something was worth at a moment, and by which events. */
export interface Validity {
  readonly isValid: boolean;
  /** null when it was valid. */
  readonly reason: InvalidityReason | null;
  /** null for what is no token, and for one that had not been minted by then. */
  readonly terms: TokenTerms | null;
  /** What made it, then what ended it. */
  readonly decidedBy: readonly Position[];
}

/** What an ID token says of itself. */
export interface IdTokenTerms {
  readonly clientId: string;
  readonly issuedAt: Instant;
  readonly expiresAt: Instant;
}

/** All that a client's own token depends on. */
export interface ClientTokenGround extends ClientGround, SigningKeyGround {
  readonly clientToken: Course<'client_token', 'revoked'>;
}

/** What is watched for in a client's own token. */
export const CLIENT_TOKEN_WATCHES: Watches<'client_token', 'revoked'> = {
  revoked: ({ revoked }) => revoked,
};

/**
 * What an access token of a family was worth at a moment, as introspection said it then (RFC 7662, 2.2).
 * The ground ends with that moment, and was asked for with the sequence of the token.
 */
export function accessTokenValidity(ground: FamilyGround, sequence: number, at: Instant): Validity {
  const { state: family, minted } = ground.family;
  if (family === undefined) return UNKNOWN;
  if (minted === undefined) return NOT_YET_ISSUED;
  const { scope, audience, expiresAt, position } = minted;
  const terms = { scope, audience, expiresAt };
  return expiresAt <= at
    ? validity(terms, [position], EXPIRED)
    : validity(terms, [position], accessTokenEnding(ground, family, sequence));
}

/**
 * What a refresh token of a family was worth at a moment. One that was consumed counts as worth
 * nothing, although its successor may still have been given for it inside the retry window. The ground
 * was asked for with the generation of the token.
 */
export function refreshTokenValidity(
  ground: FamilyGround,
  generation: number,
  at: Instant,
): Validity {
  const { state: family, issue, since } = ground.family;
  if (family === undefined) return UNKNOWN;
  if (issue === undefined) return NOT_YET_ISSUED;
  const { scope, resources, absoluteExpiresAt } = family;
  const expiresAt = issue.data.idleExpiresAt ?? absoluteExpiresAt;
  const terms = { scope, audience: resources, expiresAt };
  const ending =
    family.generation === generation
      ? refreshTokenEnding(ground, family, at)
      : ({ reason: 'superseded', by: since.superseded } as const);
  return validity(terms, [issue.position], ending);
}

/** What the code of a family was worth at a moment: it is good for one redemption (RFC 6749, 4.1.2). */
export function codeValidity(ground: FamilyGround, at: Instant): Validity {
  const { state: family, began, since } = ground.family;
  if (family?.code === undefined) return UNKNOWN;
  const { scope, resources, code } = family;
  if (code.redeemedAt !== undefined) {
    return validity(null, began, { reason: 'redeemed', by: since.redeemed });
  }
  const { expiresAt } = code;
  const terms = { scope, audience: resources, expiresAt };
  return validity(terms, began, codeEnding(ground, family, expiresAt, at));
}

/** What a client's own access token was worth at a moment (RFC 6749, 4.4). */
export function clientTokenValidity(ground: ClientTokenGround, at: Instant): Validity {
  const { state: token, began, since } = ground.clientToken;
  if (token === undefined) return UNKNOWN;
  const { scope, audience, expiresAt } = token;
  const terms = { scope, audience, expiresAt };
  if (expiresAt <= at) return validity(terms, began, EXPIRED);
  return token.revoked
    ? validity(terms, began, { reason: 'access_token_revoked', by: since.revoked })
    : validity(terms, began, clientEnding(ground) ?? clientVoid(ground) ?? signingKeyVoid(ground));
}

/** What an ID token was worth at a moment: nothing but its expiry ends it, and it opens nothing. */
export function idTokenValidity(
  { clientId, issuedAt, expiresAt }: IdTokenTerms,
  at: Instant,
): Validity {
  if (at < issuedAt) return NOT_YET_ISSUED;
  const terms = { scope: [], audience: [clientId], expiresAt };
  return validity(terms, [], expiresAt <= at ? EXPIRED : undefined);
}

/** Whether a client could do anything at a moment. */
export function clientValidity(ground: ClientGround): Validity {
  if (ground.client.state === undefined) return UNKNOWN;
  return validity(null, ground.client.began, clientEnding(ground));
}

/** Whether an account could do anything at a moment. */
export function accountValidity(ground: AccountGround): Validity {
  if (ground.account.state === undefined) return UNKNOWN;
  return validity(null, ground.account.began, accountEnding(ground));
}

const EXPIRED: Ending<InvalidityReason> = { reason: 'expired', by: [] };
const UNKNOWN = validity(null, [], { reason: 'unknown', by: [] });
const NOT_YET_ISSUED = validity(null, [], { reason: 'not_yet_issued', by: [] });

function validity(
  terms: TokenTerms | null,
  made: readonly Position[],
  ending: Ending<InvalidityReason> | undefined,
): Validity {
  if (ending === undefined) return { isValid: true, reason: null, terms, decidedBy: made };
  return { isValid: false, reason: ending.reason, terms, decidedBy: [...made, ...ending.by] };
}
