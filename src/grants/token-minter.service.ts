import { Inject, Injectable } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.tokens.js';
import type { AccessTokenFacts } from '../domain/events/field-schemas.js';
import type { Instant } from '../domain/identifiers.js';
import type { Granted } from '../domain/token-family/family.decision.js';
import { mintAccessToken } from '../tokens/access-token.js';
import { mintIdToken } from '../tokens/id-token.js';
import type { JwtSigner } from '../tokens/signing-key-ring.js';
import { TokenCodec } from '../tokens/token-codec.js';
import type { TokenAnswer } from './token-answer.js';
import type { MintableDecision } from './token-signing.service.js';

/** Makes the texts of tokens from recorded facts: the same facts always make the same claims. */
@Injectable()
export class TokenMinter {
  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly codec: TokenCodec,
  ) {}

  /** The authorization code of a family. */
  authorizationCode(familyId: string, keyId: string, epoch: number): string {
    return this.codec.encode({ kind: 'code', keyId, epoch, log: 0, id: familyId, number: 0 });
  }

  /** The tokens of a decision, to be called only after its commit. */
  async answer(
    familyId: string,
    decision: MintableDecision<Granted>,
    now: Instant,
  ): Promise<TokenAnswer> {
    const { outcome: granted, epoch, signer } = decision;
    const { family, token, generation } = granted;
    const accessToken = await this.accessToken(familyId, token, family, signer);
    return {
      kind: 'granted',
      how: granted.how,
      accessToken,
      expiresIn: secondsUntil(token.expiresAt, Math.max(now, token.issuedAt)),
      scope: token.scope,
      idToken: granted.idToken ? await this.idToken(granted, accessToken, signer) : undefined,
      refreshToken: this.refreshToken(familyId, granted, epoch),
      refreshTokenExpiresIn:
        generation === null ? undefined : secondsUntil(granted.idleExpiresAt, now),
    };
  }

  /** A client's own access token (client_credentials). */
  async clientToken(
    tokenId: string,
    clientId: string,
    { outcome: token, signer }: MintableDecision<AccessTokenFacts>,
    now: Instant,
  ): Promise<TokenAnswer> {
    return {
      kind: 'granted',
      how: 'client_token',
      accessToken: await this.accessToken(tokenId, token, { clientId }, signer),
      expiresIn: secondsUntil(token.expiresAt, Math.max(now, token.issuedAt)),
      scope: token.scope,
    };
  }

  private refreshToken(
    id: string,
    { generation, keyId }: Granted,
    epoch: number,
  ): string | undefined {
    if (generation === null) return undefined;
    return this.codec.encode({ kind: 'refresh', keyId, epoch, log: 0, id, number: generation });
  }

  private accessToken(
    familyId: string,
    facts: AccessTokenFacts,
    owner: { readonly clientId: string } & Partial<
      Pick<Granted['family'], 'subject' | 'authTime' | 'acr' | 'amr'>
    >,
    signer: JwtSigner,
  ): Promise<string> {
    const { clientId, authTime, acr, amr } = owner;
    const subject = owner.subject ?? clientId;
    const { issuer } = this.settings;
    return mintAccessToken(
      { facts, familyId, issuer, subject, clientId, authTime, acr, amr },
      signer,
    );
  }

  private idToken(granted: Granted, accessToken: string, signer: JwtSigner): Promise<string> {
    const { family, token } = granted;
    return mintIdToken(
      {
        issuer: this.settings.issuer,
        subject: family.subject ?? '',
        clientId: family.clientId,
        issuedAt: token.issuedAt,
        authTime: family.authTime,
        acr: family.acr,
        amr: family.amr,
        sessionId: family.sessionId,
        nonce: family.code?.redeemedAt === undefined ? family.code?.nonce : undefined,
        accessToken,
        signingKeyId: token.signingKeyId,
      },
      signer,
    );
  }
}

function secondsUntil(instant: Instant, now: Instant): number {
  return Math.max(0, Math.floor((instant - now) / 1000));
}
