import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newUuid } from '../../src/config/random-identifiers.js';
import { DisableAccount } from '../../src/directory/disable-account.handler.js';
import {
  isSignIn,
  signInAndConsent,
  type HttpBrowser,
  type Visit,
} from '../support/http-browser.js';
import {
  authorizePath,
  basic,
  beginFamily,
  newPkce,
  post,
  redemption,
  refresh,
  type Tokens,
} from '../support/http-flow.js';
import {
  HttpServer,
  type TestAccount,
  type TestClient,
  TestClock,
} from '../support/http-server.js';

const MINUTE = 60_000;
const clock = new TestClock();
const pkce = newPkce();
let server: HttpServer;
let secureServer: HttpServer;
let client: TestClient;
let ana: TestAccount;

beforeAll(async () => {
  server = await HttpServer.start();
  secureServer = await HttpServer.start({ TOKEN_LEDGER_ISSUER: 'https://auth.example' });
  client = await server.register('spa', { firstParty: true, name: 'Photos' });
  ana = await server.createAccount('ana', { name: 'Ana Lovelace' });
});

afterAll(async () => {
  await Promise.all([server.close(), secureServer.close()]);
});

const request = (more: Record<string, string> = {}): string =>
  authorizePath(client, pkce, { scope: 'openid', ...more });

function signInPage(browser: HttpBrowser = server.browser()): Promise<Visit> {
  return browser.open(request({ prompt: 'login' }));
}

async function signIn(browser: HttpBrowser, account = ana): Promise<Visit> {
  return browser.submit(await signInPage(browser), { ...account });
}

async function signedIn(account = ana): Promise<HttpBrowser> {
  const browser = server.browser();
  expect((await signIn(browser, account)).isOutside).toBe(true);
  return browser;
}

async function isSignedIn(browser: HttpBrowser): Promise<boolean> {
  return (await browser.open(request())).isOutside;
}

function cookiesOf(lines: readonly string[]): Map<string, { value: string; attributes: string[] }> {
  return new Map(
    lines.map((line) => {
      const [pair = '', ...attributes] = line.split('; ');
      const equals = pair.indexOf('=');
      return [pair.slice(0, equals), { value: pair.slice(equals + 1), attributes }];
    }),
  );
}

describe('the sign-in page', () => {
  it('can be filled in by a password manager, and loads nothing from elsewhere', async () => {
    const page = await signInPage();
    expect(page.status).toBe(200);
    const { inputs, method } = page.forms[0]!;
    expect(method).toBe('POST');
    expect(inputs.get('username')?.get('autocomplete')).toBe('username');
    expect(inputs.get('password')?.get('autocomplete')).toBe('current-password');
    expect(page.text).toContain('to continue to Photos');
    expect(page.text).toContain(new URL(server.issuer).host);
    const policy = page.headers.get('content-security-policy')?.split('; ');
    expect(policy).toEqual([
      "default-src 'none'",
      "style-src 'self'",
      "img-src 'self' data:",
      "base-uri 'none'",
      "frame-ancestors 'none'",
      "form-action 'self' https:",
    ]);
    expect(Object.fromEntries(page.headers)).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    });
    expect(page.headers.has('strict-transport-security')).toBe(false);
    const style = await server.fetch(/href="(\/[^"]+\.css)"/.exec(page.html)?.[1] ?? '');
    expect(style.status).toBe(200);
  });

  it('knows the login_hint', async () => {
    const page = await server.browser().open(request({ login_hint: 'a"na <b>' }));
    expect(page.forms[0]?.fields.get('username')).toBe('a"na <b>');
  });

  it('says the same whether the name or the password is wrong, and repeats no password', async () => {
    const disabled = await server.createAccount();
    const operator = { actor: 'operator', correlationId: newUuid() };
    await server.execute(new DisableAccount(disabled.subject, operator));
    const attempts = [
      { username: ana.username, password: 'wrong-Password' },
      { username: 'nobody-at-all', password: 'wrong-Password' },
      { username: disabled.username, password: disabled.password },
      { username: '', password: '' },
      { username: 'x'.repeat(5000), password: 'wrong-Password' },
      { username: 'a\0b', password: 'wrong-Password\0' },
      { username: ana.username, password: 'p'.repeat(20_000) },
    ];
    const texts = new Set<string>();
    for (const attempt of attempts) {
      const browser = server.browser();
      const { result: page, events } = await server.recorded(async () =>
        browser.submit(await signInPage(browser), attempt),
      );
      expect(page.status).toBe(401);
      expect(events).toEqual([]);
      expect(page.html).not.toContain('wrong-Password');
      expect(page.forms[0]?.fields.get('password')).toBe('');
      expect(page.forms[0]?.fields.get('username')).toBe(attempt.username.slice(0, 128));
      texts.add(page.text);
      expect(await isSignedIn(browser)).toBe(false);
      if (attempt.username === ana.username && attempt.password === 'wrong-Password') {
        const second = await browser.submit(page, { ...ana });
        expect(second.isOutside).toBe(true);
      }
    }
    expect(texts.size).toBe(1);
  });

  it('takes the name however it is written', async () => {
    const browser = server.browser();
    const page = await browser.submit(await signInPage(browser), { ...ana, username: ' ANA ' });
    expect(page.isOutside).toBe(true);
  });

  it.each(['application/json', 'text/plain', 'multipart/form-data; boundary=x'])(
    'takes no %s',
    async (type) => {
      const page = await server
        .browser()
        .open('/sign-in', { method: 'POST', body: '{}', headers: { 'content-type': type } });
      expect(page.status).toBe(400);
      expect(page.headers.get('content-type')).toContain('text/html');
    },
  );
});

describe('cookies', () => {
  const names = ['token-ledger-browser', 'token-ledger-session', 'token-ledger-device'];

  it('are for this server alone, and for no script', async () => {
    const browser = server.browser();
    const page = await signInPage(browser);
    const lines = [...browser.setCookies];
    await browser.submit(page, { ...ana });
    const cookies = cookiesOf([...lines, ...browser.setCookies]);
    expect([...cookies.keys()].sort()).toEqual([...names].sort());
    for (const { attributes } of cookies.values()) {
      expect(attributes).toEqual(expect.arrayContaining(['Path=/', 'HttpOnly', 'SameSite=Lax']));
      expect(attributes.some((one) => /^(?:Domain|Secure)/i.test(one))).toBe(false);
    }
    expect(cookies.get('token-ledger-session')?.attributes).toContain('Max-Age=43200');
  });

  it('are bound to https and this host where the issuer is https', async () => {
    const secureClient = await secureServer.register('spa', { firstParty: true });
    const path = authorizePath(secureClient, pkce, { scope: 'openid' });
    const browser = secureServer.browser();
    const page = await browser.open(path);
    expect(page.headers.get('strict-transport-security')).toMatch(/^max-age=\d{8}/);
    const lines = [...browser.setCookies];
    const bo = await secureServer.createAccount();
    const landed = await browser.submit(page, { ...bo });
    expect(landed.url.searchParams.get('iss')).toBe('https://auth.example');
    const cookies = cookiesOf([...lines, ...browser.setCookies]);
    expect([...cookies.keys()].sort()).toEqual(names.map((name) => `__Host-${name}`).sort());
    for (const { attributes } of cookies.values()) {
      expect(attributes).toEqual(
        expect.arrayContaining(['Path=/', 'HttpOnly', 'SameSite=Lax', 'Secure']),
      );
    }
    const plain = browser.copy();
    plain.cookies.clear();
    plain.cookies.set(
      'token-ledger-session',
      cookies.get('__Host-token-ledger-session')?.value ?? '',
    );
    expect(isSignIn(await plain.open(path))).toBe(true);
    const json = await secureServer.fetch('/.well-known/openid-configuration');
    expect(json.headers.get('strict-transport-security')).toMatch(/^max-age=/);
    expect(await json.json()).toMatchObject({ issuer: 'https://auth.example' });
  });
});

describe('a session', () => {
  const SESSION = 'token-ledger-session';

  it('gets a new id at every sign-in, and the one before is worth nothing', async () => {
    const browser = await signedIn();
    const before = browser.copy();
    const { events } = await server.recorded(() => signIn(browser));
    expect(events.map(({ type }) => type)).toEqual([
      'SessionStarted',
      'SessionEnded',
      'GrantIssued',
    ]);
    expect(events[1]?.data).toEqual({ reason: 'renewed' });
    expect(browser.cookies.get(SESSION)).not.toBe(before.cookies.get(SESSION));
    expect(await isSignedIn(browser)).toBe(true);
    expect(await isSignedIn(before)).toBe(false);
  });

  it('that an attacker planted is not the one that a person signs in to', async () => {
    const attacker = await signedIn(await server.createAccount());
    const planted = attacker.cookies.get(SESSION) ?? '';
    const victim = server.browser();
    victim.cookies.set(SESSION, planted);
    await signIn(victim);
    expect(victim.cookies.get(SESSION)).not.toBe(planted);
    expect(await isSignedIn(attacker)).toBe(false);
  });

  it('cannot be made up', async () => {
    const browser = await signedIn();
    const token = browser.cookies.get(SESSION) ?? '';
    const flipped = `${token.slice(0, 20)}${token[20] === 'A' ? 'B' : 'A'}${token.slice(21)}`;
    for (const value of [flipped, token.slice(0, -1), `${token}A`, '', 'x', 'a'.repeat(4000)]) {
      const forged = server.browser();
      forged.cookies.set(SESSION, value);
      expect(await isSignedIn(forged)).toBe(false);
    }
  });

  it('ends after twelve hours', async () => {
    const browser = await signedIn();
    clock.pass(12 * 60 * MINUTE - 10_000);
    expect(await isSignedIn(browser)).toBe(true);
    clock.pass(20_000);
    expect(await isSignedIn(browser)).toBe(false);
  });
});

describe('a form that another page sends', () => {
  it('signs nobody in', async () => {
    const browser = server.browser();
    const page = await signInPage(browser);
    const other = await signInPage();
    const otherRequest = await browser.open(request({ prompt: 'login', state: 'other' }));
    const csrfOf = (visit: Visit): string => visit.forms[0]?.fields.get('csrf') ?? '';
    const forgeries: [Visit, Record<string, string>, HttpBrowser][] = [
      [page, { csrf: '' }, browser],
      [page, { csrf: csrfOf(other) }, browser],
      [page, { csrf: csrfOf(otherRequest) }, browser],
      [page, { csrf: csrfOf(page).replace(/^.../, '~~~') }, browser],
      [page, { csrf: csrfOf(page).slice(0, -1) }, browser],
      [page, { csrf: 'x'.repeat(10_000) }, browser],
      [page, {}, server.browser()],
    ];
    for (const [visit, more, sender] of forgeries) {
      const { result, events } = await server.recorded(() =>
        sender.submit(visit, { ...ana, ...more }),
      );
      expect(result.status).toBe(403);
      expect(isSignIn(result)).toBe(true);
      expect(events).toEqual([]);
      expect(await isSignedIn(sender)).toBe(false);
    }
    expect((await browser.submit(page, { ...ana })).isOutside).toBe(true);
  });

  it('allows nothing', async () => {
    const third = await server.register('web');
    const browser = await signedIn();
    const page = await browser.open(authorizePath(third, pkce));
    const otherRequest = await browser.open(authorizePath(third, pkce, { state: 'other' }));
    const stranger = await signedIn(await server.createAccount());
    const strange = await stranger.open(authorizePath(third, pkce));
    const fieldsOf = (visit: Visit): Record<string, string> =>
      Object.fromEntries(visit.forms[0]!.fields);
    const forgeries: [Record<string, string>, HttpBrowser][] = [
      [{ ...fieldsOf(page), csrf: '' }, browser],
      [{ ...fieldsOf(page), csrf: fieldsOf(strange).csrf ?? '' }, browser],
      [{ ...fieldsOf(page), csrf: fieldsOf(otherRequest).csrf ?? '' }, browser],
      [{ ...fieldsOf(page), interaction: fieldsOf(otherRequest).interaction ?? '' }, browser],
      [fieldsOf(page), stranger],
      [fieldsOf(page), server.browser()],
    ];
    for (const [fields, sender] of forgeries) {
      const { result, events } = await server.recorded(() =>
        sender.post('/consent', { ...fields, decision: 'allow' }),
      );
      expect(result.status).toBe(400);
      expect(result.isOutside).toBe(false);
      expect(events).toEqual([]);
    }
    const allowed = await browser.submit(page, {}, 'Allow');
    expect(allowed.url.searchParams.has('code')).toBe(true);
  });

  it('signs nobody out', async () => {
    const browser = await signedIn();
    const stranger = await signedIn(await server.createAccount());
    const csrf = (await stranger.open('/oauth/logout')).forms[0]?.fields.get('csrf') ?? '';
    for (const fields of [
      { decision: 'sign_out' },
      { decision: 'sign_out', csrf },
      { decision: 'sign_out', csrf: 'x' },
    ]) {
      const page = await browser.post('/oauth/logout', fields);
      expect(page.text).toContain('Sign out?');
      expect(await isSignedIn(browser)).toBe(true);
    }
  });
});

describe('failing sign-ins', () => {
  const fail = async (account: TestAccount, browser = server.browser()): Promise<Visit> =>
    browser.submit(await signInPage(browser), { ...account, password: 'wrong password' });

  it('are limited for an account, but not for a browser that has signed in to it before', async () => {
    const bo = await server.createAccount();
    const known = await signedIn(bo);
    for (let attempt = 0; attempt < 10; attempt += 1) {
      expect((await fail(bo)).status).toBe(401);
    }
    const browser = server.browser();
    const page = await signIn(browser, bo);
    expect(page.status).toBe(429);
    expect(Number(page.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(page.headers.get('retry-after'))).toBeLessThanOrEqual(900);
    expect(page.text).toContain('There were too many attempts.');
    expect(page.text).toMatch(/Try again in \d+ (?:minutes|seconds)/);
    expect(page.headers.get('cache-control')).toBe('no-store');

    expect((await signIn(known.copy({ address: server.newAddress() }), bo)).isOutside).toBe(true);
    expect((await signIn(server.browser(), ana)).isOutside).toBe(true);
    for (let attempt = 0; attempt < 10; attempt += 1) {
      expect((await fail(bo, known)).status).toBe(401);
    }
    expect((await signIn(known, bo)).status).toBe(429);
    const forged = server.browser();
    forged.cookies.set('token-ledger-device', 'x'.repeat(200));
    expect((await signIn(forged, bo)).status).toBe(429);
    clock.pass(15 * MINUTE + 1000);
    expect((await signIn(browser, bo)).isOutside).toBe(true);
  });

  it('are limited for an address, whatever the names', async () => {
    const address = server.newAddress();
    const outcomes = new Set<number>();
    for (let attempt = 0; attempt < 50; attempt += 1) {
      const page = await fail(
        { ...ana, username: `guess-${attempt}` },
        server.browser({ address }),
      );
      outcomes.add(page.status);
    }
    expect([...outcomes]).toEqual([401]);
    expect((await signIn(server.browser({ address }))).status).toBe(429);
    expect((await signIn(server.browser())).isOutside).toBe(true);
  });

  it('at the same time are limited too', async () => {
    const bo = await server.createAccount();
    const attempts = await Promise.all(Array.from({ length: 30 }, () => fail(bo)));
    const counts = attempts.map(({ status }) => status);
    expect(counts.filter((status) => status === 401)).toHaveLength(10);
    expect(counts.filter((status) => status === 429)).toHaveLength(20);
  });
});

describe('signing out', () => {
  let resourceServer: TestClient;
  let third: TestClient;
  beforeAll(async () => {
    resourceServer = await server.register('machine', { mayIntrospect: true });
    third = await server.register('spa');
  });

  async function isActive(token: string): Promise<boolean> {
    const fields = { token };
    const { body } = await post(server, '/oauth/introspect', fields, basic(resourceServer));
    const userinfo = await server.fetch('/oauth/userinfo', {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(userinfo.status).toBe(body.active === true ? 200 : 401);
    return body.active === true;
  }

  async function tokensFor(browser: HttpBrowser, scope: string): Promise<Tokens> {
    const path = authorizePath(third, pkce, { scope, prompt: 'consent' });
    const landed = await signInAndConsent(browser, path, ana);
    const code = landed.searchParams.get('code') ?? '';
    return (await post<Tokens>(server, '/oauth/token', redemption(third, { code, pkce }))).body;
  }

  it('ends the session, and with it what may only be done while signed in', async () => {
    const browser = await signedIn();
    const elsewhere = await signedIn();
    const online = await tokensFor(browser, 'openid');
    const offline = await tokensFor(browser, 'openid offline_access');
    const onlineElsewhere = await tokensFor(elsewhere, 'openid');
    const sessionless = await beginFamily(server, third, ana, { scope: ['openid'] });
    const page = await browser.open('/oauth/logout');
    expect(page.text).toContain('You are signed in as Ana Lovelace');
    const stayed = await browser.submit(page, {}, 'Stay signed in');
    expect(stayed.text).toContain('You are still signed in');
    expect(await isActive(online.access_token)).toBe(true);

    const { result: done, events } = await server.recorded(() =>
      browser.submit(page, {}, 'Sign out'),
    );
    expect(done.text).toContain('You are signed out');
    expect(events.map(({ type, data }) => [type, data])).toEqual([
      ['SessionEnded', { reason: 'signed_out' }],
    ]);
    expect(browser.cookies.has('token-ledger-session')).toBe(false);
    expect(cookiesOf(browser.setCookies).get('token-ledger-session')).toMatchObject({
      value: '',
      attributes: expect.arrayContaining(['Max-Age=0', 'HttpOnly', 'SameSite=Lax', 'Path=/']),
    });
    expect(await isSignedIn(browser)).toBe(false);
    expect(await isSignedIn(elsewhere)).toBe(true);
    expect(await isActive(online.access_token)).toBe(false);
    expect(await isActive(offline.access_token)).toBe(true);
    expect(await isActive(onlineElsewhere.access_token)).toBe(true);
    expect(await isActive(sessionless.access_token)).toBe(true);
    expect(await refresh(server, third, offline.refresh_token)).toMatchObject({ status: 200 });
  });

  it('is done already where nobody is signed in', async () => {
    const browser = server.browser();
    expect((await browser.open('/oauth/logout')).text).toContain('You are signed out');
    const posted = await browser.post('/oauth/logout', { decision: 'sign_out' });
    expect(posted.text).toContain('You are signed out');
  });

  it('cannot be undone by the cookie of before', async () => {
    const browser = await signedIn();
    const copied = browser.copy();
    await browser.submit(await browser.open('/oauth/logout'), {}, 'Sign out');
    expect(await isSignedIn(copied)).toBe(false);
  });
});
