import { Controller, Get, Header, HttpCode, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { type ActiveAccessToken, AccessTokenStatuses } from '../access/access-token-status.js';
import { requestContextOf } from '../access/request-context.js';
import { ProfilesReader } from '../directory/profiles.reader.js';
import { formParameters } from './form-body.js';
import { OAuthError, type OAuthErrorCode } from './oauth.error.js';

const BEARER = /^Bearer +([A-Za-z0-9\-._~+/]+=*) *$/i;

/** The userinfo endpoint (OIDC Core, 5.3). */
@Controller('oauth/userinfo')
export class UserinfoController {
  constructor(
    private readonly statuses: AccessTokenStatuses,
    private readonly profiles: ProfilesReader,
  ) {}

  /** Claims about the person that the access token is for. */
  @Get()
  @Header('cache-control', 'no-store')
  get(@Req() request: FastifyRequest): Promise<Readonly<Record<string, unknown>>> {
    return this.claims(request, undefined);
  }

  /** The same by POST; the token may then stand in the form (RFC 6750, 2.2). */
  @Post()
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  post(@Req() request: FastifyRequest): Promise<Readonly<Record<string, unknown>>> {
    const hasForm = request.headers['content-type'] !== undefined;
    return this.claims(request, hasForm ? formParameters(request).get('access_token') : undefined);
  }

  private async claims(
    request: FastifyRequest,
    posted: string | undefined,
  ): Promise<Readonly<Record<string, unknown>>> {
    const text = tokenOf(request.headers.authorization, posted);
    const status = await this.statuses.statusOf(text, requestContextOf(request).receivedAt);
    if (!status.isActive) {
      throw challenge('invalid_token', 'the access token is invalid, expired or revoked');
    }
    if (status.account === undefined || !status.scope.includes('openid')) {
      throw challenge('insufficient_scope', 'the access token needs the scope openid');
    }
    return this.claimsOf(status, status.account.subject);
  }

  private async claimsOf(
    { scope }: ActiveAccessToken,
    subject: Parameters<ProfilesReader['profile']>[0],
  ): Promise<Readonly<Record<string, unknown>>> {
    const profile = await this.profiles.profile(subject);
    const { name, username, email, emailVerified } = profile ?? {};
    return {
      sub: subject,
      ...(scope.includes('profile') ? { name, preferred_username: username } : {}),
      ...(scope.includes('email') && email !== undefined
        ? { email, email_verified: emailVerified ?? false }
        : {}),
    };
  }
}

function tokenOf(authorization: string | undefined, posted: string | undefined): string {
  if (authorization === undefined && posted === undefined) {
    throw challenge(undefined, 'an access token is needed');
  }
  if (authorization !== undefined && posted !== undefined) {
    throw challenge('invalid_request', 'send the access token in one place');
  }
  const isBearer = authorization === undefined || /^Bearer(?: |$)/i.test(authorization);
  if (!isBearer && posted === undefined) throw challenge(undefined, 'an access token is needed');
  const text = posted ?? BEARER.exec(authorization ?? '')?.[1];
  if (text === undefined) throw challenge('invalid_request', 'the access token is malformed');
  return text;
}

/** RFC 6750, 3: who has sent no token is told no error code in the challenge. */
function challenge(
  error:
    Extract<OAuthErrorCode, 'invalid_request' | 'invalid_token' | 'insufficient_scope'> | undefined,
  description: string,
): OAuthError {
  const code = error === undefined ? '' : `, error="${error}"`;
  return new OAuthError(error ?? 'invalid_token', description, {
    headers: { 'www-authenticate': `Bearer realm="token-ledger"${code}` },
  });
}
