import { Inject, Injectable } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.tokens.js';
import type { Instant } from '../domain/identifiers.js';
import { numericDate } from '../tokens/jwt-verification.js';
import { type JwtClaims, SigningKeyRing } from '../tokens/signing-key-ring.js';

/** What a record is about, and what it says. */
export interface RecordContent {
  readonly id: string;
  /** When it became so. */
  readonly at: Instant;
  readonly claims: JwtClaims;
}

/**
 * Signs what operators keep as evidence: whoever has the public keys of the issuer can check it without
 * asking us. Its type tells it from every token, and it has neither an audience nor a subject.
 */
@Injectable()
export class SignedRecords {
  constructor(
    private readonly ring: SigningKeyRing,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'issuer'>,
  ) {}

  /** A compact JWS (RFC 7515, 7.1); undefined where no key signs. The same content says the same. */
  async sign(typ: string, { id, at, claims }: RecordContent): Promise<string | undefined> {
    if (this.ring.activeKeyId === undefined) await this.ring.refill();
    const { activeKeyId } = this.ring;
    if (activeKeyId === undefined) return undefined;
    const registered = { iss: this.settings.issuer, jti: id, iat: numericDate(at) };
    return this.ring.signJwt({ typ }, { ...claims, ...registered }, activeKeyId);
  }
}
