import type { AccessTokenFacts } from '../events/field-schemas.js';
import type { Instant, Position } from '../identifiers.js';
import { evolveFamily } from '../token-family/family.evolve.js';
import type { FamilyState } from '../token-family/family.state.js';
import { type FamilyRecord, recordsOf } from './family-record.rules.js';

/** Why one access token ended before it expired. */
export interface TokenRevocation {
  readonly at: Instant;
  readonly position: Position;
  /** `older_than_revoked`: it went with a newer one, as a family remembers few single revocations. */
  readonly reason: 'client_request' | 'operator_request' | 'older_than_revoked';
}

/** An access token that a family gave out. */
export interface MintedToken {
  /** `<family>.<sequence>`, as the token itself says it. */
  readonly jti: string;
  readonly sequence: number;
  /** Of the refresh token that was answered with it; null when there was none. */
  readonly generation: number | null;
  /** Of the event that minted it. */
  readonly position: Position;
  readonly issuedAt: Instant;
  readonly expiresAt: Instant;
  readonly scope: readonly string[];
  readonly audience: readonly string[];
  readonly signingKeyId: string;
  readonly senderKey: string | null;
  /** Its own revocation, not that of its family; null: there was none. */
  readonly revoked: TokenRevocation | null;
}

type Mint = FamilyRecord<
  'GrantRedeemed' | 'RefreshTokenRotated' | 'AccessTokenRefreshed' | 'RefreshRetried'
>;

/** Every access token of a family in order of its sequence, from all events of the family. */
export function mintedTokensOf(records: readonly FamilyRecord[]): readonly MintedToken[] {
  const revocations = revocationsOf(records);
  const mints = recordsOf(
    records,
    'GrantRedeemed',
    'RefreshTokenRotated',
    'AccessTokenRefreshed',
    'RefreshRetried',
  );
  return mints.flatMap((mint) => {
    const { token } = mint.data;
    return token === undefined ? [] : [mintedToken(mint, token, revocations.get(token.sequence))];
  });
}

/** Whether the token has not expired at this instant. A revoked one is still believed by whoever does not ask. */
export function isUnexpired(token: Pick<MintedToken, 'expiresAt'>, at: Instant): boolean {
  return token.expiresAt > at;
}

function mintedToken(
  mint: Mint,
  token: AccessTokenFacts,
  revoked: TokenRevocation | undefined,
): MintedToken {
  const { sequence, issuedAt, expiresAt, scope, audience, signingKeyId, senderKey } = token;
  return {
    jti: `${mint.streamId.slice('family:'.length)}.${sequence}`,
    sequence,
    generation: servedGeneration(mint),
    position: mint.position,
    issuedAt,
    expiresAt,
    scope,
    audience,
    signingKeyId,
    senderKey: senderKey ?? null,
    revoked: revoked ?? null,
  };
}

/** A retry is answered with the successor of what was presented. */
function servedGeneration({ type, data }: Mint): number | null {
  return type === 'RefreshRetried' ? data.presentedGeneration + 1 : data.generation;
}

function revocationsOf(records: readonly FamilyRecord[]): ReadonlyMap<number, TokenRevocation> {
  const revocations = new Map<number, TokenRevocation>();
  let state: FamilyState | undefined;
  for (const record of records) {
    const before = state?.revokedThrough;
    state = evolveFamily(state, record);
    if (record.type !== 'AccessTokenRevoked') continue;
    const { recordedAt: at, position, data } = record;
    const revoke = (sequence: number, reason: TokenRevocation['reason']): void => {
      if (!revocations.has(sequence)) revocations.set(sequence, { at, position, reason });
    };
    revoke(data.sequence, data.reason);
    const through = state.revokedThrough ?? -1;
    for (let older = (before ?? -1) + 1; older <= through; older += 1) {
      revoke(older, 'older_than_revoked');
    }
  }
  return revocations;
}
