import type { AccessTokenFacts } from '../events/field-schemas.js';
import type { Instant, Position, StreamId } from '../identifiers.js';
import { evolveFamily } from '../token-family/family.evolve.js';
import type { FamilyState } from '../token-family/family.state.js';
import { type FamilyRecord, isOfType } from './family-record.rules.js';

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

/** The access token that an event minted, before anything became of it; undefined: it minted none. */
export function mintedTokenOf(record: FamilyRecord): MintedToken | undefined {
  const isMint = isOfType(record, [
    'GrantRedeemed',
    'RefreshTokenRotated',
    'AccessTokenRefreshed',
    'RefreshRetried',
  ]);
  if (!isMint || record.data.token === undefined) return undefined;
  return mintedToken(record, record.data.token);
}

/** What an access token is called (RFC 9068, 2.2): the id of its stream, and its number there. */
export function jtiOf(streamId: StreamId, sequence: number): string {
  return `${streamId.slice(streamId.indexOf(':') + 1)}.${sequence}`;
}

/** Whether the token has not expired at this instant. A revoked one is still believed by whoever does not ask. */
export function isUnexpired(token: Pick<MintedToken, 'expiresAt'>, at: Instant): boolean {
  return token.expiresAt > at;
}

/**
 * Follows the access tokens of a family through its life, and what becomes of each until it is
 * forgotten: those that are not forgotten are in memory.
 */
export class MintedTokens {
  private family: FamilyState | undefined;
  private readonly tokens = new Map<number, MintedToken>();
  /** Of numbers that were yet to be given out: part of the ledger was lost when they came. */
  private readonly ahead = new Map<number, TokenRevocation>();

  /** Takes the next event; answers with what it minted. Throws an Error when it cannot follow. */
  see(record: FamilyRecord): MintedToken | undefined {
    const before = this.family;
    this.family = evolveFamily(before, record);
    if (record.type === 'AccessTokenRevoked') this.revoke(record, before, this.family);
    const minted = mintedTokenOf(record);
    if (minted === undefined) return undefined;
    const { sequence } = minted;
    const token = { ...minted, revoked: this.ahead.get(sequence) ?? null };
    this.ahead.delete(sequence);
    this.tokens.set(sequence, token);
    return token;
  }

  /** What is known by now of a token that was minted and not forgotten. */
  of(sequence: number): MintedToken {
    return this.tokens.get(sequence) as MintedToken;
  }

  /** All that are not forgotten, in order of their sequence. */
  all(): readonly MintedToken[] {
    return [...this.tokens.values()];
  }

  /** Forgets a token. */
  forget(sequence: number): void {
    this.tokens.delete(sequence);
  }

  private revoke(
    { recordedAt: at, position, data }: FamilyRecord<'AccessTokenRevoked'>,
    before: FamilyState | undefined,
    { revokedThrough = -1, nextSequence }: FamilyState,
  ): void {
    const end = (sequence: number, reason: TokenRevocation['reason']): void => {
      const token = this.tokens.get(sequence);
      const revoked = { at, position, reason };
      if (token?.revoked === null) this.tokens.set(sequence, { ...token, revoked });
      const isAhead = sequence >= nextSequence && !this.ahead.has(sequence);
      if (isAhead) this.ahead.set(sequence, revoked);
    };
    end(data.sequence, data.reason);
    for (let older = (before?.revokedThrough ?? -1) + 1; older <= revokedThrough; older += 1) {
      end(older, 'older_than_revoked');
    }
  }
}

function mintedToken(mint: Mint, token: AccessTokenFacts): MintedToken {
  const { sequence, issuedAt, expiresAt, scope, audience, signingKeyId, senderKey } = token;
  return {
    jti: jtiOf(mint.streamId, sequence),
    sequence,
    generation: servedGeneration(mint),
    position: mint.position,
    issuedAt,
    expiresAt,
    scope,
    audience,
    signingKeyId,
    senderKey: senderKey ?? null,
    revoked: null,
  };
}

/** A retry is answered with the successor of what was presented. */
function servedGeneration({ type, data }: Mint): number | null {
  return type === 'RefreshRetried' ? data.presentedGeneration + 1 : data.generation;
}
