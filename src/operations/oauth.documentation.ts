import {
  answer,
  challenge,
  type Documentation,
  form,
  oauthErrors,
  query,
  type Operations,
} from './documentation.words.js';
import { tokenDocumentation } from './token.documentation.js';

const clientAuthentication =
  'A confidential client proves itself with `Authorization: Basic`, or with `client_id` and ' +
  '`client_secret` in the form: exactly as it registered.';

const authorizationParameters = {
  response_type: { required: true, example: 'code', enum: ['code'] },
  client_id: { required: true, example: 'wYb0yqP5TRe9o5nCkXh1dA' },
  redirect_uri: { required: true, example: 'https://shop.example/callback' },
  scope: { required: true, example: 'openid offline_access' },
  code_challenge: { required: true, example: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM' },
  code_challenge_method: { required: true, example: 'S256', enum: ['S256'] },
  state: { example: 'af0ifjsldkj', description: 'Comes back unchanged.' },
  nonce: { example: 'n-0S6_WzA2Mj', description: 'Stands in the ID token.' },
  prompt: {
    example: 'consent',
    description: '`none`, or some of `login`, `consent` and `select_account`.',
  },
  max_age: { example: '3600', description: 'Seconds since the last sign-in, at most.' },
  resource: {
    example: 'https://api.example',
    description: 'Whom the access token is for (RFC 8707); may be repeated.',
  },
  audience: { example: 'https://api.example', description: 'The same, as some clients name it.' },
} as const;

const authorized: Operations['responses'] = {
  303: {
    description:
      'To the redirect URI with `code`, `state` and `iss`, or with `error`; or to the sign-in.',
  },
  400: {
    description: 'A page: the client or its redirect URI is wrong, so nothing is redirected.',
  },
};

const authorize: Operations = {
  tags: ['OAuth'],
  summary: 'Ask a person for authorization',
  description: 'RFC 6749, 3.1 and OIDC Core, 3.1.2. PKCE with S256 is required of every client.',
  responses: authorized,
};

const userinfo: Operations = {
  tags: ['OAuth'],
  summary: 'Claims about the person that an access token is for',
  description: 'OIDC Core, 5.3. What is told depends on the scopes `profile` and `email`.',
  security: [{ user: [] }],
  responses: {
    ...answer('The claims.', {
      sub: 'Yk3mV8x2QbWc7LrP0sTzNg',
      name: 'Ada Example',
      preferred_username: 'ada',
      email: 'ada@example.com',
      email_verified: true,
    }),
    ...challenge('The access token is not good, or lacks the scope `openid`.'),
  },
};

const registration = {
  client_name: 'Shop',
  redirect_uris: ['https://shop.example/callback'],
  post_logout_redirect_uris: ['https://shop.example/signed-out'],
  grant_types: ['authorization_code', 'refresh_token'],
  token_endpoint_auth_method: 'none',
};

const logoutParameters = {
  id_token_hint: {
    example: 'eyJhbGciOiJFUzI1NiIsInR5cCI6…',
    description: 'An ID token of the session: with it the person is not asked.',
  },
  client_id: { example: 'wYb0yqP5TRe9o5nCkXh1dA' },
  post_logout_redirect_uri: {
    example: 'https://shop.example/signed-out',
    description: 'Where the browser goes on; exactly as registered.',
  },
  state: { example: 'af0ifjsldkj', description: 'Comes back unchanged.' },
} as const;

const logout: Operations = {
  tags: ['OAuth'],
  summary: 'Sign the person out, or ask whether to',
  description:
    'For browsers (OIDC RP-Initiated Logout, 2). A request with anything wrong in it is treated as if ' +
    'none had been made: the person is asked, and stays here.',
  responses: {
    200: { description: 'A page.' },
    303: { description: 'To the post-logout redirect URI with `state`.' },
  },
};

/** What is said of the endpoints of the protocol, whose controllers only translate. */
export const oauthDocumentation: Documentation = {
  '/oauth/authorize': {
    get: { ...authorize, parameters: query(authorizationParameters) },
    post: { ...authorize, requestBody: form(authorizationParameters) },
  },
  '/oauth/token': { post: tokenDocumentation(clientAuthentication) },
  '/oauth/revoke': {
    post: {
      tags: ['OAuth'],
      summary: 'Give a token back',
      description: `RFC 7009. A refresh token ends its whole family, an access token only itself. ${clientAuthentication}`,
      security: [{ client: [] }, {}],
      requestBody: form({
        token: { required: true, example: 'tlr_AQEBAAAAAAAAAZqjwrfwfFGhssPU5fYHGAAAAAE…' },
        client_id: { example: 'wYb0yqP5TRe9o5nCkXh1dA' },
      }),
      responses: {
        200: { description: 'It is worth nothing now; an unknown token is answered so too.' },
        ...oauthErrors('invalid_request', 'invalid_client', 'invalid_grant'),
      },
    },
  },
  '/oauth/introspect': {
    post: {
      tags: ['OAuth'],
      summary: 'Ask what a token is worth now',
      description: `RFC 7662. Only for the token's own client, a resource server that it is for, and who was allowed; for everybody else it is inactive. ${clientAuthentication}`,
      security: [{ client: [] }],
      requestBody: form({ token: { required: true, example: 'eyJhbGciOiJFUzI1NiIsInR5cCI6…' } }),
      responses: {
        ...answer('What it is worth.', {
          active: true,
          scope: 'openid offline_access',
          client_id: 'wYb0yqP5TRe9o5nCkXh1dA',
          token_type: 'Bearer',
          sub: 'Yk3mV8x2QbWc7LrP0sTzNg',
          aud: 'https://api.example',
          iss: 'https://auth.example.com',
          exp: 1795227847,
          iat: 1795227247,
          jti: '019aa3c2b7f07c51a1b2c3d4e5f60718.4',
        }),
        ...oauthErrors('invalid_request', 'invalid_client'),
      },
    },
  },
  '/oauth/userinfo': { get: userinfo, post: userinfo },
  '/oauth/register': {
    post: {
      tags: ['OAuth'],
      summary: 'Register a client',
      description:
        'RFC 7591. By default with the initial access token that the first start printed.',
      security: [{ registration: [] }, {}],
      requestBody: {
        required: true,
        content: { 'application/json': { schema: { type: 'object' }, example: registration } },
      },
      responses: {
        ...answer(
          'The client.',
          {
            client_id: 'wYb0yqP5TRe9o5nCkXh1dA',
            client_id_issued_at: 1795227247,
            ...registration,
            application_type: 'web',
            response_types: ['code'],
          },
          201,
        ),
        ...oauthErrors('invalid_client_metadata', 'invalid_token'),
      },
    },
  },
  '/oauth/logout': {
    get: { ...logout, parameters: query(logoutParameters) },
    post: { ...logout, requestBody: form(logoutParameters) },
  },
  '/oauth/jwks': {
    get: {
      tags: ['Discovery'],
      summary: 'The public keys that tokens are verified with',
      responses: answer('RFC 7517, 5.', {
        keys: [{ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig', kid: '4rQ…', x: '…', y: '…' }],
      }),
    },
  },
  '/.well-known/openid-configuration': { get: discovery('OIDC Discovery, 4.') },
  '/.well-known/oauth-authorization-server': { get: discovery('RFC 8414, 3.') },
};

function discovery(source: string): Operations {
  return {
    tags: ['Discovery'],
    summary: 'Where everything is and what is supported',
    responses: answer(source, {
      issuer: 'https://auth.example.com',
      token_endpoint: 'https://auth.example.com/oauth/token',
      code_challenge_methods_supported: ['S256'],
    }),
  };
}
