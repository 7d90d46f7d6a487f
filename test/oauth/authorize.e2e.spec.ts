import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newUuid } from '../../src/config/random-identifiers.js';
import { DisableAccount } from '../../src/directory/disable-account.handler.js';
import { DisableClient } from '../../src/directory/disable-client.handler.js';
import { EndSession } from '../../src/directory/end-session.handler.js';
import { SignOutEverywhere } from '../../src/directory/sign-out-everywhere.handler.js';
import { Ledger } from '../../src/ledger/ledger.port.js';
import {
  type HttpBrowser,
  isConsent,
  isSignIn,
  signInAndConsent,
  type Visit,
} from '../support/http-browser.js';
import {
  authorizePath,
  basic,
  claimsOf,
  type Fields,
  newPkce,
  post,
  query,
  redemption,
  refresh,
  type Tokens,
} from '../support/http-flow.js';
import {
  HttpServer,
  REDIRECT_URI,
  type TestAccount,
  type TestClient,
  TestClock,
} from '../support/http-server.js';

const clock = new TestClock();
const pkce = newPkce();
const operator = { actor: 'operator', correlationId: newUuid() };
let server: HttpServer;
let ana: TestAccount;
let spa: TestClient;
let web: TestClient;
let native: TestClient;
let firstParty: TestClient;

beforeAll(async () => {
  server = await HttpServer.start();
  ana = await server.createAccount('ana');
  spa = await server.register('spa', { name: 'Photos' });
  web = await server.register('web');
  native = await server.register('native', { redirectUris: ['http://127.0.0.1/callback'] });
  firstParty = await server.register('spa', { firstParty: true, scope: 'openid audit:read admin' });
});

afterAll(() => server.close());

/** A browser that is signed in, and has allowed nothing but what a first party needs. */
async function signedInBrowser(account: TestAccount = ana): Promise<HttpBrowser> {
  const browser = server.browser();
  await signInAndConsent(browser, authorizePath(firstParty, pkce, { scope: 'openid' }), account);
  return browser;
}

/** Asks by GET or POST, and stops where the server wants something or sends the browser away. */
function ask(
  browser: HttpBrowser,
  client: TestClient,
  more: Fields = {},
  method: 'GET' | 'POST' = 'GET',
): Promise<Visit> {
  const path = authorizePath(client, pkce, more);
  if (method === 'GET') return browser.open(path);
  return browser.post('/oauth/authorize', new URLSearchParams(path.slice(path.indexOf('?') + 1)));
}

function answerAt({ url, isOutside, status, text }: Visit): Record<string, string> {
  if (!isOutside) throw new Error(`stopped at ${url.pathname}: ${status} ${text}`);
  return Object.fromEntries(url.searchParams);
}

async function redeemed(
  client: TestClient,
  visit: Visit,
  redirectUri = client.redirectUri,
): Promise<Tokens> {
  const { code = '' } = answerAt(visit);
  const fields = redemption({ ...client, redirectUri }, { code, pkce });
  const isPublic = client.clientSecret === undefined;
  const { status, text, body } = isPublic
    ? await post<Tokens>(server, '/oauth/token', fields)
    : await post<Tokens>(
        server,
        '/oauth/token',
        { ...fields, client_id: undefined },
        basic(client),
      );
  if (status !== 200) throw new Error(`${status} ${text}`);
  return body;
}

function expectErrorPage(visit: Visit, status = 400): void {
  expect(visit).toMatchObject({ status, isOutside: false });
  expect(visit.headers.get('location')).toBeNull();
  expect(visit.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(visit.headers.get('cache-control')).toBe('no-store');
  expect(visit.headers.get('x-frame-options')).toBe('DENY');
  expect(visit.headers.get('x-content-type-options')).toBe('nosniff');
  const policy = visit.headers.get('content-security-policy') ?? '';
  expect(policy.split('; ')).toEqual(
    expect.arrayContaining(["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'"]),
  );
  expect(policy).not.toMatch(/script-src|unsafe/);
  expect(visit.html).not.toMatch(/<script|evil\.example/i);
}

describe('a request whose client or redirect URI cannot be believed', () => {
  const base = (more: Fields = {}): string =>
    query({
      response_type: 'code',
      client_id: spa.clientId,
      redirect_uri: REDIRECT_URI,
      scope: 'openid',
      state: 'secret-state',
      code_challenge: pkce.challenge,
      code_challenge_method: 'S256',
      ...more,
    });
  const redirectsTo = (redirect_uri: string) => () => base({ redirect_uri });

  it.each<[name: string, parameters: () => string | Promise<string>]>([
    ['no client_id', () => base({ client_id: undefined })],
    ['an unknown client', () => base({ client_id: 'nobody' })],
    ['an impossible client', () => base({ client_id: '../../etc/passwd' })],
    ['a client_id as markup', () => base({ client_id: '<script>alert(1)</script>' })],
    ['a repeated client_id', () => `${base()}&client_id=${spa.clientId}`],
    ['an empty second client_id', () => `${base()}&client_id=`],
    [
      'a repeated client_id after another repetition',
      () => `state=a&state=b&client_id=${web.clientId}&${base()}`,
    ],
    [
      'a client without the authorization_code grant',
      async () => base({ client_id: (await server.register('machine')).clientId }),
    ],
    ['a disabled client', async () => base({ client_id: (await disabledClient()).clientId })],
    ['no redirect_uri', () => base({ redirect_uri: undefined })],
    ['a repeated redirect_uri', () => `${base()}&redirect_uri=${encodeURIComponent(REDIRECT_URI)}`],
    ['another redirect_uri', redirectsTo('https://evil.example/callback')],
    ['a longer redirect_uri', redirectsTo(`${REDIRECT_URI}/more`)],
    ['a shorter redirect_uri', redirectsTo('https://app.example/')],
    ['a redirect_uri with a query', redirectsTo(`${REDIRECT_URI}?next=https://evil.example`)],
    ['a redirect_uri with a fragment', redirectsTo(`${REDIRECT_URI}#x`)],
    ['a redirect_uri in other case', redirectsTo('https://APP.example/callback')],
    ['a redirect_uri with user information', redirectsTo('https://app.example@evil.example/')],
    ['a redirect_uri with dots', redirectsTo('https://app.example/x/../callback')],
    ['a redirect_uri with a port', redirectsTo('https://app.example:443/callback')],
    ['a redirect_uri with a NUL byte', redirectsTo(`${REDIRECT_URI}\0`)],
    ['a redirect_uri with a new line', redirectsTo(`${REDIRECT_URI}\r\nset-cookie: a=b`)],
    ['a redirect_uri with a tab', redirectsTo(`${REDIRECT_URI}\t`)],
    ['javascript:', redirectsTo('javascript:alert(1)')],
    ['invalid percent-encoding', () => `${base()}&ui_locales=%zz`],
    ['invalid UTF-8', () => `${base()}&ui_locales=%ff%fe`],
    ['an endless state', () => base({ state: 's'.repeat(7000) })],
    ['a name that is no name', () => `${base()}&${'n'.repeat(200)}=1`],
  ])('shows an error page for %s and never redirects', async (_name, parameters) => {
    const text = await parameters();
    const browser = server.browser();
    expectErrorPage(await browser.open(`/oauth/authorize?${text}`));
    const posted = await browser.open('/oauth/authorize', {
      method: 'POST',
      body: text,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expectErrorPage(posted);
    expect(posted.html).not.toContain('secret-state');
  });

  async function disabledClient(): Promise<TestClient> {
    const client = await server.register('spa');
    await server.execute(new DisableClient(client.clientId, operator));
    return client;
  }

  it.each([
    ['JSON', 'application/json', '{"client_id":"x"}'],
    ['multipart', 'multipart/form-data; boundary=x', '--x--'],
    ['bytes that are no UTF-8', 'application/x-www-form-urlencoded', 'client_id=\xff'],
    [
      'letters that take three bytes each',
      'application/x-www-form-urlencoded',
      `state=${'€'.repeat(5000)}`,
    ],
    ['nothing', 'application/x-www-form-urlencoded', ''],
  ])('shows an error page for a post of %s', async (_name, type, text) => {
    const body = Buffer.from(text, text.includes('€') ? 'utf8' : 'latin1');
    const headers = { 'content-type': type };
    const page = await server.browser().open('/oauth/authorize', { method: 'POST', body, headers });
    expectErrorPage(page);
  });

  it('shows a page for a body over 64 KiB', async () => {
    const body = `state=${'s'.repeat(66_000)}`;
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const page = await server.browser().open('/oauth/authorize', { method: 'POST', body, headers });
    expectErrorPage(page, 413);
  });
});

describe('a request that cannot be granted', () => {
  const usual = { state: 'st', scope: 'openid' };

  it.each<[name: string, more: Fields, error: string]>([
    ['no response_type', { response_type: undefined }, 'invalid_request'],
    ['response_type token', { response_type: 'token' }, 'unsupported_response_type'],
    ['response_type code token', { response_type: 'code token' }, 'unsupported_response_type'],
    ['response_type id_token', { response_type: 'id_token' }, 'unsupported_response_type'],
    ['response_mode fragment', { response_mode: 'fragment' }, 'invalid_request'],
    ['response_mode form_post', { response_mode: 'form_post' }, 'invalid_request'],
    ['no scope', { scope: undefined }, 'invalid_scope'],
    ['a scope with forbidden characters', { scope: 'openid "x"' }, 'invalid_scope'],
    ['an endless scope', { scope: 'a'.repeat(1500) }, 'invalid_scope'],
    ['no code_challenge', { code_challenge: undefined }, 'invalid_request'],
    ['no code_challenge_method', { code_challenge_method: undefined }, 'invalid_request'],
    ['plain', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['another method', { code_challenge_method: 'S512' }, 'invalid_request'],
    ['a short challenge', { code_challenge: pkce.challenge.slice(1) }, 'invalid_request'],
    ['a long challenge', { code_challenge: `${pkce.challenge}A` }, 'invalid_request'],
    ['a challenge that is no base64url', { code_challenge: '+'.repeat(43) }, 'invalid_request'],
    ['a request object', { request: 'eyJhbGciOiJub25lIn0.e30.' }, 'request_not_supported'],
    [
      'a request URI',
      { request_uri: 'https://app.example/request.jwt' },
      'request_uri_not_supported',
    ],
    ['prompt none with another', { prompt: 'none login' }, 'invalid_request'],
    ['an unknown prompt', { prompt: 'hello' }, 'invalid_request'],
    ['a negative max_age', { max_age: '-1' }, 'invalid_request'],
    ['a max_age that is no number', { max_age: '1e3' }, 'invalid_request'],
    ['an endless nonce', { nonce: 'n'.repeat(513) }, 'invalid_request'],
    ['an id_token_hint of nobody', { id_token_hint: 'e30.e30.AA' }, 'invalid_request'],
    ['a relative resource', { resource: '/photos' }, 'invalid_target'],
    ['a resource with a fragment', { resource: 'https://photos.example/#all' }, 'invalid_target'],
    ['a resource with spaces', { resource: 'https://photos.example/a b' }, 'invalid_target'],
    ['an endless resource', { resource: `https://p.example/${'p'.repeat(600)}` }, 'invalid_target'],
    ['a relative audience', { audience: 'photos' }, 'invalid_target'],
    ['prompt none for nobody', { prompt: 'none' }, 'login_required'],
  ])('is told to the client: %s', async (_name, more, error) => {
    for (const method of ['GET', 'POST'] as const) {
      const isHinted = more.id_token_hint !== undefined;
      // A hint is only looked at for somebody who is signed in.
      const browser = isHinted ? await signedInBrowser() : server.browser();
      const visit = await ask(browser, spa, { ...usual, ...more }, method);
      expect(visit.url.href.startsWith(`${REDIRECT_URI}?`)).toBe(true);
      expect(answerAt(visit)).toEqual({
        error,
        error_description: expect.any(String),
        state: 'st',
        iss: server.issuer,
      });
      expect(visit.status).toBe(303);
      expect(visit.headers.get('cache-control')).toBe('no-store');
      expect(visit.headers.get('referrer-policy')).toBe('no-referrer');
    }
  });

  it.each(['state', 'scope', 'nonce', 'response_type', 'prompt', 'max_age', 'audience', 'unknown'])(
    'is told to the client: a repeated %s',
    async (name) => {
      const path = authorizePath(spa, pkce, { state: 'st', [name]: 'openid' });
      for (const suffix of [`&${name}=openid`, `&${name}=`]) {
        for (const method of ['GET', 'POST'] as const) {
          const browser = server.browser();
          const visit =
            method === 'GET'
              ? await browser.open(`${path}${suffix}`)
              : await browser.post(
                  '/oauth/authorize',
                  new URLSearchParams(`${path.slice(path.indexOf('?') + 1)}${suffix}`),
                );
          expect(answerAt(visit)).toMatchObject({ error: 'invalid_request', iss: server.issuer });
        }
      }
    },
  );

  it('refuses more resources than anybody needs', async () => {
    const resources = Array.from({ length: 9 }, (_, index) => `https://r${index}.example`);
    const path = authorizePath(spa, pkce, { state: 'st' });
    const more = resources.map((uri) => `&resource=${encodeURIComponent(uri)}`).join('');
    const visit = await server.browser().open(`${path}${more}`);
    expect(answerAt(visit)).toMatchObject({ error: 'invalid_target' });
  });
});

describe('an answer', () => {
  it('brings state back as it came, nonce into the ID token, and names the issuer', async () => {
    const browser = server.browser();
    const state = `a b&c=%25+é"<>'/\\?#${'x'.repeat(500)}`;
    const nonce = 'n-0S6_WzA2Mj "é';
    for (const method of ['GET', 'POST'] as const) {
      let visit = await ask(browser, firstParty, { state, nonce, scope: 'openid' }, method);
      if (isSignIn(visit)) visit = await browser.submit(visit, { ...ana });
      expect(answerAt(visit)).toEqual({ code: expect.any(String), state, iss: server.issuer });
      const tokens = await redeemed(firstParty, visit);
      expect(claimsOf(tokens.id_token)).toMatchObject({ nonce, aud: firstParty.clientId });
      expect(tokens).not.toHaveProperty('refresh_token');
    }
  });

  it('keeps the query of the redirect URI, and goes to private-use schemes', async () => {
    const withQuery = await server.register('web', {
      redirectUris: ['https://app.example/cb?tenant=7'],
      firstParty: true,
    });
    const browser = await signedInBrowser();
    const { url } = await ask(browser, withQuery, { scope: 'openid' });
    expect(url.href.startsWith('https://app.example/cb?tenant=7&code=tlc_')).toBe(true);
    const app = await server.register('native', { redirectUris: ['com.example.app:/cb'] });
    const page = await ask(browser, app, { scope: 'openid' });
    expect(page.headers.get('content-security-policy')).toContain('com.example.app:');
    const landed = await browser.submit(page, {}, 'Allow');
    expect(landed.url.href.startsWith('com.example.app:/cb?code=tlc_')).toBe(true);
  });

  it('goes to any port of a native application on this device, which must redeem with it', async () => {
    const browser = await signedInBrowser();
    const redirectUri = 'http://127.0.0.1:51004/callback';
    const page = await ask(browser, native, { redirect_uri: redirectUri });
    expect(page.headers.get('content-security-policy')).toContain('http://127.0.0.1:51004');
    const landed = await browser.submit(page, {}, 'Allow');
    expect(landed.url.origin).toBe('http://127.0.0.1:51004');
    const { code = '' } = answerAt(landed);
    const wrong = await post(server, '/oauth/token', redemption(native, { code, pkce }));
    expect(wrong).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect(await redeemed(native, landed, redirectUri)).toMatchObject({ token_type: 'Bearer' });

    for (const refused of [
      'http://127.0.0.1:51004/other',
      'http://127.0.0.1:99999/callback',
      'http://localhost:51004/callback',
      'http://127.0.0.2:51004/callback',
      'https://127.0.0.1:51004/callback',
    ]) {
      expectErrorPage(await ask(browser, native, { redirect_uri: refused }));
    }
    const long = `http://127.0.0.1/${'x'.repeat(2031)}`;
    const longest = await server.register('native', { redirectUris: [long] });
    const longer = long.replace('127.0.0.1', '127.0.0.1:51004');
    expectErrorPage(await ask(browser, longest, { redirect_uri: longer }));
    expect(isConsent(await ask(browser, longest, { redirect_uri: long }))).toBe(true);
    const localhost = await server.register('spa', {
      redirectUris: ['http://localhost:5173/callback'],
    });
    expectErrorPage(
      await ask(browser, localhost, { redirect_uri: 'http://localhost:5174/callback' }),
    );
  });
});

describe('what is granted', () => {
  it('has an audience for every resource, by audience and resource alike', async () => {
    const browser = await signedInBrowser();
    const path = authorizePath(spa, pkce, { audience: 'https://a.example' });
    const page = await browser.open(`${path}&resource=urn:b&resource=https://c.example/x`);
    for (const resource of ['https://a.example', 'urn:b', 'https://c.example/x']) {
      expect(page.text).toContain(resource);
    }
    const tokens = await redeemed(spa, await browser.submit(page, {}, 'Allow'));
    expect(claimsOf(tokens.access_token).aud).toEqual([
      'https://a.example',
      'https://c.example/x',
      'urn:b',
    ]);
    const { body } = await refresh(server, spa, tokens.refresh_token, { resource: 'urn:b' });
    expect(claimsOf(body.access_token).aud).toBe('urn:b');
    const wider = await refresh(server, spa, body.refresh_token, { resource: 'urn:d' });
    expect(wider).toMatchObject({ status: 400, body: { error: 'invalid_target' } });
  });

  it('is meant for the issuer when no resource is named', async () => {
    const browser = await signedInBrowser();
    const visit = await ask(browser, firstParty, { scope: 'openid' });
    expect(claimsOf((await redeemed(firstParty, visit)).access_token).aud).toBe(server.issuer);
  });

  it('leaves out scope that the client did not register, and refuses when nothing is left', async () => {
    const limited = await server.register('spa', { scope: 'openid photos:read', firstParty: true });
    const browser = await signedInBrowser();
    const visit = await ask(browser, limited, { scope: 'photos:write photos:read openid' });
    expect((await redeemed(limited, visit)).scope).toBe('openid photos:read');
    const nothing = await ask(browser, limited, { scope: 'photos:write' });
    expect(answerAt(nothing)).toMatchObject({ error: 'invalid_scope' });
  });

  it('has no refresh token without offline_access, or for a client without that grant', async () => {
    const browser = await signedInBrowser();
    const page = await ask(browser, spa, { scope: 'openid', prompt: 'consent' });
    const tokens = await redeemed(spa, await browser.submit(page, {}, 'Allow'));
    expect(tokens).not.toHaveProperty('refresh_token');
    expect(tokens).not.toHaveProperty('refresh_token_expires_in');
    const codeOnly = await server.registerWith({
      metadata: {
        redirect_uris: [REDIRECT_URI],
        grant_types: ['authorization_code'],
        token_endpoint_auth_method: 'none',
      },
    });
    const asked = await ask(browser, codeOnly, { scope: 'openid offline_access' });
    expect(asked.text).not.toContain('while you are away');
    const granted = await redeemed(codeOnly, await browser.submit(asked, {}, 'Allow'));
    expect(granted.scope).toBe('openid');
    expect(granted).not.toHaveProperty('refresh_token');
  });

  it('has operator scopes only for a first party, a role and the operator audience', async () => {
    const auditor = await server.createAccount('auditor', { roles: ['auditor'] });
    const browser = await signedInBrowser(auditor);
    const visit = await ask(browser, firstParty, { scope: 'openid admin audit:read' });
    const tokens = await redeemed(firstParty, visit);
    expect(tokens.scope).toBe('audit:read openid');
    expect(claimsOf(tokens.access_token).aud).toBe(`${server.issuer}/admin`);

    const ordinary = await signedInBrowser();
    const refused = await ask(ordinary, firstParty, { scope: 'audit:read' });
    expect(answerAt(refused)).toMatchObject({ error: 'invalid_scope' });
    const third = await ask(browser, spa, { scope: 'openid audit:read' });
    expect(third.text).toContain('Scope: openid');
    expect(third.text).not.toContain('audit:read');
    expect((await redeemed(spa, await browser.submit(third, {}, 'Allow'))).scope).toBe('openid');
  });
});

describe('prompt and max_age', () => {
  it('none answers without showing anything, or says what is missing', async () => {
    const browser = await signedInBrowser();
    const client = await server.register('web');
    const quiet = { prompt: 'none', scope: 'openid' };
    expect(answerAt(await ask(server.browser(), client, quiet)).error).toBe('login_required');
    expect(answerAt(await ask(browser, client, quiet)).error).toBe('consent_required');
    const page = await ask(browser, client, { scope: 'openid' });
    await browser.submit(page, {}, 'Allow');
    expect(answerAt(await ask(browser, client, quiet))).toHaveProperty('code');
    expect(answerAt(await ask(browser, client, { ...quiet, max_age: '0' })).error).toBe(
      'login_required',
    );
  });

  it.each(['login', 'select_account'])('%s asks who it is, once', async (prompt) => {
    const browser = await signedInBrowser();
    clock.pass(10_000);
    const before = answerAt(await ask(browser, firstParty, { scope: 'openid' }));
    expect(before).toHaveProperty('code');
    const page = await ask(browser, firstParty, { scope: 'openid', prompt });
    expect(isSignIn(page)).toBe(true);
    const now = Math.floor(Date.now() / 1000);
    const tokens = await redeemed(firstParty, await browser.submit(page, { ...ana }));
    expect(claimsOf(tokens.id_token).auth_time).toBeGreaterThanOrEqual(now);
  });

  it('login holds for the browser that signed in, not for whoever has its URL', async () => {
    const thief = server.browser();
    const page = await ask(thief, firstParty, { scope: 'openid', prompt: 'login' });
    const fields = new URLSearchParams([...page.forms[0]!.fields]);
    fields.set('username', ana.username);
    fields.set('password', ana.password);
    const url = new URL('/sign-in', server.issuer);
    const { headers, status } = await thief.fetch(url, { method: 'POST', body: fields });
    expect(status).toBe(303);
    const resumed = new URL(headers.get('location') ?? '', server.issuer);
    expect(resumed.pathname).toBe('/oauth/authorize');
    const victim = await signedInBrowser();
    expect(isSignIn(await victim.open(resumed))).toBe(true);
    expect(answerAt(await thief.open(resumed))).toHaveProperty('code');
  });

  it('consent asks again although it is remembered', async () => {
    const browser = await signedInBrowser();
    const page = await ask(browser, web);
    await browser.submit(page, {}, 'Allow');
    expect(answerAt(await ask(browser, web))).toHaveProperty('code');
    const again = await ask(browser, web, { prompt: 'consent' });
    expect(isConsent(again)).toBe(true);
    expect(answerAt(await browser.submit(again, {}, 'Allow'))).toHaveProperty('code');
    expect(isConsent(await ask(browser, firstParty, { scope: 'openid', prompt: 'consent' }))).toBe(
      true,
    );
  });

  it('max_age asks who it is when the sign-in is older, and only then', async () => {
    const browser = await signedInBrowser();
    clock.pass(30_000);
    const scope = 'openid';
    expect(answerAt(await ask(browser, firstParty, { scope, max_age: '3600' }))).toHaveProperty(
      'code',
    );
    for (const max_age of ['29', '0']) {
      clock.pass(30_000);
      const page = await ask(browser, firstParty, { scope, max_age });
      expect(isSignIn(page)).toBe(true);
      const tokens = await redeemed(firstParty, await browser.submit(page, { ...ana }));
      expect(claimsOf(tokens.id_token).auth_time).toBeGreaterThan(Date.now() / 1000 - 20);
    }
  });

  it('an id_token_hint asks for its person, and takes nobody else', async () => {
    const browser = await signedInBrowser();
    const visit = await ask(browser, firstParty, { scope: 'openid' });
    const { id_token: hint } = await redeemed(firstParty, visit);
    const more = { scope: 'openid', id_token_hint: hint };
    clock.pass(4_000_000);
    expect(answerAt(await ask(browser, firstParty, more))).toHaveProperty('code');
    const bo = await server.createAccount();
    const other = await signedInBrowser(bo);
    const quiet = await ask(other, firstParty, { ...more, prompt: 'none' });
    expect(answerAt(quiet)).toMatchObject({ error: 'login_required' });
    const page = await ask(other, firstParty, more);
    expect(isSignIn(page)).toBe(true);
    const wrong = await other.submit(page, { ...bo });
    expect(answerAt(wrong)).toMatchObject({ error: 'login_required' });
    const right = await other.submit(await ask(other, firstParty, more), { ...ana });
    expect(answerAt(right)).toHaveProperty('code');
  });
});

describe('consent', () => {
  it('says who asks, for what and how long', async () => {
    const browser = await signedInBrowser();
    const page = await ask(browser, spa, { scope: 'openid email offline_access photos:read' });
    expect(page.status).toBe(200);
    expect(page.text).toContain('Photos wants access');
    expect(page.text).toContain('app.example');
    expect(page.text).toContain('See your email address');
    expect(page.text).toContain('Keep its access while you are away');
    expect(page.text).toContain('photos:read');
    expect(page.text).toContain('180 days');
    expect(page.forms[0]?.buttons.map(({ text }) => text)).toEqual(['Allow', 'Deny']);
    expect(page.text).not.toContain('Unverified');
    const short = await ask(browser, spa, { scope: 'openid', prompt: 'consent' });
    expect(short.text).toContain('10 minutes');
  });

  it('marks a client that registered itself', async () => {
    const self = await server.registerWith({
      verified: false,
      metadata: { redirect_uris: [REDIRECT_URI], client_name: 'Your Bank' },
    });
    const page = await ask(await signedInBrowser(), self);
    expect(page.text).toContain('Unverified');
    expect(page.text).toContain('Nobody here has checked this application');
  });

  it('is remembered for what was allowed, and asked for more', async () => {
    const bo = await server.createAccount();
    const browser = await signedInBrowser(bo);
    const client = await server.register('web');
    const needs = async (more: Fields): Promise<boolean> =>
      isConsent(await ask(browser, client, more));
    const photos = { scope: 'openid photos:read' };
    await browser.submit(await ask(browser, client, photos), {}, 'Allow');
    expect(await needs(photos)).toBe(false);
    expect(await needs({ scope: 'openid' })).toBe(false);
    expect(await needs({ scope: 'openid photos:read photos:write' })).toBe(true);
    expect(await needs({ ...photos, resource: 'https://photos.example' })).toBe(true);
    const another = await server.register('web');
    expect(isConsent(await ask(browser, another, photos))).toBe(true);
    const other = await signedInBrowser(await server.createAccount());
    expect(isConsent(await ask(other, client, photos))).toBe(true);
  });

  it.each<[name: string, client: () => Promise<TestClient>, isRemembered: boolean]>([
    ['a client with a secret', () => server.register('web'), true],
    ['a public client at its own https address', () => server.register('spa'), true],
    [
      'a public client on this device',
      () => server.register('native', { redirectUris: ['http://127.0.0.1/cb'] }),
      false,
    ],
    [
      'a public client at localhost',
      () => server.register('spa', { redirectUris: ['http://localhost:5173/cb'] }),
      false,
    ],
    [
      'a public client with a private-use scheme',
      () => server.register('native', { redirectUris: ['com.example.app:/cb'] }),
      false,
    ],
  ])('of %s: remembered or not', async (_name, make, isRemembered) => {
    const browser = await signedInBrowser();
    const client = await make();
    const page = await ask(browser, client);
    expect(isConsent(page)).toBe(true);
    await browser.submit(page, {}, 'Allow');
    expect(isConsent(await ask(browser, client))).toBe(!isRemembered);
  });

  it('is not asked for a first party', async () => {
    const browser = server.browser();
    const page = await ask(browser, firstParty, { scope: 'openid' });
    expect(answerAt(await browser.submit(page, { ...ana }))).toHaveProperty('code');
  });

  it('that is denied is told to the client, and asked for again next time', async () => {
    const browser = await signedInBrowser();
    const client = await server.register('web');
    const page = await ask(browser, client, { state: 'st' });
    const { result: denied, events } = await server.recorded(() =>
      browser.submit(page, {}, 'Deny'),
    );
    expect(answerAt(denied)).toMatchObject({
      error: 'access_denied',
      state: 'st',
      iss: server.issuer,
    });
    expect(events).toEqual([]);
    expect(isConsent(await ask(browser, client))).toBe(true);
    const unpressed = await browser.submit(await ask(browser, client), {});
    expect(answerAt(unpressed)).toMatchObject({ error: 'access_denied' });
  });
});

describe('a request that is under way', () => {
  it.each(['sign-in', 'consent'] as const)('ends after ten minutes at %s', async (stage) => {
    const browser = stage === 'consent' ? await signedInBrowser() : server.browser();
    const page = await ask(browser, spa, { prompt: 'consent' });
    clock.pass(601_000);
    const late =
      stage === 'consent'
        ? await browser.submit(page, {}, 'Allow')
        : await browser.submit(page, { ...ana });
    expectErrorPage(late);
    expectErrorPage(await browser.open(page.url));
    const { search } = page.url;
    expectErrorPage(await browser.open(`/oauth/authorize${search}`));
  });

  it('cannot be changed on its way', async () => {
    const browser = server.browser();
    const page = await ask(browser, spa);
    const sealed = page.url.searchParams.get('interaction') ?? '';
    const flipped = `${sealed.slice(0, 60)}${sealed[60] === 'A' ? 'B' : 'A'}${sealed.slice(61)}`;
    for (const interaction of [flipped, sealed.slice(1), `${sealed}A`, '', 'x', 'é\0']) {
      for (const path of ['/sign-in', '/consent']) {
        expectErrorPage(await browser.open(`${path}?${query({ interaction })}`));
        expectErrorPage(await browser.post(path, { interaction }));
      }
      if (interaction === '') continue;
      expectErrorPage(await browser.open(`/oauth/authorize?${query({ interaction })}`));
    }
    const submitted = await browser.submit(page, { ...ana, interaction: flipped });
    expectErrorPage(submitted);
  });

  it('stops when the account is disabled', async () => {
    const bo = await server.createAccount();
    const browser = await signedInBrowser(bo);
    const page = await ask(browser, web);
    expect(isConsent(page)).toBe(true);
    await server.execute(new DisableAccount(bo.subject, operator));
    expectErrorPage(await browser.submit(page, {}, 'Allow'));
    const again = await ask(browser, web);
    expect(isSignIn(again)).toBe(true);
    expect((await browser.submit(again, { ...bo })).status).toBe(401);
  });

  it('stops when the client is disabled', async () => {
    const browser = await signedInBrowser();
    const client = await server.register('web');
    const page = await ask(browser, client);
    await server.execute(new DisableClient(client.clientId, operator));
    expectErrorPage(await browser.submit(page, {}, 'Allow'));
  });

  it('and everything that was granted stops when the person signs out everywhere', async () => {
    const bo = await server.createAccount();
    const browser = await signedInBrowser(bo);
    const page = await ask(browser, spa);
    const tokens = await redeemed(spa, await browser.submit(page, {}, 'Allow'));
    const pending = answerAt(await ask(browser, spa)).code ?? '';
    await server.execute(new SignOutEverywhere(bo.subject, operator));
    expect(isSignIn(await ask(browser, spa))).toBe(true);
    const refused = { status: 400, body: { error: 'invalid_grant' } };
    expect(await refresh(server, spa, tokens.refresh_token)).toMatchObject(refused);
    const redeeming = redemption(spa, { code: pending, pkce });
    expect(await post(server, '/oauth/token', redeeming)).toMatchObject(refused);
    const userinfo = await server.fetch('/oauth/userinfo', {
      headers: { authorization: `Bearer ${tokens.access_token}` },
    });
    expect(userinfo.status).toBe(401);
    const again = await ask(browser, spa);
    const renewed = await redeemed(spa, await browser.submit(again, { ...bo }));
    expect(await refresh(server, spa, renewed.refresh_token)).toMatchObject({ status: 200 });
  });
});

describe('a browser that is signed out while its request is answered', () => {
  /** Ends the session of the browser after it was found to stand, right before the grant. */
  async function signedOutAtTheGrant(more: Fields): Promise<readonly [Visit, string[]]> {
    const { result: browser, events } = await server.recorded(() => signedInBrowser());
    const { streamId = '' } = events.find(({ type }) => type === 'SessionStarted') ?? {};
    const ledger = server.get(Ledger);
    const execute = ledger.execute.bind(ledger);
    ledger.execute = async (execution) => {
      if (execution.kind === 'family') {
        ledger.execute = execute;
        const sessionId = streamId.slice('session:'.length);
        await server.execute(new EndSession(sessionId, 'signed_out', operator));
      }
      return execute(execution);
    };
    const asked = await server.recorded(() => ask(browser, firstParty, more));
    return [asked.result, asked.events.map(({ type }) => type)];
  }

  it('has to sign in again, and nothing is granted', async () => {
    const [visit, types] = await signedOutAtTheGrant({ scope: 'offline_access openid' });
    expect(isSignIn(visit)).toBe(true);
    expect(types).toEqual(['SessionEnded']);
  });

  it('is told so where nothing may be shown', async () => {
    const [visit, types] = await signedOutAtTheGrant({ scope: 'openid', prompt: 'none' });
    expect(answerAt(visit)).toMatchObject({ error: 'login_required' });
    expect(types).toEqual(['SessionEnded']);
  });
});

describe('a server with a list of resources', () => {
  let listed: HttpServer;
  beforeAll(async () => {
    listed = await HttpServer.start({ TOKEN_LEDGER_RESOURCES: 'https://photos.example urn:music' });
  });
  afterAll(() => listed.close());

  it('lets only those be asked for, itself and its operator audience', async () => {
    const client = await listed.register('spa', { firstParty: true });
    const browser = listed.browser();
    const admin = { username: 'admin', password: ana.password };
    await signInAndConsent(browser, authorizePath(client, pkce), admin);
    const outcome = async (more: Fields): Promise<string> => {
      const { code, error } = answerAt(await browser.open(authorizePath(client, pkce, more)));
      return error ?? (code === undefined ? 'nothing' : 'code');
    };
    for (const resource of [
      'https://photos.example',
      'urn:music',
      listed.issuer,
      `${listed.issuer}/admin`,
    ]) {
      expect(await outcome({ resource })).toBe('code');
      expect(await outcome({ audience: resource })).toBe('code');
    }
    for (const resource of ['https://photos.example/', 'https://other.example', 'urn:musical']) {
      expect(await outcome({ resource })).toBe('invalid_target');
      expect(await outcome({ audience: resource })).toBe('invalid_target');
    }
  });
});
