import { Controller, Header, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { FastifyRequest } from 'fastify';
import { requestContextOf } from '../access/request-context.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.tokens.js';
import type { Caller } from '../domain/token-family/family.decision.js';
import { IssueClientToken } from '../grants/issue-client-token.command.js';
import { RedeemCode } from '../grants/redeem-code.command.js';
import { RefreshTokens } from '../grants/refresh-tokens.command.js';
import type { RequestContext } from '../grants/request-context.js';
import type { TokenAnswer, TokenOutcome } from '../grants/token-answer.js';
import { TokenObserver } from '../grants/token-observer.port.js';
import { ClientAuthentication, invalidClient } from './client-authentication.service.js';
import { formParameters } from './form-body.js';
import { OAuthError } from './oauth.error.js';
import type { Parameters } from './parameters.js';
import { accessRequestOf, resourceRequestOf } from './request-parameters.js';

/** A successful answer of the token endpoint (RFC 6749, 5.1). */
export interface TokenResponse {
  readonly access_token: string;
  readonly token_type: 'Bearer';
  /** Seconds. */
  readonly expires_in: number;
  readonly scope: string;
  readonly refresh_token?: string | undefined;
  /** Seconds. */
  readonly refresh_token_expires_in?: number | undefined;
  readonly id_token?: string | undefined;
}

/** What may be said of a refusal; why it really was stays in the ledger. */
const descriptions = {
  invalid_grant: 'the code or token is invalid, expired, revoked or was issued to another client',
  invalid_scope: 'the scope is malformed, or wider than what may be granted',
  invalid_target: 'the resource is malformed, or not one that may be asked for',
  temporarily_unavailable: 'too many different requests with this refresh token: use its successor',
  unauthorized_client: 'the client may not use this grant type',
} as const;
/** Too Many Requests (RFC 6585, 4): it is the caller that is busy, not the service. */
const TOO_MANY_REQUESTS = 429;

/** The token endpoint (RFC 6749, 3.2): it translates, and decides nothing. */
@Controller('oauth/token')
export class TokenController {
  constructor(
    private readonly commands: CommandBus,
    private readonly clients: ClientAuthentication,
    private readonly observer: TokenObserver,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** Answers a request for tokens. */
  @Post()
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @Header('pragma', 'no-cache')
  async token(@Req() request: FastifyRequest): Promise<TokenResponse> {
    const parameters = formParameters(request);
    const grantType = parameters.get('grant_type');
    if (grantType === undefined) throw new OAuthError('invalid_request', 'grant_type is missing');
    const caller = await this.clients.caller(request.headers.authorization, parameters);
    const outcome = await this.outcomeOf(grantType, caller, parameters, requestContextOf(request));
    this.observer.observed(grantType, outcome);
    if (outcome.kind === 'granted') return tokenResponse(outcome);
    if (outcome.error === 'invalid_client') throw invalidClient(caller);
    throw new OAuthError(outcome.error, descriptions[outcome.error], {
      cause: outcome.reason,
      ...(outcome.error === 'temporarily_unavailable' ? { status: TOO_MANY_REQUESTS } : {}),
    });
  }

  private outcomeOf(
    grantType: string,
    caller: Caller,
    parameters: Parameters,
    request: RequestContext,
  ): Promise<TokenOutcome> {
    switch (grantType) {
      case 'authorization_code':
        return this.commands.execute(
          new RedeemCode(
            required(parameters, 'code'),
            caller,
            request,
            parameters.get('redirect_uri'),
            parameters.get('code_verifier'),
            resourceRequestOf(parameters, this.settings),
          ),
        );
      case 'refresh_token': {
        const refreshToken = required(parameters, 'refresh_token');
        const asked = accessRequestOf(parameters, this.settings);
        return this.commands.execute(new RefreshTokens(refreshToken, caller, request, asked));
      }
      case 'client_credentials': {
        const asked = accessRequestOf(parameters, this.settings);
        return this.commands.execute(new IssueClientToken({ ...asked, caller }, request));
      }
      default:
        throw new OAuthError('unsupported_grant_type', 'the grant type is not supported');
    }
  }
}

function required(parameters: Parameters, name: string): string {
  const value = parameters.get(name);
  if (value === undefined) throw new OAuthError('invalid_request', `${name} is missing`);
  return value;
}

function tokenResponse(answer: TokenAnswer): TokenResponse {
  return {
    access_token: answer.accessToken,
    token_type: 'Bearer',
    expires_in: answer.expiresIn,
    scope: answer.scope.join(' '),
    refresh_token: answer.refreshToken,
    refresh_token_expires_in: answer.refreshTokenExpiresIn,
    id_token: answer.idToken,
  };
}
