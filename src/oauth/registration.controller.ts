import { Controller, Header, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { FastifyRequest } from 'fastify';
import { requestContextOf } from '../access/request-context.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.tokens.js';
import { SELF_REGISTERED } from '../directory/client-registration.js';
import { InitialAccessToken } from '../directory/initial-access-token.service.js';
import { type ClientRegistered, RegisterClient } from '../directory/register-client.handler.js';
import { membersOf } from '../domain/directory/client-change.rules.js';
import { OAuthError } from './oauth.error.js';

const JSON_TYPE = /^application\/json(?:\s*;.*)?$/i;

/** Dynamic client registration (RFC 7591). Who registers itself is unverified and no first party. */
@Controller('oauth/register')
export class RegistrationController {
  constructor(
    private readonly commands: CommandBus,
    private readonly initialAccessToken: InitialAccessToken,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** Registers a client and answers with its id, and its secret if it has one (RFC 7591, 3.2.1). */
  @Post()
  @HttpCode(201)
  @Header('cache-control', 'no-store')
  async register(@Req() request: FastifyRequest): Promise<Readonly<Record<string, unknown>>> {
    this.authorize(request.headers.authorization);
    const metadata = jsonObject(request);
    this.refuseAnonymousMachine(metadata);
    const { correlationId, origin } = requestContextOf(request);
    const outcome = await this.commands.execute(
      new RegisterClient(
        { ...SELF_REGISTERED, metadata },
        { actor: 'anonymous', correlationId, origin },
      ),
    );
    if (outcome.kind === 'registered') return registrationResponse(outcome);
    if ('description' in outcome) throw new OAuthError(outcome.reason, outcome.description);
    throw new OAuthError('invalid_client_metadata', 'the client cannot be registered');
  }

  /** Anybody could get itself tokens for any resource server: that needs somebody who vouches. */
  private refuseAnonymousMachine(metadata: { readonly grant_types?: unknown }): void {
    const { grant_types: grantTypes } = metadata;
    const isMachine = Array.isArray(grantTypes) && grantTypes.includes('client_credentials');
    if (this.settings.registration !== 'open' || !isMachine) return;
    const description = 'client_credentials is not open to anybody: ask the operator';
    throw new OAuthError('invalid_client_metadata', description);
  }

  private authorize(authorization: string | undefined): void {
    const { registration } = this.settings;
    if (registration === 'open') return;
    if (registration === 'off') {
      const description = 'this server registers no clients';
      throw new OAuthError('registration_not_supported', description, { status: 404 });
    }
    const presented = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1];
    if (presented !== undefined && this.initialAccessToken.matches(presented)) return;
    throw new OAuthError('invalid_token', 'an initial access token is needed to register', {
      headers: {
        'www-authenticate':
          presented === undefined
            ? 'Bearer realm="token-ledger"'
            : 'Bearer realm="token-ledger", error="invalid_token"',
      },
    });
  }
}

function jsonObject(request: FastifyRequest): object {
  const { body } = request;
  const isJson = JSON_TYPE.test(request.headers['content-type'] ?? '');
  if (!isJson || !Buffer.isBuffer(body)) {
    throw new OAuthError('invalid_client_metadata', 'the body must be application/json');
  }
  try {
    const value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as unknown;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch (error) {
    throw new OAuthError('invalid_client_metadata', 'the body is not JSON', { cause: error });
  }
  throw new OAuthError('invalid_client_metadata', 'the body must be a JSON object');
}

function registrationResponse(registered: ClientRegistered): Readonly<Record<string, unknown>> {
  const { clientId, clientSecret, metadata, registeredAt } = registered;
  return {
    client_id: clientId,
    client_id_issued_at: Math.floor(registeredAt / 1000),
    ...(clientSecret === undefined
      ? {}
      : { client_secret: clientSecret, client_secret_expires_at: 0 }),
    ...membersOf(metadata),
    response_types: metadata.grantTypes.includes('authorization_code') ? ['code'] : [],
  };
}
