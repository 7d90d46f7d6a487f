import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newUuid } from '../../src/config/random-identifiers.js';
import { DisableClient } from '../../src/directory/disable-client.handler.js';
import { type HttpBrowser, signInAndConsent, type Visit } from '../support/http-browser.js';
import {
  authorizePath,
  basic,
  claimsOf,
  newPkce,
  post,
  query,
  redemption,
  type Tokens,
} from '../support/http-flow.js';
import {
  HttpServer,
  REDIRECT_URI,
  type TestAccount,
  type TestClient,
  TestClock,
} from '../support/http-server.js';

const RETURN_URI = 'https://photos.example/signed-out?from=ledger';
const SESSION = 'token-ledger-session';
const clock = new TestClock();
const pkce = newPkce();
let server: HttpServer;
let photos: TestClient;
let mail: TestClient;
let introspector: TestClient;
let ana: TestAccount;
let bo: TestAccount;

beforeAll(async () => {
  server = await HttpServer.start({ TOKEN_LEDGER_LOG_LEVEL: 'trace' });
  photos = await server.register('spa', {
    name: 'Photos',
    firstParty: true,
    postLogoutRedirectUris: [RETURN_URI],
  });
  mail = await server.register('web', { name: 'Mail', firstParty: true });
  introspector = await server.register('machine', { mayIntrospect: true });
  ana = await server.createAccount('ana', { name: 'Ana Lovelace' });
  bo = await server.createAccount('bo');
});

afterAll(() => server.close());

/** Signs in where it is asked to; the tokens are good only while the person is signed in. */
async function tokensFor(
  browser: HttpBrowser,
  client: TestClient,
  account = ana,
  more: Record<string, string> = {},
): Promise<Tokens> {
  const path = authorizePath(client, pkce, { scope: 'openid', ...more });
  const landed = await signInAndConsent(browser, path, account);
  const code = landed.searchParams.get('code') ?? '';
  const fields = redemption(client, { code, pkce });
  const isPublic = client.clientSecret === undefined;
  const { body } = await post<Tokens>(
    server,
    '/oauth/token',
    isPublic ? fields : { ...fields, client_id: undefined },
    isPublic ? {} : basic(client),
  );
  return body;
}

async function isActive({ access_token: token }: Tokens): Promise<boolean> {
  const { body } = await post(server, '/oauth/introspect', { token }, basic(introspector));
  return body['active'] === true;
}

async function isSignedIn(browser: HttpBrowser): Promise<boolean> {
  const path = authorizePath(photos, pkce, { scope: 'openid', prompt: 'none' });
  return (await browser.open(path)).url.searchParams.has('code');
}

const logout = (parameters: Record<string, string>): string => `/oauth/logout?${query(parameters)}`;
const asked = (visit: Visit): boolean => visit.text.includes('Sign out?');
const sessionOf = ({ id_token: idToken }: Tokens): string => String(claimsOf(idToken)['sid']);

describe('signing in again', () => {
  it('as the same person leaves other applications what they have, until the person signs out', async () => {
    const browser = server.browser();
    const first = await tokensFor(browser, photos);
    const { result: second, events } = await server.recorded(() =>
      tokensFor(browser, mail, ana, { prompt: 'login' }),
    );
    expect(sessionOf(second)).not.toBe(sessionOf(first));
    const ended = events.filter(({ type }) => type === 'SessionEnded');
    expect(ended.map(({ streamId, data }) => [streamId, data])).toEqual([
      [`session:${sessionOf(first)}`, { reason: 'renewed' }],
    ]);
    expect([await isActive(first), await isActive(second)]).toEqual([true, true]);

    await browser.submit(await browser.open('/oauth/logout'), {}, 'Sign out');
    expect([await isActive(first), await isActive(second)]).toEqual([false, false]);
  });

  it('as the same person however often leaves nothing when the person signs out', async () => {
    const browser = server.browser();
    const tokens = [await tokensFor(browser, photos)];
    for (let times = 0; times < 66; times += 1) {
      tokens.push(await tokensFor(browser, mail, ana, { prompt: 'login' }));
    }
    const early = tokens.slice(0, 3);
    expect(await Promise.all(early.map(isActive))).toEqual([true, true, true]);
    const page = await browser.open('/oauth/logout');
    const { events } = await server.recorded(() => browser.submit(page, {}, 'Sign out'));
    expect(events.map(({ streamId, data }) => [streamId, data])).toEqual(
      [tokens[0], tokens.at(-1)].map((of) => [
        `session:${sessionOf(of!)}`,
        { reason: 'signed_out' },
      ]),
    );
    const stillActive = await Promise.all(tokens.map(isActive));
    expect(stillActive.filter(Boolean)).toEqual([]);
  });

  it('twice with the same cookie ends both with one sign-out', async () => {
    const browser = server.browser();
    await tokensFor(browser, photos);
    const twin = browser.copy();
    const one = await tokensFor(browser, mail, ana, { prompt: 'login' });
    const other = await tokensFor(twin, mail, ana, { prompt: 'login' });
    expect([await isActive(one), await isActive(other)]).toEqual([true, true]);
    await browser.submit(await browser.open('/oauth/logout'), {}, 'Sign out');
    expect([await isActive(one), await isActive(other)]).toEqual([false, false]);
    const userinfo = await server.fetch('/oauth/userinfo', {
      headers: { authorization: `Bearer ${other.access_token}` },
    });
    expect(userinfo.status).toBe(401);
    expect(await isSignedIn(twin)).toBe(false);
  });

  it('as the same person leaves a code that was not redeemed yet', async () => {
    const browser = server.browser();
    const path = authorizePath(photos, pkce, { scope: 'openid' });
    const landed = await signInAndConsent(browser, path, ana);
    await tokensFor(browser, mail, ana, { prompt: 'login' });
    const code = landed.searchParams.get('code') ?? '';
    const redeemed = await post(server, '/oauth/token', redemption(photos, { code, pkce }));
    expect(redeemed.status).toBe(200);
  });

  it('as somebody else ends what applications have that may act only while one is signed in', async () => {
    const browser = server.browser();
    const first = await tokensFor(browser, photos);
    const second = await tokensFor(browser, mail, ana, { prompt: 'login' });
    const elsewhere = await tokensFor(server.browser(), photos);
    const { result: third, events } = await server.recorded(() =>
      tokensFor(browser, mail, bo, { prompt: 'login' }),
    );
    const ended = events.filter(({ type }) => type === 'SessionEnded');
    expect(ended.map(({ streamId, data }) => [streamId, data])).toEqual([
      [`session:${sessionOf(first)}`, { reason: 'replaced' }],
      [`session:${sessionOf(second)}`, { reason: 'replaced' }],
    ]);
    expect([await isActive(first), await isActive(second)]).toEqual([false, false]);
    expect([await isActive(third), await isActive(elsewhere)]).toEqual([true, true]);
  });
});

describe('an application that sends the browser to sign out', () => {
  it('and shows the ID token of the session is not asked, and gets the browser back', async () => {
    const browser = server.browser();
    const tokens = await tokensFor(browser, photos);
    const { result: visit, events } = await server.recorded(() =>
      browser.open(
        logout({
          id_token_hint: tokens.id_token,
          client_id: photos.clientId,
          post_logout_redirect_uri: RETURN_URI,
          state: 'a b&c=ü',
        }),
      ),
    );
    expect(visit.status).toBe(303);
    expect(visit.url.href).toBe(`${RETURN_URI}&state=a+b%26c%3D%C3%BC`);
    expect(visit.headers.get('referrer-policy')).toBe('no-referrer');
    expect(visit.headers.get('cache-control')).toBe('no-store');
    expect(events.map(({ type, data, actor }) => [type, data, actor])).toEqual([
      ['SessionEnded', { reason: 'signed_out' }, `account:${ana.subject}`],
    ]);
    expect(browser.cookies.has(SESSION)).toBe(false);
    expect(await isActive(tokens)).toBe(false);
    expect(await isSignedIn(browser)).toBe(false);
    expect(server.logged.join('')).not.toContain(tokens.id_token.slice(-40));
  });

  it('may show an ID token that has expired, and one from before the person signed in again', async () => {
    const browser = server.browser();
    const tokens = await tokensFor(browser, photos);
    await tokensFor(browser, mail, ana, { prompt: 'login' });
    clock.pass(2 * 3_600_000);
    const visit = await browser.open(logout({ id_token_hint: tokens.id_token }));
    expect(visit.text).toContain('You are signed out');
    expect(await isSignedIn(browser)).toBe(false);
  });

  it('may post, also from its own site, where the cookie does not come along', async () => {
    const browser = server.browser();
    const tokens = await tokensFor(browser, photos);
    const fields = {
      id_token_hint: tokens.id_token,
      post_logout_redirect_uri: RETURN_URI,
      state: 's',
    };
    const response = await server.fetch('/oauth/logout', {
      method: 'POST',
      body: new URLSearchParams(fields),
    });
    const location = response.headers.get('location') ?? '';
    expect(response.status).toBe(303);
    expect(location).toMatch(/^\/oauth\/logout\?interaction=[\w-]+$/);
    expect(location).not.toContain(tokens.id_token.split('.')[2]);
    expect(await isSignedIn(browser)).toBe(true);
    const visit = await browser.open(location);
    expect(visit.url.href).toBe(`${RETURN_URI}&state=s`);
    expect(await isSignedIn(browser)).toBe(false);
  });

  it('and shows no ID token is named on the page that asks, and gets the browser back', async () => {
    const browser = server.browser();
    await tokensFor(browser, photos);
    const parameters = {
      client_id: photos.clientId,
      post_logout_redirect_uri: RETURN_URI,
      state: 'opaque',
    };
    const page = await browser.open(logout(parameters));
    expect(page.text).toContain('Photos asks to sign you out');
    expect(page.text).toContain('Leads on to photos.example');
    expect(page.text).not.toContain('Unverified');
    expect(page.text).toContain('You are signed in as Ana Lovelace');
    expect(page.headers.get('content-security-policy')).toContain("form-action 'self' https:");
    const stayed = await browser.submit(page, {}, 'Stay signed in');
    expect([stayed.isOutside, await isSignedIn(browser)]).toEqual([false, true]);
    const left = await browser.submit(page, {}, 'Sign out');
    expect(left.url.href).toBe(`${RETURN_URI}&state=opaque`);
    expect(left.headers.get('referrer-policy')).toBe('no-referrer');
    expect(await isSignedIn(browser)).toBe(false);
  });

  it('asks first when somebody else has signed in since', async () => {
    const browser = server.browser();
    const tokens = await tokensFor(browser, photos);
    await tokensFor(browser, photos, bo, { prompt: 'login' });
    const page = await browser.open(logout({ id_token_hint: tokens.id_token }));
    expect([asked(page), await isSignedIn(browser)]).toEqual([true, true]);
  });

  it('asks first when the same person signed in elsewhere', async () => {
    const tokens = await tokensFor(server.browser(), photos);
    const browser = server.browser();
    await tokensFor(browser, photos);
    const page = await browser.open(logout({ id_token_hint: tokens.id_token }));
    expect([asked(page), await isSignedIn(browser)]).toEqual([true, true]);
  });

  it('gets the browser back when nobody is signed in', async () => {
    const parameters = { client_id: photos.clientId, post_logout_redirect_uri: RETURN_URI };
    const visit = await server.browser().open(logout(parameters));
    expect([visit.isOutside, visit.url.href]).toEqual([true, RETURN_URI]);
  });

  describe('and registered itself', () => {
    let self: TestClient;
    let parameters: Record<string, string>;

    beforeAll(async () => {
      self = await server.registerWith({
        verified: false,
        metadata: {
          client_name: 'Your Bank',
          redirect_uris: [REDIRECT_URI],
          post_logout_redirect_uris: [RETURN_URI],
          token_endpoint_auth_method: 'none',
        },
      });
      parameters = { client_id: self.clientId, post_logout_redirect_uri: RETURN_URI };
    });

    const isLinkTo = (visit: Visit, href: string): void => {
      expect([visit.status, visit.isOutside]).toEqual([200, false]);
      expect(visit.text).toContain('You are signed out');
      expect(visit.text).toContain('Unverified Nobody here has checked this application');
      expect(visit.text).toContain('Your Bank registered itself');
      expect(visit.text).toContain('Continue to photos.example');
      expect(visit.html).toContain(`href="${href}"`);
    };

    it('gets a link and no redirect when nobody is signed in', async () => {
      const visit = await server.browser().open(logout({ ...parameters, state: 's' }));
      isLinkTo(visit, `${RETURN_URI}&amp;state=s`);
    });

    it('gets the same after its person was asked and told so', async () => {
      const browser = server.browser();
      await tokensFor(browser, photos);
      const page = await browser.open(logout(parameters));
      expect(page.text).toContain('Your Bank asks to sign you out');
      expect(page.text).toContain('Unverified');
      expect(page.text).toContain('Leads on to photos.example');
      expect(page.headers.get('content-security-policy')).toMatch(/form-action 'self'(?:;|$)/);
      isLinkTo(await browser.submit(page, {}, 'Sign out'), RETURN_URI);
    });

    it('gets the browser back when it shows an ID token, also when nobody is signed in', async () => {
      const browser = server.browser();
      const tokens = await tokensFor(browser, self);
      const path = logout({ id_token_hint: tokens.id_token, post_logout_redirect_uri: RETURN_URI });
      expect((await browser.open(path)).url.href).toBe(RETURN_URI);
      expect(await isActive(tokens)).toBe(false);
      expect((await browser.open(path)).url.href).toBe(RETURN_URI);
    });
  });

  const hinted = (tokens: Tokens) => ({
    id_token_hint: tokens.id_token,
    post_logout_redirect_uri: RETURN_URI,
  });
  it.each<[name: string, parameters: (tokens: Tokens) => Record<string, string> | string]>([
    [
      'a URI that it did not register',
      (tokens) => ({ ...hinted(tokens), post_logout_redirect_uri: 'https://photos.example/' }),
    ],
    [
      'a URI that is registered but for its query',
      (tokens) => ({ ...hinted(tokens), post_logout_redirect_uri: `${RETURN_URI}&x=1` }),
    ],
    [
      'its redirect URI, which is for something else',
      (tokens) => ({ ...hinted(tokens), post_logout_redirect_uri: photos.redirectUri }),
    ],
    ['the id of another client', (tokens) => ({ ...hinted(tokens), client_id: mail.clientId })],
    ['an ID token that is none', () => ({ id_token_hint: 'x', client_id: photos.clientId })],
    [
      'an ID token with another signature',
      (tokens) => ({ ...hinted(tokens), id_token_hint: `${tokens.id_token.slice(0, -8)}AAAAAAAA` }),
    ],
    [
      'an access token for an ID token',
      (tokens) => ({ ...hinted(tokens), id_token_hint: tokens.access_token }),
    ],
    ['a URI and no name', () => ({ post_logout_redirect_uri: RETURN_URI })],
    ['an unknown client', () => ({ client_id: 'nobody', post_logout_redirect_uri: RETURN_URI })],
    ['an endless state', (tokens) => ({ ...hinted(tokens), state: 's'.repeat(1025) })],
    [
      'a parameter twice',
      (tokens) => `${query(hinted(tokens))}&post_logout_redirect_uri=https%3A%2F%2Fevil.example`,
    ],
    ['what we never sealed', () => ({ interaction: 'AAAA' })],
  ])('with %s is not believed, and gets nobody sent anywhere', async (_name, parametersOf) => {
    const browser = server.browser();
    const tokens = await tokensFor(browser, photos);
    const parameters = parametersOf(tokens);
    const text = typeof parameters === 'string' ? parameters : query(parameters);
    const { result: page, events } = await server.recorded(() =>
      browser.open(`/oauth/logout?${text}`),
    );
    expect([page.status, asked(page), page.isOutside]).toEqual([200, true, false]);
    expect(page.text).not.toContain('Photos');
    expect(events).toEqual([]);
    const posted = await browser.open('/oauth/logout', {
      method: 'POST',
      body: text,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect([posted.status, asked(posted)]).toEqual([200, true]);
    expect(await isSignedIn(browser)).toBe(true);
    const done = await browser.submit(page, {}, 'Sign out');
    expect(done.text).toContain('You are signed out');
    const nobody = await browser.open(`/oauth/logout?${text}`);
    expect([nobody.isOutside, nobody.text.includes('You are signed out')]).toEqual([false, true]);
  });

  it('sends nobody on once it is disabled, nor by a page that was open too long', async () => {
    const gone = await server.register('spa', { postLogoutRedirectUris: [RETURN_URI] });
    const parameters = { client_id: gone.clientId, post_logout_redirect_uri: RETURN_URI };
    const browser = server.browser();
    await tokensFor(browser, photos);
    const stale = await browser.open(logout(parameters));
    clock.pass(601_000);
    const late = await browser.submit(stale, {}, 'Sign out');
    expect([late.isOutside, await isSignedIn(browser)]).toEqual([false, false]);

    await tokensFor(browser, photos);
    const page = await browser.open(logout(parameters));
    const operator = { actor: 'operator', correlationId: newUuid() };
    await server.execute(new DisableClient(gone.clientId, operator));
    const done = await browser.submit(page, {}, 'Sign out');
    expect(done.text).toContain('You are signed out');
    expect((await browser.open(logout(parameters))).isOutside).toBe(false);
  });

  it('cannot make a form that was meant for another request', async () => {
    const browser = server.browser();
    await tokensFor(browser, photos);
    const plain = await browser.open('/oauth/logout');
    const other = await browser.open(
      logout({ client_id: photos.clientId, post_logout_redirect_uri: RETURN_URI }),
    );
    const interaction = other.forms[0]?.fields.get('interaction') ?? '';
    const page = await browser.submit(plain, { interaction }, 'Sign out');
    expect([asked(page), await isSignedIn(browser)]).toEqual([true, true]);
  });
});
