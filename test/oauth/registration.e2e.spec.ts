import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DirectoryReader } from '../../src/directory/directory.reader.js';
import { InitialAccessToken } from '../../src/directory/initial-access-token.service.js';
import { isConsent, signInAndConsent } from '../support/http-browser.js';
import { type Answer, answerOf, authorizePath, newPkce, post } from '../support/http-flow.js';
import { HttpServer, REDIRECT_URI } from '../support/http-server.js';

let open: HttpServer;
let token: HttpServer;
let off: HttpServer;

beforeAll(async () => {
  [open, token, off] = await Promise.all([
    HttpServer.start({ TOKEN_LEDGER_REGISTRATION: 'open' }),
    HttpServer.start(),
    HttpServer.start({ TOKEN_LEDGER_REGISTRATION: 'off' }),
  ]);
});

afterAll(() => Promise.all([open.close(), token.close(), off.close()]));

async function register(
  server: HttpServer,
  metadata: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const isText = typeof metadata === 'string' || Buffer.isBuffer(metadata);
  const body = isText ? (metadata as string | Buffer<ArrayBuffer>) : JSON.stringify(metadata);
  const response = await server.fetch('/oauth/register', {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });
  return answerOf(response);
}

const web = { redirect_uris: [REDIRECT_URI] };

describe('registration', () => {
  it('is not there when it is off', async () => {
    for (const headers of [{}, { authorization: 'Bearer tli_anything-at-all' }]) {
      const { result: answer, events } = await off.recorded(() => register(off, web, headers));
      expect([answer.status, answer.body.error]).toEqual([404, 'registration_not_supported']);
      expect(events).toEqual([]);
    }
    const discovery = await off.fetch('/.well-known/openid-configuration');
    expect(await discovery.json()).not.toHaveProperty('registration_endpoint');
  });

  it('needs the initial access token by default', async () => {
    const realm = 'Bearer realm="token-ledger"';
    const right = token.get(InitialAccessToken).reveal();
    const refused: [headers: Record<string, string>, challenge: string][] = [
      [{}, realm],
      [{ authorization: `Basic ${right}` }, realm],
      [{ authorization: 'Bearer' }, realm],
      [{ authorization: 'Bearer wrong' }, `${realm}, error="invalid_token"`],
      [{ authorization: `Bearer ${right}x` }, `${realm}, error="invalid_token"`],
      [{ authorization: `Bearer ${right.slice(0, -1)}` }, `${realm}, error="invalid_token"`],
    ];
    for (const [headers, challenge] of refused) {
      const { result: answer, events } = await token.recorded(() => register(token, web, headers));
      expect([answer.status, answer.body.error]).toEqual([401, 'invalid_token']);
      expect(answer.headers.get('www-authenticate')).toBe(challenge);
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.text).not.toContain(right.slice(0, 16));
      expect(events).toEqual([]);
    }
    const answer = await register(token, web, { authorization: `bearer ${right}` });
    expect(answer.status).toBe(201);
  });

  it('answers with all that was registered, and RFC 7591 defaults', async () => {
    const { result: answer, events } = await open.recorded(() =>
      register(open, { ...web, software_id: 'ignored', jwks: { keys: [] } }),
    );
    expect(answer.status).toBe(201);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(answer.body).toEqual({
      client_id: expect.stringMatching(/^[\w-]{22}$/),
      client_id_issued_at: expect.any(Number),
      client_secret: expect.stringMatching(/^[\w-]{43}$/),
      client_secret_expires_at: 0,
      client_name: 'Unnamed client',
      application_type: 'web',
      redirect_uris: [REDIRECT_URI],
      grant_types: ['authorization_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_basic',
    });
    expect(events.map(({ type }) => type)).toEqual(['ClientRegistered']);
    expect(events[0]?.data).toMatchObject({ verified: false, firstParty: false });
    expect(JSON.stringify(events)).not.toContain(answer.body.client_secret);

    const full = {
      redirect_uris: ['com.example.app:/cb', 'http://127.0.0.1/cb'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      application_type: 'native',
      client_name: 'Fotos für Ana 📷',
      client_uri: 'https://photos.example/about',
      post_logout_redirect_uris: ['com.example.app:/bye'],
      scope: 'openid photos:read',
    };
    const { status, body } = await register(open, full);
    expect(status).toBe(201);
    expect(body).toEqual({
      ...full,
      client_id: expect.any(String),
      client_id_issued_at: expect.any(Number),
    });
  });

  it('makes no machine of somebody whom nobody vouches for', async () => {
    const metadata = {
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'client_secret_post',
    };
    const anonymous = await register(open, metadata);
    expect(anonymous.status).toBe(400);
    expect(anonymous.body.error).toBe('invalid_client_metadata');

    const machine = await register(token, metadata, {
      authorization: `Bearer ${token.get(InitialAccessToken).reveal()}`,
    });
    expect(machine.body).toMatchObject({ redirect_uris: [], response_types: [] });
    const issued = await post(token, '/oauth/token', {
      grant_type: 'client_credentials',
      client_id: String(machine.body.client_id),
      client_secret: String(machine.body.client_secret),
    });
    expect(issued.status).toBe(200);
  });

  const redirectTo = (...uris: unknown[]) => ({ redirect_uris: uris });
  it.each<[name: string, metadata: unknown, error?: string]>([
    ['no JSON', '{'],
    ['nothing', ''],
    ['a list', []],
    ['null', 'null'],
    ['a number', '7'],
    ['JSON that is no UTF-8', Buffer.from('{"client_name":"\xff"}', 'latin1')],
    ['no redirect URI', {}, 'invalid_redirect_uri'],
    ['an empty list of redirect URIs', redirectTo(), 'invalid_redirect_uri'],
    ['a redirect URI that is no text', redirectTo(7), 'invalid_redirect_uri'],
    ['redirect URIs that are no list', { redirect_uris: REDIRECT_URI }, 'invalid_redirect_uri'],
    ['a relative redirect URI', redirectTo('/callback'), 'invalid_redirect_uri'],
    ['plain http', redirectTo('http://app.example/cb'), 'invalid_redirect_uri'],
    ['a fragment', redirectTo(`${REDIRECT_URI}#x`), 'invalid_redirect_uri'],
    ['a wildcard', redirectTo('https://*.example/cb'), 'invalid_redirect_uri'],
    ['user information', redirectTo('https://a:b@app.example/cb'), 'invalid_redirect_uri'],
    ['javascript:', redirectTo('javascript:alert(1)'), 'invalid_redirect_uri'],
    ['data:', redirectTo('data:text/html,x'), 'invalid_redirect_uri'],
    ['a private-use scheme on the web', redirectTo('com.example.app:/cb'), 'invalid_redirect_uri'],
    ['one bad of two', redirectTo(REDIRECT_URI, 'http://x.example/'), 'invalid_redirect_uri'],
    ['spaces', redirectTo('https://app.example/a b'), 'invalid_redirect_uri'],
    ['a control character', redirectTo('https://app.example/\u0000'), 'invalid_redirect_uri'],
    [
      'an endless redirect URI',
      redirectTo(`${REDIRECT_URI}${'x'.repeat(3000)}`),
      'invalid_redirect_uri',
    ],
    [
      'endlessly many',
      redirectTo(...Array.from({ length: 99 }, (_, i) => `${REDIRECT_URI}${i}`)),
      'invalid_redirect_uri',
    ],
    [
      'a post-logout redirect URI that is no URI',
      { ...web, post_logout_redirect_uris: [REDIRECT_URI, '/bye'] },
    ],
    [
      'post-logout redirect URIs that are no list',
      { ...web, post_logout_redirect_uris: REDIRECT_URI },
    ],
    ['the implicit grant', { ...web, grant_types: ['implicit'] }],
    ['the password grant', { ...web, grant_types: ['password'] }],
    ['no grant', { ...web, grant_types: [] }],
    ['refresh without code', { ...web, grant_types: ['refresh_token'] }],
    [
      'client_credentials without a secret',
      {
        ...web,
        grant_types: ['authorization_code', 'client_credentials'],
        token_endpoint_auth_method: 'none',
      },
    ],
    ['response type token', { ...web, response_types: ['token'] }],
    ['no response type', { ...web, response_types: [] }],
    ['private_key_jwt', { ...web, token_endpoint_auth_method: 'private_key_jwt' }],
    ['an unknown application type', { ...web, application_type: 'toaster' }],
    ['scope that is none', { ...web, scope: 'a"b' }],
    ['scope as a list', { ...web, scope: ['openid'] }],
    ['operator scope admin', { ...web, scope: 'openid admin' }],
    ['operator scope audit:read', { ...web, scope: 'audit:read' }],
    ['operator scope replay:run', { ...web, scope: 'replay:run' }],
    ['a name with control characters', { ...web, client_name: 'a\u0007b' }],
    ['a name that turns the text around', { ...web, client_name: 'knaB\u202e' }],
    ['an invisible name', { ...web, client_name: '\u2060\u2060' }],
    ['an endless name', { ...web, client_name: 'n'.repeat(201) }],
    [
      'half a character as name',
      '{"redirect_uris":["https://a.example/cb"],"client_name":"\\ud83d"}',
    ],
    ['a plain home page', { ...web, client_uri: 'http://app.example' }],
    ['a home page of script', { ...web, client_uri: 'javascript:alert(1)' }],
  ])('refuses %s', async (_name, metadata, error = 'invalid_client_metadata') => {
    const { result: answer, events } = await open.recorded(() => register(open, metadata));
    expect([answer.status, answer.body.error]).toEqual([400, error]);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(Object.keys(answer.body).sort()).toEqual(['error', 'error_description']);
    expect(answer.text).not.toMatch(/javascript|x\.example|toaster/);
    expect(events).toEqual([]);
  });

  it.each([
    ['application/x-www-form-urlencoded', 'invalid_client_metadata'],
    ['text/plain', 'invalid_client_metadata'],
    ['', 'invalid_request'],
  ])('refuses JSON that says it is "%s"', async (type, error) => {
    const answer = await register(open, web, { 'content-type': type });
    expect([answer.status, answer.body.error]).toEqual([400, error]);
  });

  it('gives a client nothing that only an operator gives', async () => {
    const { body } = await register(open, {
      ...web,
      token_endpoint_auth_method: 'none',
      firstParty: true,
      first_party: true,
      verified: true,
      operatorScopes: ['audit:read'],
      mayIntrospect: true,
      resources: ['https://api.example'],
      policy: { rotation: 'fixed' },
      client_id: 'chosen',
      client_secret: 'chosen',
    });
    expect(body.client_id).not.toBe('chosen');
    expect(body).not.toHaveProperty('client_secret');
    const { resources } = (await open.get(DirectoryReader).client(String(body.client_id))) ?? {};
    expect(resources).toEqual([]);
    const client = {
      clientId: body.client_id as never,
      clientSecret: undefined,
      redirectUri: REDIRECT_URI,
    };
    const admin = { username: 'admin', password: open.settings.adminPassword ?? '' };
    const browser = open.browser();
    const asking = { scope: 'openid audit:read admin' };
    let page = await browser.open(authorizePath(client, newPkce(), asking));
    page = await browser.submit(page, admin);
    expect(isConsent(page)).toBe(true);
    expect(page.text).toContain('Unverified');
    expect(page.text).not.toContain('audit');
    const only = authorizePath(client, newPkce(), { scope: 'audit:read' });
    const landed = await signInAndConsent(browser, only, admin);
    expect(landed.searchParams.get('error')).toBe('invalid_scope');
  });

  it('is not fooled by two members of one name', async () => {
    const json = `{"redirect_uris":["${REDIRECT_URI}"],"scope":"openid","scope":"openid admin"}`;
    const answer = await register(open, json);
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_client_metadata']);
  });
});
