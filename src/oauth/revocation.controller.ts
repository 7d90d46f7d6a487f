import { Controller, Header, HttpCode, Post, Req } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { FastifyRequest } from 'fastify';
import { AccessTokenStatuses } from '../access/access-token-status.js';
import { requestContextOf } from '../access/request-context.js';
import { RevokeToken } from '../grants/revoke-token.command.js';
import { ClientAuthentication, invalidClient } from './client-authentication.service.js';
import { formParameters } from './form-body.js';
import { OAuthError } from './oauth.error.js';

/** The revocation endpoint (RFC 7009). */
@Controller('oauth/revoke')
export class RevocationController {
  constructor(
    private readonly commands: CommandBus,
    private readonly clients: ClientAuthentication,
    private readonly accessTokens: AccessTokenStatuses,
  ) {}

  /** Revokes a token of the client that asks. An unknown token is answered like a revoked one. */
  @Post()
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  async revoke(@Req() request: FastifyRequest): Promise<void> {
    const parameters = formParameters(request);
    const context = requestContextOf(request);
    const { authorization } = request.headers;
    const token = parameters.get('token');
    if (token === undefined) {
      await this.clients.client(authorization, parameters, context.receivedAt);
      throw new OAuthError('invalid_request', 'token is missing');
    }
    const caller = await this.clients.caller(authorization, parameters);
    const accessToken = await this.accessTokens.verify(token, context.receivedAt);
    const outcome = await this.commands.execute(
      new RevokeToken(token, caller, context, accessToken),
    );
    if (outcome === 'invalid_client') throw invalidClient(caller);
    if (outcome === 'foreign_client') {
      throw new OAuthError('invalid_grant', 'the token was issued to another client');
    }
  }
}
