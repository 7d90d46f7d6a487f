import { Inject, Injectable } from '@nestjs/common';
import { type ActiveAccessToken, AccessTokenStatuses } from '../access/access-token-status.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.tokens.js';
import type { ClientState } from '../domain/directory/directory.state.js';
import type { Instant } from '../domain/identifiers.js';
import {
  type ActiveRefreshToken,
  RefreshTokenStatuses,
} from '../grants/refresh-token-status.service.js';

/** An answer of the introspection endpoint (RFC 7662, 2.2). */
export type IntrospectionResponse =
  { readonly active: false } | ({ readonly active: true } & Readonly<Record<string, unknown>>);

const INACTIVE: IntrospectionResponse = { active: false };

/** Tells a client what a token is worth, if it may know. */
@Injectable()
export class Introspection {
  constructor(
    private readonly accessTokens: AccessTokenStatuses,
    private readonly refreshTokens: RefreshTokenStatuses,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** What the token is worth at `now`; inactive for whoever may not know. */
  async inspect(text: string, client: ClientState, now: Instant): Promise<IntrospectionResponse> {
    const refresh = await this.refreshTokens.statusOf(text, now);
    if (refresh !== undefined) return this.refreshTokenResponse(refresh, client);
    const access = await this.accessTokens.statusOf(text, now);
    return access.isActive ? accessTokenResponse(access, client) : INACTIVE;
  }

  private refreshTokenResponse(
    { family, expiresAt }: ActiveRefreshToken,
    client: ClientState,
  ): IntrospectionResponse {
    if (family.clientId !== client.clientId && !client.mayIntrospect) return INACTIVE;
    return {
      active: true,
      scope: family.scope.join(' '),
      client_id: family.clientId,
      sub: family.subject,
      iss: this.settings.issuer,
      exp: Math.floor(expiresAt / 1000),
    };
  }
}

/** Who may know: its owner, a resource server that it is for, or who was allowed (RFC 7662, 4). */
function accessTokenResponse(
  access: ActiveAccessToken,
  client: ClientState,
): IntrospectionResponse {
  const isOwner = access.client.clientId === client.clientId;
  const isAudience = client.resources.some((uri) => access.audience.includes(uri));
  if (!isOwner && !isAudience && !client.mayIntrospect) return INACTIVE;
  const { sub, aud, iss, exp, iat, jti, auth_time } = access.token.claims;
  return {
    active: true,
    scope: access.scope.join(' '),
    client_id: access.client.clientId,
    token_type: 'Bearer',
    sub,
    aud,
    iss,
    exp,
    iat,
    jti,
    auth_time,
  };
}
