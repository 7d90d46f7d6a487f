import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { InitialAccessToken } from '../../src/directory/initial-access-token.service.js';
import { Ledger } from '../../src/ledger/ledger.port.js';
import { clientToken, read } from '../audit/audit-stage.js';
import { isSignIn, signInAndConsent } from '../support/http-browser.js';
import { authorizePath, basic, newPkce, post, type Tokens } from '../support/http-flow.js';
import { HttpServer, PASSWORD, type TestClient } from '../support/http-server.js';

const WRONG_PASSWORD = 'not the password of ana';
const WRONG_SECRET = 'not-the-secret-of-this-client-0123456789';

let server: HttpServer;
/** Everything that must not be in the log, by what it is. */
const secrets = new Map<string, string>();

beforeAll(async () => {
  server = await HttpServer.start({ TOKEN_LEDGER_LOG_LEVEL: 'trace' });
  keep('the password', PASSWORD);
  keep('a wrong password', WRONG_PASSWORD);
  keep('a wrong secret', WRONG_SECRET);
  keep('the initial access token', server.get(InitialAccessToken).reveal());
});

afterAll(() => server.close());

function keep(what: string, secret: string | undefined): string {
  if (secret === undefined || secret.length < 8) throw new Error(`${what} is no secret`);
  secrets.set(what, secret);
  return secret;
}

function keepTokens(what: string, tokens: Tokens): Tokens {
  keep(`${what}: access token`, tokens.access_token);
  keep(`${what}: refresh token`, tokens.refresh_token);
  keep(`${what}: ID token`, tokens.id_token);
  return tokens;
}

async function registeredClient(): Promise<TestClient> {
  const response = await server.fetch('/oauth/register', {
    method: 'POST',
    body: JSON.stringify({
      client_name: 'Shop',
      redirect_uris: ['https://shop.example/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
    }),
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${server.get(InitialAccessToken).reveal()}`,
    },
  });
  const body = (await response.json()) as Record<string, string>;
  const clientSecret = keep('the client secret', body['client_secret']);
  const clientId = body['client_id'] as TestClient['clientId'];
  return { clientId, clientSecret, redirectUri: 'https://shop.example/callback' };
}

async function wholeFlow(): Promise<void> {
  const shop = await registeredClient();
  const ana = await server.createAccount('ana');
  const browser = server.browser();
  const pkce = newPkce();
  keep('the code verifier', pkce.verifier);
  const request = authorizePath(shop, pkce, { state: 'state-of-the-shop-0123456789' });
  keep('the state', 'state-of-the-shop-0123456789');
  const page = await browser.open(request);
  expect(isSignIn(page)).toBe(true);
  keep('the sealed request', page.forms[0]?.fields.get('request') ?? page.url.href);
  await browser.submit(page, { username: 'ana', password: WRONG_PASSWORD });
  const callback = await signInAndConsent(browser, request, ana);
  const code = keep('the code', callback.searchParams.get('code') ?? undefined);
  for (const [name, value] of browser.cookies) keep(`the cookie ${name}`, value);
  const redemption = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: shop.redirectUri,
    code_verifier: pkce.verifier,
  };
  await post(server, '/oauth/token', redemption, basic({ ...shop, clientSecret: WRONG_SECRET }));
  const first = await post<Tokens>(server, '/oauth/token', redemption, basic(shop));
  const tokens = keepTokens('first', first.body);
  const refresh = (token: string) =>
    post<Tokens>(
      server,
      '/oauth/token',
      { grant_type: 'refresh_token', refresh_token: token },
      basic(shop),
    );
  const second = keepTokens('second', (await refresh(tokens.refresh_token)).body);
  await refresh(`${second.refresh_token.slice(0, -3)}AAA`);
  await post(server, '/oauth/introspect', { token: second.access_token }, basic(shop));
  await read(server, '/oauth/userinfo', second.access_token);
  await post(server, '/oauth/userinfo', { access_token: second.access_token });
  await inWrongPlaces(second);
  await post(server, '/oauth/revoke', { token: second.refresh_token }, basic(shop));
  await refresh(second.refresh_token);
}

/** What careless callers do with tokens. */
async function inWrongPlaces({ access_token: access, refresh_token: refresh }: Tokens) {
  await read(server, `/audit/families/${refresh}?access_token=${access}`, undefined);
  await read(server, `/oauth/token?refresh_token=${refresh}`, undefined);
  await read(server, `/nowhere/${refresh}?token=${access}`, access);
  await read(server, `/nowhere/${encodeURIComponent(access)}`, undefined, {
    cookie: `a=${access}`,
  });
  await post(server, '/oauth/token', `grant_type=refresh_token&refresh_token=%zz${refresh}`);
  await server.fetch('/oauth/token', {
    method: 'POST',
    body: JSON.stringify({ refresh_token: refresh }),
    headers: { 'content-type': 'application/json', 'user-agent': `agent ${access}` },
  });
}

describe('the log of a whole flow at level trace', () => {
  it('tells of every request, by its route', async () => {
    await wholeFlow();
    const auditor = await server.register('auditor');
    keep("the auditor's secret", auditor.clientSecret);
    const token = keep("the auditor's token", await clientToken(server, auditor));
    expect((await read(server, '/audit/events', token)).status).toBe(200);
    const lines = server.logged.map((line) => JSON.parse(line) as Record<string, unknown>);
    const routes = lines.map(({ method, route, status }) =>
      [method, route, status].map(String).join(' '),
    );
    expect(routes).toEqual(
      expect.arrayContaining([
        'POST /oauth/register 201',
        'GET /oauth/authorize 303',
        'POST /sign-in 303',
        'POST /oauth/token 200',
        'POST /oauth/token 400',
        'POST /oauth/token 401',
        'POST /oauth/introspect 200',
        'GET /oauth/userinfo 200',
        'POST /oauth/revoke 200',
        'GET /audit/families/:id 401',
        'GET /audit/events 200',
        'GET null 404',
      ]),
    );
    const request = lines.find(({ route }) => route === '/oauth/introspect');
    expect(request).toEqual({
      level: 'debug',
      time: expect.any(String),
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      method: 'POST',
      route: '/oauth/introspect',
      status: 200,
      durationMs: expect.any(Number),
      msg: 'request finished',
    });
  });

  it('tells nothing of them when they fail inside with a secret in their hands', async () => {
    const ledger = server.get(Ledger);
    const token = secrets.get('second: refresh token') ?? '';
    const failing = jest.spyOn(ledger, 'execute').mockImplementation(() => {
      const cause = new Error(`cannot find ${token}`);
      return Promise.reject(
        Object.assign(new Error(`refresh_token=${token} of Bearer ${token}`, { cause }), {
          request: { headers: { authorization: token } },
        }),
      );
    });
    const client = await post(server, '/oauth/token', {
      grant_type: 'refresh_token',
      refresh_token: token,
      client_id: 'somebody',
    });
    failing.mockRestore();
    expect(client.status).toBe(500);
    expect(client.text).not.toContain(token);
    const errors = server.logged.filter((line) => line.includes('"level":"error"'));
    expect(errors.length).toBeGreaterThanOrEqual(2);
    expect(errors.join('')).toContain('refresh_token=[redacted] of Bearer [token]');
    expect(errors.join('')).toContain('cannot find [token]');
    expect(errors.join('')).toContain('"route":"/oauth/token","status":500');
  });

  it('holds none of the secrets, whole or by its beginning or end', () => {
    expect(secrets.size).toBeGreaterThanOrEqual(16);
    const output = server.logged.join('');
    expect(output.length).toBeGreaterThan(5000);
    const found = [...secrets].filter(([, secret]) => {
      const forms = [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')];
      const ends = secret.length < 32 ? [] : [secret.slice(-16), secret.slice(20, 36)];
      return [...forms, ...ends].some((text) => output.includes(text));
    });
    expect(found.map(([what]) => what)).toEqual([]);
    server.logged.splice(0);
  });
});
