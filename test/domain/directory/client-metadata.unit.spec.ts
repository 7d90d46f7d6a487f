import { describe, expect, it } from '@jest/globals';
import {
  judgeClientMetadata,
  type OperatorTerms,
  UNNAMED_CLIENT,
} from '../../../src/domain/directory/client-metadata.rules.js';
import { clientMetadata } from '../../../src/domain/events/directory.events.js';

const REDIRECT_URI = 'https://app.example.com/callback';
const someone: OperatorTerms = { firstParty: false };
const judge = (metadata: object, terms = someone) =>
  judgeClientMetadata({ redirect_uris: [REDIRECT_URI], ...metadata }, terms);

describe('client metadata', () => {
  it('have the defaults of RFC 7591', () => {
    expect(judge({})).toEqual({
      metadata: {
        name: UNNAMED_CLIENT,
        applicationType: 'web',
        redirectUris: [REDIRECT_URI],
        grantTypes: ['authorization_code'],
        authMethod: 'client_secret_basic',
        scope: null,
        policy: {},
      },
    });
  });

  it('are taken as they are, without what is not understood', () => {
    const judged = judge({
      redirect_uris: [REDIRECT_URI, 'com.example.app:/callback', REDIRECT_URI],
      application_type: 'native',
      grant_types: ['authorization_code', 'refresh_token', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      scope: 'openid  email openid',
      client_name: '  Fotos 📷 für Zoë ',
      client_uri: 'https://app.example.com/',
      post_logout_redirect_uris: ['https://app.example.com/', 'com.example.app:/signed-out'],
      logo_uri: 'javascript:alert(1)',
      jwks: { keys: [] },
      policy: { rotation: 'fixed' },
    });
    expect(judged).toEqual({
      metadata: {
        name: 'Fotos 📷 für Zoë',
        applicationType: 'native',
        redirectUris: [REDIRECT_URI, 'com.example.app:/callback'],
        postLogoutRedirectUris: ['https://app.example.com/', 'com.example.app:/signed-out'],
        grantTypes: ['authorization_code', 'refresh_token'],
        authMethod: 'none',
        scope: ['email', 'openid'],
        clientUri: 'https://app.example.com/',
        policy: {},
      },
    });
    expect(clientMetadata.parse('metadata' in judged && judged.metadata)).toBeDefined();
  });

  it('may leave members out by null', () => {
    const nothing = {
      grant_types: null,
      response_types: null,
      token_endpoint_auth_method: null,
      application_type: null,
      scope: null,
      client_name: null,
      client_uri: null,
      post_logout_redirect_uris: null,
    };
    expect(judge(nothing)).toEqual(judge({}));
    expect(judgeClientMetadata({ redirect_uris: null }, someone)).toMatchObject({
      error: 'invalid_redirect_uri',
    });
  });

  it('leave out a list of no post-logout redirect URIs, and repeated ones', () => {
    expect(judge({ post_logout_redirect_uris: [] })).toEqual(judge({}));
    expect(judge({ post_logout_redirect_uris: [REDIRECT_URI, REDIRECT_URI] })).toMatchObject({
      metadata: { postLogoutRedirectUris: [REDIRECT_URI] },
    });
  });

  it('need no redirect URI for client_credentials alone', () => {
    const machine = { grant_types: ['client_credentials'], response_types: [] };
    expect(judgeClientMetadata(machine, someone)).toMatchObject({
      metadata: { redirectUris: [], grantTypes: ['client_credentials'] },
    });
  });

  it.each([
    ['no object', null],
    ['a list', []],
    ['a text', 'client_name=x'],
  ])('are refused when they are %s', (_what, requested) => {
    expect(judgeClientMetadata(requested, someone)).toEqual({
      error: 'invalid_client_metadata',
      description: 'the metadata must be a JSON object',
    });
  });

  it.each([
    ['no redirect URI', { redirect_uris: [] }, /at least one/],
    ['a redirect URI that is no text', { redirect_uris: [7] }, /redirect_uris/],
    [
      'too many',
      { redirect_uris: Array.from({ length: 33 }, () => REDIRECT_URI) },
      /redirect_uris/,
    ],
    ['a text for a list', { redirect_uris: REDIRECT_URI }, /redirect_uris/],
    [
      'a bad one among good',
      { redirect_uris: [REDIRECT_URI, 'http://x.example/'] },
      /https unless/,
    ],
  ])('are refused as invalid_redirect_uri with %s', (_what, change, description) => {
    expect(judge(change)).toEqual({
      error: 'invalid_redirect_uri',
      description: expect.stringMatching(description),
    });
  });

  it.each([
    ['the implicit grant', { grant_types: ['implicit'] }, /grant_types/],
    ['the password grant', { grant_types: ['password'] }, /grant_types/],
    ['no grant type', { grant_types: [] }, /at least one/],
    ['nothing to refresh', { grant_types: ['refresh_token'] }, /authorization_code where/],
    [
      'client_credentials without a secret',
      {
        grant_types: ['authorization_code', 'client_credentials'],
        token_endpoint_auth_method: 'none',
      },
      /client with a secret/,
    ],
    ['response type token', { response_types: ['token'] }, /response_types/],
    ['response types without code', { response_types: [] }, /response_types/],
    [
      'response type code without its grant type',
      { grant_types: ['client_credentials'], response_types: ['code'] },
      /response_types/,
    ],
    ['private_key_jwt', { token_endpoint_auth_method: 'private_key_jwt' }, /auth_method/],
    ['another application type', { application_type: 'browser' }, /application_type/],
    ['an empty scope', { scope: '' }, /scope/],
    ['a scope with quotes', { scope: 'a "b"' }, /scope/],
    ['a scope with a backslash', { scope: 'a\\b' }, /scope/],
    ['a scope beyond ASCII', { scope: 'caf\u00e9' }, /scope/],
    ['scopes in a list', { scope: ['openid'] }, /scope/],
    ['an operator scope', { scope: 'openid admin' }, /scope may have admin only/],
    ['a name of 201 characters', { client_name: 'a'.repeat(201) }, /200/],
    ['a name with a control character', { client_name: 'a\u0007b' }, /client_name/],
    ['a name with a NUL', { client_name: 'a\0b' }, /client_name/],
    ['a name with a line break', { client_name: 'a\nb' }, /client_name/],
    ['a name that turns around', { client_name: 'a\u202egnp.exe' }, /client_name/],
    ['a name with an isolate', { client_name: 'a\u2066b' }, /client_name/],
    ['a name with a lone surrogate', { client_name: 'a\ud800' }, /client_name/],
    ['a name that cannot be seen', { client_name: '\u200b\u200d' }, /client_name/],
    ['a home page on http', { client_uri: 'http://app.example.com/' }, /client_uri/],
    ['an empty home page', { client_uri: '' }, /client_uri/],
    [
      'a post-logout redirect URI on http',
      { post_logout_redirect_uris: [REDIRECT_URI, 'http://x.example/'] },
      /post-logout redirect URI must be https/,
    ],
    [
      'a post-logout redirect URI of a native application',
      { post_logout_redirect_uris: ['com.example.app:/signed-out'] },
      /post-logout redirect URI must be https/,
    ],
    [
      'too many post-logout redirect URIs',
      { post_logout_redirect_uris: Array.from({ length: 33 }, () => REDIRECT_URI) },
      /post_logout_redirect_uris/,
    ],
  ])('are refused as invalid_client_metadata with %s', (_what, change, description) => {
    expect(judge(change)).toEqual({
      error: 'invalid_client_metadata',
      description: expect.stringMatching(description),
    });
  });

  it('never repeat in a refusal what was sent', () => {
    const secret = 'https://user:hunter2@app.example.com/';
    expect(JSON.stringify(judge({ redirect_uris: [secret] }))).not.toContain('hunter2');
    expect(JSON.stringify(judge({ client_name: 'hunter2\na' }))).not.toContain('hunter2');
  });
});

describe('what only an operator can ask for', () => {
  it('has room for what is assigned to the client, each once', () => {
    const scope = ['admin', ...Array.from({ length: 62 }, (_, index) => `s${index}`)].join(' ');
    const judged = (...operatorScopes: string[]) =>
      judge({ scope }, { firstParty: true, operatorScopes });
    expect(judged('admin', 'audit:read')).toHaveProperty('metadata');
    expect(judged('admin', 'audit:read', 'replay:run')).toEqual({
      error: 'invalid_client_metadata',
      description: 'scope must have at most 64 scope tokens with those assigned to it',
    });
  });

  it('is an operator scope, for a first-party client', () => {
    expect(judge({ scope: 'openid audit:read' }, { firstParty: true })).toMatchObject({
      metadata: { scope: ['audit:read', 'openid'] },
    });
  });

  it('is a policy of its own', () => {
    const policy = {
      rotation: 'fixed',
      retryWindow: 0,
      retryUntilUsed: true,
      accessTokenLifetime: 10_000,
      idle: 60_000,
      absolute: 315_360_000_000,
    };
    expect(judge({}, { firstParty: false, policy })).toMatchObject({ metadata: { policy } });
  });

  it.each([
    [
      'fixed rotation without a secret',
      'none',
      { rotation: 'fixed' },
      /need a client with a secret/,
    ],
    ['retrying until used without a secret', 'none', { retryUntilUsed: true }, /need a client/],
    ['a window over a minute', 'none', { retryWindow: 60_001 }, /retryWindow must be between/],
    ['a life too short', 'none', { accessTokenLifetime: 9_999 }, /accessTokenLifetime/],
    ['a fraction', 'none', { idle: 60_000.5 }, /policy\.idle is not supported/],
    ['what is not known', 'none', { retry_window: 5 }, /policy\.retry_window is not supported/],
  ])('is refused with %s', (_what, method, policy, description) => {
    const judged = judge({ token_endpoint_auth_method: method }, { firstParty: true, policy });
    expect(judged).toEqual({
      error: 'invalid_client_metadata',
      description: expect.stringMatching(description),
    });
  });
});
