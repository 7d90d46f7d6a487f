import { Inject, Injectable } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.tokens.js';
import { SigningKeys } from '../directory/signing-keys.service.js';
import type { AccountState, ClientState } from '../domain/directory/directory.state.js';
import { hasEndedWithSession, withRoot } from '../domain/directory/session.decider.js';
import type { RejectionReason } from '../domain/events/token-family.events.js';
import { DEFAULT_PROJECT, type Instant } from '../domain/identifiers.js';
import {
  isVoidByClient,
  isVoidBySigningKey,
} from '../domain/revocation/tokens-not-before.rules.js';
import { ownersEnd } from '../domain/token-family/family.decision.js';
import { type FamilyState, isAccessTokenRevoked } from '../domain/token-family/family.state.js';
import { Ledger, type StateReader } from '../ledger/ledger.port.js';
import { type VerifiedAccessToken, verifyAccessToken } from '../tokens/access-token.js';
import { readIdTokenHint } from '../tokens/id-token.js';
import { SigningKeyRing } from '../tokens/signing-key-ring.js';
import { VerifiedTokens } from '../tokens/verified-tokens.js';

/** What an ID token says. */
export type IdTokenClaims = NonNullable<Awaited<ReturnType<typeof readIdTokenHint>>>;

/** Whose a token is that nothing has ended. */
interface Owners {
  readonly client: ClientState;
  /** Absent when the client got the token for itself. */
  readonly account?: AccountState | undefined;
  /** Absent when the client got the token for itself. */
  readonly family?: FamilyState | undefined;
}

/** An access token that is good now, what it says, and whose it is. */
export interface ActiveAccessToken extends Owners {
  readonly isActive: true;
  readonly token: VerifiedAccessToken;
  readonly scope: readonly string[];
  readonly audience: readonly string[];
}

/** Something that is worth nothing as an access token, and why; never said to the caller. */
export interface InactiveAccessToken {
  readonly isActive: false;
  readonly reason: RejectionReason | 'not_genuine' | 'access_token_revoked' | 'unknown_to_ledger';
}

/** What an access token is worth now. */
export type AccessTokenStatus = ActiveAccessToken | InactiveAccessToken;

/** Says what access tokens are worth, for every door that takes one. */
@Injectable()
export class AccessTokenStatuses {
  private readonly verified: VerifiedTokens;

  constructor(
    private readonly ledger: Ledger,
    private readonly ring: SigningKeyRing,
    private readonly signingKeys: SigningKeys,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'issuer'>,
  ) {
    this.verified = new VerifiedTokens(ring);
  }

  /**
   * What a text is worth as an access token: signed by us, not expired at `now`, and its family,
   * client, account and project as the ledger has them at this moment. Attacker-controlled.
   */
  async statusOf(text: string, now: Instant = Date.now()): Promise<AccessTokenStatus> {
    const token = await this.verify(text, now);
    return token === undefined ? inactive('not_genuine') : this.statusOfVerified(token);
  }

  /** The same for a token that was verified already. */
  async statusOfVerified(token: VerifiedAccessToken): Promise<AccessTokenStatus> {
    const standing = await this.ledger.read((reader) => standingOf(reader, token));
    if ('reason' in standing) return standing;
    const { aud, scope } = token.claims;
    const { family, client, account } = standing;
    return {
      family,
      client,
      account,
      isActive: true,
      token,
      scope: typeof scope === 'string' ? scope.split(' ') : [],
      audience: typeof aud === 'string' ? [aud] : (aud ?? []),
    };
  }

  /** What a text says as an ID token that we signed, expired or not; undefined for anything else. */
  async readIdToken(text: string): Promise<IdTokenClaims | undefined> {
    if ((await this.knownKeyOf(text)) === undefined) return undefined;
    return readIdTokenHint(text, { issuer: this.settings.issuer, ring: this.ring });
  }

  /**
   * What a text says as an access token that we signed and that has not expired at `now`, whichever
   * process made the key; undefined for anything else. Whether it still counts is not said.
   */
  async verify(text: string, now: Instant): Promise<VerifiedAccessToken | undefined> {
    const kept = this.verified.find(text, now);
    if (kept !== undefined) return kept;
    const keyId = await this.knownKeyOf(text);
    if (keyId === undefined) return undefined;
    const { issuer } = this.settings;
    const token = await verifyAccessToken(text, { issuer, ring: this.ring, now });
    if (token !== undefined) this.verified.keep(text, keyId, token);
    return token;
  }

  /** The key that a text claims to be signed with, if there is one; it proves nothing. */
  private async knownKeyOf(text: string): Promise<string | undefined> {
    const keyId = keyIdOf(text);
    return keyId !== undefined && (await this.signingKeys.verifies(keyId)) ? keyId : undefined;
  }
}

const HEADER_CHARACTERS_MAX = 1024;

/** The key id that a text claims in its JOSE header (RFC 7515, 4.1.4). It proves nothing. */
function keyIdOf(text: string): string | undefined {
  const end = text.indexOf('.');
  if (end < 1 || end > HEADER_CHARACTERS_MAX) return undefined;
  try {
    const header: unknown = JSON.parse(Buffer.from(text.slice(0, end), 'base64url').toString());
    const keyId = (header as { readonly kid?: unknown } | null)?.kid;
    return typeof keyId === 'string' ? keyId : undefined;
  } catch {
    return undefined;
  }
}

function standingOf(reader: StateReader, token: VerifiedAccessToken): Owners | InactiveAccessToken {
  const family = reader.find('family', token.familyId);
  const owners =
    family === undefined
      ? ownersOfClientToken(reader, token.familyId)
      : ownersOfFamilyToken(reader, family, token.sequence);
  if ('reason' in owners) return owners;
  const key = reader.find('signing_key', token.signingKeyId);
  const signedAt = (token.claims.iat ?? 0) * 1000;
  return key !== undefined && isVoidBySigningKey(signedAt, key) ? inactive('not_before') : owners;
}

function ownersOfFamilyToken(
  reader: StateReader,
  family: FamilyState,
  sequence: number,
): Owners | InactiveAccessToken {
  if (sequence >= family.nextSequence) return inactive('unknown_to_ledger');
  if (family.status === 'revoked') return inactive('family_revoked');
  if (isAccessTokenRevoked(family, sequence)) return inactive('access_token_revoked');
  const { sessionId, subject } = family;
  const isBound = !family.offline && sessionId !== undefined;
  const find = (id: string) => reader.find('session', id);
  const session = isBound ? withRoot(find(sessionId), find) : undefined;
  if (hasEndedWithSession(family, session)) return inactive('session_ended');
  const client = reader.find('client', family.clientId);
  const account = subject === undefined ? undefined : reader.find('account', subject);
  const project = reader.find('project', DEFAULT_PROJECT);
  const reason = ownersEnd(family, { client, account, project });
  if (client === undefined || reason !== undefined) return inactive(reason ?? 'client_disabled');
  return { client, account, family };
}

function ownersOfClientToken(reader: StateReader, tokenId: string): Owners | InactiveAccessToken {
  const token = reader.find('client_token', tokenId);
  if (token === undefined) return inactive('unknown_to_ledger');
  if (token.revoked) return inactive('access_token_revoked');
  const client = reader.find('client', token.clientId);
  if (client?.status !== 'active') return inactive('client_disabled');
  const project = reader.find('project', DEFAULT_PROJECT);
  if (project?.status !== 'active') return inactive('project_disabled');
  return isVoidByClient(token.issuedAt, client) ? inactive('not_before') : { client };
}

function inactive(reason: InactiveAccessToken['reason']): InactiveAccessToken {
  return { isActive: false, reason };
}
