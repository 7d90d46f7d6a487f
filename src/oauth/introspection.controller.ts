import { Controller, Header, HttpCode, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { requestContextOf } from '../access/request-context.js';
import { ClientAuthentication, invalidClient } from './client-authentication.service.js';
import { formParameters } from './form-body.js';
import { Introspection, type IntrospectionResponse } from './introspection.service.js';
import { OAuthError } from './oauth.error.js';

/** The introspection endpoint (RFC 7662), for confidential clients. */
@Controller('oauth/introspect')
export class IntrospectionController {
  constructor(
    private readonly clients: ClientAuthentication,
    private readonly introspection: Introspection,
  ) {}

  /** Tells what a token is worth at this moment. */
  @Post()
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  async introspect(@Req() request: FastifyRequest): Promise<IntrospectionResponse> {
    const parameters = formParameters(request);
    const { receivedAt } = requestContextOf(request);
    const { authorization } = request.headers;
    const { client, caller } = await this.clients.client(authorization, parameters, receivedAt);
    if (caller.authMethod === 'none') throw invalidClient(caller);
    const token = parameters.get('token');
    if (token === undefined) throw new OAuthError('invalid_request', 'token is missing');
    return this.introspection.inspect(token, client, receivedAt);
  }
}
