import type { Instant, Position } from '../identifiers.js';
import { type FamilyRecord, familyRecordsOf, recordsOf } from './family-record.rules.js';
import { mintedTokensOf } from './minted-token.rules.js';
import { stateAt } from './state-difference.rules.js';
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
  type Events,
  type FamilyGround,
  firstOf,
  refreshTokenEnding,
  since,
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
export interface ClientTokenGround extends ClientGround {
  readonly clientToken: Events;
}

/**
 * What an access token of a family was worth at a moment, as introspection said it then (RFC 7662, 2.2).
 * The ground ends with that moment.
 */
export function accessTokenValidity(ground: FamilyGround, sequence: number, at: Instant): Validity {
  const family = stateAt('family', ground.family);
  if (family === undefined) return UNKNOWN;
  const minted = mintedTokensOf(recordsIn(ground)).find((token) => token.sequence === sequence);
  if (minted === undefined) return NOT_YET_ISSUED;
  const { scope, audience, expiresAt, position } = minted;
  const terms = { scope, audience, expiresAt };
  return expiresAt <= at
    ? validity(terms, [position], EXPIRED)
    : validity(terms, [position], accessTokenEnding(ground, family, sequence));
}

/**
 * What a refresh token of a family was worth at a moment. One that was consumed counts as worth
 * nothing, although its successor may still have been given for it inside the retry window.
 */
export function refreshTokenValidity(
  ground: FamilyGround,
  generation: number,
  at: Instant,
): Validity {
  const family = stateAt('family', ground.family);
  if (family === undefined) return UNKNOWN;
  const issue = recordsOf(
    recordsIn(ground),
    'GrantRedeemed',
    'RefreshTokenRotated',
    'AccessTokenRefreshed',
  ).findLast(({ data }) => data.generation === generation);
  if (issue === undefined) return NOT_YET_ISSUED;
  const { scope, resources, absoluteExpiresAt } = family;
  const expiresAt = issue.data.idleExpiresAt ?? absoluteExpiresAt;
  const terms = { scope, audience: resources, expiresAt };
  if (family.generation === generation) {
    return validity(terms, [issue.position], refreshTokenEnding(ground, family, at));
  }
  const by = since('family', ground.family, (state) => (state.generation ?? -1) > generation);
  return validity(terms, [issue.position], { reason: 'superseded', by });
}

/** What the code of a family was worth at a moment: it is good for one redemption (RFC 6749, 4.1.2). */
export function codeValidity(ground: FamilyGround, at: Instant): Validity {
  const family = stateAt('family', ground.family);
  if (family?.code === undefined) return UNKNOWN;
  const { scope, resources, code } = family;
  const made = firstOf(ground.family);
  if (code.redeemedAt !== undefined) {
    const by = since('family', ground.family, (state) => state.code?.redeemedAt !== undefined);
    return validity(null, made, { reason: 'redeemed', by });
  }
  const { expiresAt } = code;
  const terms = { scope, audience: resources, expiresAt };
  return validity(terms, made, codeEnding(ground, family, expiresAt, at));
}

/** What a client's own access token was worth at a moment (RFC 6749, 4.4). */
export function clientTokenValidity(ground: ClientTokenGround, at: Instant): Validity {
  const token = stateAt('client_token', ground.clientToken);
  if (token === undefined) return UNKNOWN;
  const { scope, audience, expiresAt } = token;
  const terms = { scope, audience, expiresAt };
  const made = firstOf(ground.clientToken);
  if (expiresAt <= at) return validity(terms, made, EXPIRED);
  if (!token.revoked) {
    return validity(terms, made, clientEnding(ground) ?? clientVoid(ground, token.issuedAt));
  }
  const by = since('client_token', ground.clientToken, ({ revoked }) => revoked);
  return validity(terms, made, { reason: 'access_token_revoked', by });
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
  if (ground.client.length === 0) return UNKNOWN;
  return validity(null, firstOf(ground.client), clientEnding(ground));
}

/** Whether an account could do anything at a moment. */
export function accountValidity(ground: AccountGround): Validity {
  if (ground.account.length === 0) return UNKNOWN;
  return validity(null, firstOf(ground.account), accountEnding(ground));
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

function recordsIn({ family }: FamilyGround): readonly FamilyRecord[] {
  return familyRecordsOf(family.map((event) => ({ event })));
}
