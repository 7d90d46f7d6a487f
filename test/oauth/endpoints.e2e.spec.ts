import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { InitialAccessToken } from '../../src/directory/initial-access-token.service.js';
import { signInAndConsent } from '../support/http-browser.js';
import {
  authorizePath,
  basic,
  newPkce,
  post,
  redemption,
  refresh,
  type Tokens,
} from '../support/http-flow.js';
import { HttpServer, PASSWORD } from '../support/http-server.js';

let server: HttpServer;

beforeAll(async () => {
  server = await HttpServer.start();
});

afterAll(() => server.close());

const ORIGIN = 'https://spa.example';
const methods: Readonly<Record<string, string>> = {
  '/.well-known/openid-configuration': 'GET, HEAD',
  '/.well-known/oauth-authorization-server': 'GET, HEAD',
  '/oauth/jwks': 'GET, HEAD',
  '/oauth/token': 'POST',
  '/oauth/revoke': 'POST',
  '/oauth/userinfo': 'GET, HEAD, POST',
  '/oauth/introspect': 'POST',
  '/oauth/register': 'POST',
  '/oauth/authorize': 'GET, POST',
  '/oauth/logout': 'GET, POST',
  '/sign-in': 'GET, HEAD, POST',
  '/consent': 'GET, HEAD, POST',
};
const forScripts = [
  '/.well-known/openid-configuration',
  '/.well-known/oauth-authorization-server',
  '/oauth/jwks',
  '/oauth/token',
  '/oauth/revoke',
  '/oauth/userinfo',
];
const notForScripts = Object.keys(methods).filter((path) => !forScripts.includes(path));
const crossOriginHeaders = (headers: Headers): string[] =>
  [...headers.keys()].filter((name) => name.startsWith('access-control-'));

describe.each(Object.entries(methods))('%s', (path, allowed) => {
  const all = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND'];
  const others = all.filter((method) => !allowed.split(', ').includes(method));

  it.each(others)('has no %s, and says what it has', async (method) => {
    for (const suffix of ['', '?token=secret-value-in-the-url']) {
      const response = await server.fetch(`${path}${suffix}`, { method });
      expect(response.status).toBe(405);
      expect(response.headers.get('allow')).toBe(allowed);
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      const text = await response.text();
      expect(text).not.toContain('secret-value');
      if (method !== 'HEAD') expect(JSON.parse(text)).toHaveProperty('error', 'invalid_request');
    }
  });

  it('says what it has when it is asked', async () => {
    const response = await server.fetch(path, { method: 'OPTIONS' });
    expect([response.status, response.headers.get('allow')]).toEqual([204, allowed]);
  });
});

describe('scripts of other sites', () => {
  const asking = {
    origin: ORIGIN,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization, content-type, dpop',
  };

  it.each(forScripts)('may call %s, without cookies', async (path) => {
    const preflight = await server.fetch(path, { method: 'OPTIONS', headers: asking });
    expect(preflight.status).toBe(204);
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': methods[path],
      'access-control-allow-headers': 'authorization, content-type, dpop',
      'access-control-max-age': '7200',
    });
    const method = methods[path]?.startsWith('GET') === true ? 'GET' : 'POST';
    const response = await server.fetch(path, { method, headers: { origin: ORIGIN } });
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('access-control-expose-headers')).toContain('www-authenticate');
    expect(response.headers.has('access-control-allow-credentials')).toBe(false);
  });

  it('can read refusals of all kinds', async () => {
    const large = `grant_type=${'x'.repeat(70_000)}`;
    for (const [body, status] of [
      ['grant_type=x&client_id=x', 400],
      ['grant_type=refresh_token&refresh_token=x', 401],
      [large, 413],
    ] as const) {
      const answer = await post(server, '/oauth/token', body, { origin: ORIGIN });
      expect(answer.status).toBe(status);
      expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    }
  });

  it.each(notForScripts)('may not call %s', async (path) => {
    const preflight = await server.fetch(path, { method: 'OPTIONS', headers: asking });
    expect(crossOriginHeaders(preflight.headers)).toEqual([]);
    const method = methods[path]?.includes('GET') === true ? 'GET' : 'POST';
    const response = await server.fetch(path, { method, headers: { origin: ORIGIN } });
    expect(crossOriginHeaders(response.headers)).toEqual([]);
  });
});

describe('metadata and keys', () => {
  it.each(['/.well-known/openid-configuration', '/oauth/jwks'])(
    '%s may be kept for a while, and has a HEAD',
    async (path) => {
      const response = await server.fetch(path);
      expect(response.headers.get('cache-control')).toMatch(/^public, max-age=\d+$/);
      expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      const head = await server.fetch(path, { method: 'HEAD' });
      expect([head.status, await head.text()]).toEqual([200, '']);
    },
  );

  it('name only endpoints that are there', async () => {
    const response = await server.fetch('/.well-known/openid-configuration');
    const metadata = (await response.json()) as Record<string, unknown>;
    for (const [name, url] of Object.entries(metadata)) {
      if (!/(?:_endpoint|_uri|service_documentation)$/.test(name)) continue;
      const { pathname } = new URL(String(url));
      const found = await server.fetch(pathname, { method: 'GET' });
      expect([name, found.status]).not.toEqual([name, 404]);
    }
  });

  it('name only prompts that are understood', async () => {
    const response = await server.fetch('/.well-known/openid-configuration');
    const { prompt_values_supported: prompts } = (await response.json()) as Record<
      string,
      string[]
    >;
    expect(prompts).toEqual(['none', 'login', 'consent', 'select_account']);
    const client = await server.register('spa');
    for (const prompt of prompts ?? []) {
      const asked = await server.fetch(authorizePath(client, newPkce(), { prompt }));
      const location = new URL(asked.headers.get('location') ?? '', server.issuer);
      expect([prompt, location.searchParams.get('error')]).toEqual([
        prompt,
        prompt === 'none' ? 'login_required' : null,
      ]);
    }
  });
});

describe('what is not there', () => {
  it.each([
    '/oauth',
    '/oauth/',
    '/oauth/token/',
    '/oauth/nothing',
    '/oauth/%74oken',
    '/OAuth/Token',
  ])('%s is not found, and nothing of it is repeated', async (path) => {
    const response = await server.fetch(`${path}?token=secret-value-in-the-url`);
    expect(response.status).toBe(404);
    expect(await response.text()).not.toMatch(/secret-value|nothing|%74|Cannot/);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('has the same rules as the endpoint whose name it is in other letters', async () => {
    const authorize = await server.fetch('/oauth/%61uthorize', { method: 'HEAD' });
    expect([authorize.status, authorize.headers.get('allow')]).toEqual([405, 'GET, POST']);
    const token = await server.fetch('/oauth/%74oken', { method: 'POST' });
    expect(token.headers.get('access-control-allow-origin')).toBe('*');
  });

  it('is a page where a person would see it', async () => {
    for (const path of ['/sign-in', '/consent']) {
      const response = await server.fetch(path);
      expect(response.status).toBe(400);
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    }
  });
});

describe('what the server keeps', () => {
  it('has no secret, no token and no personal data in the clear in any file', async () => {
    const kept = await HttpServer.start({ TOKEN_LEDGER_LOG_LEVEL: 'trace' });
    const web = await kept.register('web');
    const bo = await kept.createAccount('bo-username', {
      email: 'bo-mail@example.org',
      name: 'Bo Personal-Name',
    });
    const browser = kept.browser({ userAgent: 'a browser' });
    const pkce = newPkce();
    const path = authorizePath(web, pkce, { scope: 'openid email profile offline_access' });
    const landed = await signInAndConsent(browser, path, bo);
    const code = landed.searchParams.get('code') ?? '';
    const fields = { ...redemption(web, { code, pkce }), client_id: undefined };
    const { body: tokens } = await post<Tokens>(kept, '/oauth/token', fields, basic(web));
    const renewing = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token };
    const { body: renewed } = await post<Tokens>(kept, '/oauth/token', renewing, basic(web));
    await refresh(kept, web, renewed.refresh_token);
    const secrets: Record<string, string> = {
      code,
      verifier: pkce.verifier,
      password: PASSWORD,
      'client secret': web.clientSecret ?? '',
      'access token': tokens.access_token.split('.')[2] ?? '',
      'refresh token': tokens.refresh_token.slice(4, 60),
      'next refresh token': renewed.refresh_token.slice(4, 60),
      'ID token': tokens.id_token.split('.')[2] ?? '',
      'session cookie': browser.cookies.get('token-ledger-session') ?? '',
      'initial access token': kept.get(InitialAccessToken).reveal(),
      username: 'bo-username',
      email: 'bo-mail',
      name: 'Personal-Name',
    };
    const { dataDirectory } = kept.settings;
    const files = readdirSync(dataDirectory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
    expect(files.length).toBeGreaterThan(1);
    for (const [name, secret] of Object.entries(secrets)) {
      expect(secret.length).toBeGreaterThan(5);
      expect([name, files.some((file) => file.includes(secret))]).toEqual([name, false]);
      expect([name, kept.logged.join('').includes(secret)]).toEqual([name, false]);
    }
    await kept.close();
  });
});
