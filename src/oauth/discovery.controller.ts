import { Controller, Get, Header, Inject } from '@nestjs/common';
import type { JSONWebKeySet } from 'jose';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.tokens.js';
import { SigningKeys } from '../directory/signing-keys.service.js';

const AUTHENTICATION = ['client_secret_basic', 'client_secret_post'];

/** What clients read to find everything else (RFC 8414; OIDC Discovery, 3). */
@Controller()
export class DiscoveryController {
  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly signingKeys: SigningKeys,
  ) {}

  /** OIDC Discovery, 4. */
  @Get('.well-known/openid-configuration')
  @Header('cache-control', 'public, max-age=300')
  openidConfiguration(): Readonly<Record<string, unknown>> {
    return metadataOf(this.settings);
  }

  /** RFC 8414, 3. */
  @Get('.well-known/oauth-authorization-server')
  @Header('cache-control', 'public, max-age=300')
  authorizationServer(): Readonly<Record<string, unknown>> {
    return metadataOf(this.settings);
  }

  /** The public keys that tokens are verified with (RFC 7517, 5). */
  @Get('oauth/jwks')
  @Header('cache-control', 'public, max-age=60')
  jwks(): Promise<JSONWebKeySet> {
    return this.signingKeys.published();
  }
}

function metadataOf({ issuer, registration }: Settings): Readonly<Record<string, unknown>> {
  const at = (path: string): string => `${issuer}/oauth/${path}`;
  return {
    issuer,
    authorization_endpoint: at('authorize'),
    token_endpoint: at('token'),
    revocation_endpoint: at('revoke'),
    introspection_endpoint: at('introspect'),
    userinfo_endpoint: at('userinfo'),
    jwks_uri: at('jwks'),
    end_session_endpoint: at('logout'),
    ...(registration === 'off' ? {} : { registration_endpoint: at('register') }),
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none', ...AUTHENTICATION],
    revocation_endpoint_auth_methods_supported: ['none', ...AUTHENTICATION],
    introspection_endpoint_auth_methods_supported: AUTHENTICATION,
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
    claims_supported: [
      'iss',
      'sub',
      'aud',
      'exp',
      'iat',
      'auth_time',
      'nonce',
      'amr',
      'at_hash',
      'sid',
      'name',
      'preferred_username',
      'email',
      'email_verified',
    ],
    prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
    authorization_response_iss_parameter_supported: true,
    claims_parameter_supported: false,
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
    service_documentation: `${issuer}/docs`,
  };
}
