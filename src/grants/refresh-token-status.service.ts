import { Injectable } from '@nestjs/common';
import { DEFAULT_PROJECT, type Instant } from '../domain/identifiers.js';
import { familyEnd } from '../domain/token-family/family.decision.js';
import type { FamilyState } from '../domain/token-family/family.state.js';
import { Ledger } from '../ledger/ledger.port.js';
import { TokenCodec } from '../tokens/token-codec.js';

/** A refresh token that could be used now. */
export interface ActiveRefreshToken {
  readonly family: FamilyState;
  readonly expiresAt: Instant;
}

/** Says what refresh tokens are worth, without presenting them. */
@Injectable()
export class RefreshTokenStatuses {
  constructor(
    private readonly ledger: Ledger,
    private readonly codec: TokenCodec,
  ) {}

  /** The current refresh token of a family that stands; undefined for anything else. */
  async statusOf(text: string, now: Instant): Promise<ActiveRefreshToken | undefined> {
    const decoded = this.codec.decode('refresh', text);
    if (decoded === undefined) return undefined;
    return this.ledger.read((reader) => {
      const family = reader.find('family', decoded.id);
      if (family === undefined || family.generation !== decoded.number) return undefined;
      const { subject } = family;
      const ended = familyEnd(family, now, {
        client: reader.find('client', family.clientId),
        account: subject === undefined ? undefined : reader.find('account', subject),
        project: reader.find('project', DEFAULT_PROJECT),
      });
      if (ended !== undefined) return undefined;
      return { family, expiresAt: family.idleExpiresAt ?? family.absoluteExpiresAt };
    });
  }
}
