import { answer, form, oauthErrors, type Operations } from './documentation.words.js';

const parameters = {
  grant_type: {
    required: true,
    example: 'refresh_token',
    enum: ['authorization_code', 'refresh_token', 'client_credentials'],
  },
  client_id: { example: 'wYb0yqP5TRe9o5nCkXh1dA', description: 'Of a client without Basic.' },
  client_secret: { description: 'Of a client that registered `client_secret_post`.' },
  code: { description: 'authorization_code: the code.' },
  redirect_uri: { description: 'authorization_code: as it was asked with.' },
  code_verifier: { description: 'authorization_code: what the challenge was made of (RFC 7636).' },
  refresh_token: { description: 'refresh_token: the newest one.' },
  scope: { description: 'What is wanted, no wider than what was granted.' },
  resource: { description: 'Whom the access token is for (RFC 8707); may be repeated.' },
} as const;

const examples = {
  refresh: {
    summary: 'Refresh: a retry within the window gets the same successor',
    value: {
      grant_type: 'refresh_token',
      refresh_token: 'tlr_AQEBAAAAAAAAAZqjwrfwfFGhssPU5fYHGAAAAAE…',
      client_id: 'wYb0yqP5TRe9o5nCkXh1dA',
    },
  },
  code: {
    summary: 'Exchange an authorization code',
    value: {
      grant_type: 'authorization_code',
      code: 'tlc_AQIBAAAAAAAAAZqjwrfwfFGhssPU5fYHGAAAAAA…',
      redirect_uri: 'https://shop.example/callback',
      code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
      client_id: 'wYb0yqP5TRe9o5nCkXh1dA',
    },
  },
  auditor: {
    summary: "A token for the audit: Authorization: Basic with an auditor's credentials",
    value: { grant_type: 'client_credentials', scope: 'audit:read' },
  },
};

/** What is said of the token endpoint. */
export function tokenDocumentation(clientAuthentication: string): Operations {
  return {
    tags: ['OAuth'],
    summary: 'Get tokens',
    description:
      'RFC 6749, 3.2. Refresh tokens rotate: each has one successor, which a retry within the retry ' +
      `window gets again. An older one ends its whole family. ${clientAuthentication}`,
    security: [{ client: [] }, {}],
    requestBody: form(parameters, examples),
    responses: {
      ...answer('The tokens.', {
        access_token: 'eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6…',
        token_type: 'Bearer',
        expires_in: 600,
        scope: 'offline_access openid',
        refresh_token: 'tlr_AQEBAAAAAAAAAZqjwrfwfFGhssPU5fYHGAAAAAI…',
        refresh_token_expires_in: 2_592_000,
        id_token: 'eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6…',
      }),
      ...oauthErrors(
        'invalid_request',
        'invalid_client',
        'invalid_grant',
        'invalid_scope',
        'invalid_target',
        'unauthorized_client',
        'unsupported_grant_type',
      ),
    },
  };
}
