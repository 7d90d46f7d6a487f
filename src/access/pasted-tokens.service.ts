import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { Instant } from '../domain/identifiers.js';
import { TokenCodec } from '../tokens/token-codec.js';
import { AccessTokenStatuses } from './access-token-status.js';

/** What a genuine token names; whether it still counts is not said. */
export type NamedToken =
  | { readonly kind: 'refresh'; readonly familyId: string; readonly generation: number }
  | { readonly kind: 'code'; readonly familyId: string }
  /** `familyId`: of the family, or of the stream of a client's own token. */
  | { readonly kind: 'access'; readonly familyId: string; readonly sequence: number }
  | ({ readonly kind: 'id' } & NamedIdToken);

/** What an ID token names, and until when it was made. */
export interface NamedIdToken {
  readonly subject: string;
  readonly clientId: string;
  readonly sessionId: string | null;
  readonly issuedAt: Instant;
  readonly expiresAt: Instant;
}

const idTokenClaims = z.object({
  sub: z.string(),
  aud: z.string(),
  sid: z.string().nullable().default(null),
  iat: z.int(),
  exp: z.int(),
});

const TOKEN_ID = /^([0-9a-f]{32})\.(0|[1-9]\d{0,14})$/;

/** Reads tokens that somebody found somewhere. Nothing of them is kept. */
@Injectable()
export class PastedTokens {
  constructor(
    private readonly codec: TokenCodec,
    private readonly statuses: AccessTokenStatuses,
  ) {}

  /**
   * What a text names as a token that we minted, also one that expired or was signed with a key that
   * is retired; undefined for anything else. Attacker-controlled.
   */
  async read(text: string): Promise<NamedToken | undefined> {
    const refresh = this.codec.decode('refresh', text);
    if (refresh !== undefined) {
      return { kind: 'refresh', familyId: refresh.id, generation: refresh.number };
    }
    const code = this.codec.decode('code', text);
    if (code !== undefined) return { kind: 'code', familyId: code.id };
    const opaque = this.codec.decode('access', text);
    if (opaque !== undefined) {
      return { kind: 'access', familyId: opaque.id, sequence: opaque.number };
    }
    // At the beginning of time nothing has expired.
    const access = await this.statuses.verify(text, 0);
    if (access === undefined) return this.readIdToken(text);
    const { familyId, sequence } = access;
    return { kind: 'access', familyId, sequence };
  }

  private async readIdToken(text: string): Promise<NamedToken | undefined> {
    const { data } = idTokenClaims.safeParse(await this.statuses.readIdToken(text));
    if (data === undefined) return undefined;
    const { sub: subject, aud: clientId, sid: sessionId, iat, exp } = data;
    const span = { issuedAt: iat * 1000, expiresAt: exp * 1000 };
    return { kind: 'id', subject, clientId, sessionId, ...span };
  }
}

/** What a `jti` of an access token names; undefined for any other text. Attacker-controlled. */
export function tokenOfJti(jti: string): NamedToken | undefined {
  const [, familyId, sequence] = TOKEN_ID.exec(jti) ?? [];
  return familyId === undefined
    ? undefined
    : { kind: 'access', familyId, sequence: Number(sequence) };
}
