import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { ClientApplication, startChromium } from '../support/http-chromium.js';
import {
  authorizePath,
  type Fields,
  newPkce,
  post,
  redemption,
  type Tokens,
} from '../support/http-flow.js';
import { HttpServer, type TestAccount, type TestClient } from '../support/http-server.js';

const TIMEOUT = 60_000;
const pkce = newPkce();
let server: HttpServer;
let application: ClientApplication;
let chromium: Browser;
let ana: TestAccount;
let client: TestClient;
let context: BrowserContext;
let page: Page;
/** What the browser complained about: a refused redirect, a style that was not loaded. */
let complaints: string[];

beforeAll(async () => {
  [server, application, chromium] = await Promise.all([
    HttpServer.start(),
    ClientApplication.start(),
    startChromium(),
  ]);
  ana = await server.createAccount('ana', { name: 'Ana Lovelace' });
  client = await server.register('spa', {
    name: 'Photos',
    redirectUris: [application.redirectUri],
    postLogoutRedirectUris: [application.redirectUri],
  });
}, TIMEOUT);

afterAll(async () => {
  await chromium?.close();
  await application?.close();
  await server?.close();
}, TIMEOUT);

async function openContext(options: Parameters<Browser['newContext']>[0]): Promise<void> {
  context = await chromium.newContext(options);
  page = await context.newPage();
  complaints = [];
  page.on('console', (message) => {
    const isOurs = ['error', 'warning'].includes(message.type());
    if (isOurs && !message.text().includes('status of 4')) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
}

afterEach(() => context.close());

const requestUrl = (more: Fields = {}, of = client): string =>
  `${server.issuer}${authorizePath(of, pkce, { state: 'st', ...more })}`;

async function fillIn(password = ana.password): Promise<void> {
  await page.getByLabel('User name').fill(ana.username);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

async function landed(): Promise<URLSearchParams> {
  await page.getByRole('heading', { name: 'Welcome back' }).waitFor();
  const last = application.visits.at(-1);
  expect(last?.pathname).toBe('/callback');
  expect(last?.searchParams.get('state')).toBe('st');
  expect(last?.searchParams.get('iss')).toBe(server.issuer);
  return last?.searchParams ?? new URLSearchParams();
}

describe('a browser without scripts', () => {
  beforeEach(() => openContext({ javaScriptEnabled: false }));

  it(
    'goes from the application through sign-in and consent and back',
    async () => {
      const origins: (string | undefined)[] = [];
      page.on('request', (request) => {
        if (request.method() === 'POST') origins.push(request.headers().origin);
      });
      await page.goto(requestUrl({ scope: 'openid email offline_access photos:read' }));
      expect(await page.title()).toContain('Sign in');
      expect(await page.getByLabel('User name').getAttribute('autocomplete')).toBe('username');
      expect(await page.getByLabel('Password').getAttribute('autocomplete')).toBe(
        'current-password',
      );
      const styled = await page.evaluate(
        'getComputedStyle(document.querySelector("button")).backgroundColor',
      );
      expect(styled).not.toBe('rgba(0, 0, 0, 0)');
      await fillIn();

      await page.getByRole('heading', { name: 'Photos wants access' }).waitFor();
      expect(await page.getByText('Ana Lovelace').isVisible()).toBe(true);
      expect(await page.getByText('See your email address').isVisible()).toBe(true);
      expect(await page.getByText('Up to 180 days, also while you are away').isVisible()).toBe(
        true,
      );
      expect(await page.getByText('Unverified').count()).toBe(0);
      await page.getByRole('button', { name: 'Allow' }).click();

      const code = (await landed()).get('code') ?? '';
      const redeemed = await post<Tokens>(
        server,
        '/oauth/token',
        redemption(client, { code, pkce }),
      );
      expect(redeemed.status).toBe(200);
      expect(origins).toEqual([server.issuer, server.issuer]);
      expect(complaints).toEqual([]);
    },
    TIMEOUT,
  );

  it(
    'can do all of it with the keyboard',
    async () => {
      await page.goto(requestUrl({ prompt: 'consent' }));
      await page.locator('#username:focus').waitFor();
      await page.keyboard.type(ana.username);
      await page.keyboard.press('Tab');
      await page.keyboard.type(ana.password);
      await page.keyboard.press('Enter');
      const allow = page.getByRole('button', { name: 'Allow' });
      await allow.waitFor();
      for (let step = 0; step < 10; step += 1) {
        await page.keyboard.press('Tab');
        if (await allow.evaluate((button) => button.matches(':focus'))) break;
      }
      await page.keyboard.press('Enter');
      expect((await landed()).get('code')).toMatch(/^tlc_/);
    },
    TIMEOUT,
  );

  it(
    'is told what went wrong, and can try again',
    async () => {
      await page.goto(requestUrl());
      await page.getByRole('button', { name: 'Sign in' }).click();
      expect(new URL(page.url()).pathname).toBe('/sign-in');
      expect(await page.getByRole('alert').count()).toBe(0);
      await fillIn('not the password');
      const alert = page.getByRole('alert');
      await alert.waitFor();
      expect(await alert.innerText()).toContain('The user name or the password is not right.');
      expect(await page.title()).toContain('Error');
      expect(await page.getByLabel('User name').inputValue()).toBe(ana.username);
      expect(await page.getByLabel('Password').inputValue()).toBe('');
      expect(await page.getByLabel('Password').getAttribute('aria-invalid')).toBe('true');
      await page.getByLabel('Password').fill(ana.password);
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: 'Allow' }).waitFor();
    },
    TIMEOUT,
  );

  it(
    'can deny, and the application hears of it',
    async () => {
      await page.goto(requestUrl({ prompt: 'consent' }));
      await fillIn();
      await page.getByRole('button', { name: 'Deny' }).click();
      const answer = await landed();
      expect(answer.get('error')).toBe('access_denied');
      expect(answer.has('code')).toBe(false);
      expect(complaints).toEqual([]);
    },
    TIMEOUT,
  );

  it(
    'goes straight on where nothing is to be asked, and where it goes on from there',
    async () => {
      const elsewhere = await ClientApplication.start();
      const first = await server.register('web', {
        firstParty: true,
        redirectUris: [application.redirectUri],
      });
      try {
        await page.goto(requestUrl({ scope: 'openid' }, first));
        application.forwardTo = `${elsewhere.origin}/home`;
        await fillIn();
        await page.waitForURL(`${elsewhere.origin}/home`);
        expect(application.visits.at(-1)?.searchParams.get('code')).toMatch(/^tlc_/);
        await page.goto(requestUrl({ prompt: 'consent' }));
        await page.getByRole('button', { name: 'Allow' }).click();
        await page.waitForURL(`${elsewhere.origin}/home`);
        expect(complaints).toEqual([]);
      } finally {
        application.forwardTo = undefined;
        await elsewhere.close();
      }
    },
    TIMEOUT,
  );

  it(
    'sees who nobody has checked, and requests that cannot be',
    async () => {
      const self = await server.registerWith({
        verified: false,
        metadata: {
          client_name: 'Your <b>Bank</b>',
          redirect_uris: [application.redirectUri],
          token_endpoint_auth_method: 'none',
        },
      });
      await page.goto(requestUrl({}, self));
      await fillIn();
      await page.getByRole('heading', { name: 'Your <b>Bank</b> wants access' }).waitFor();
      expect(await page.getByText('Unverified').isVisible()).toBe(true);
      const response = await page.goto(requestUrl({ redirect_uri: `${application.origin}/other` }));
      expect(response?.status()).toBe(400);
      expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe(
        'This request cannot be completed',
      );
      expect(new URL(page.url()).origin).toBe(server.issuer);
    },
    TIMEOUT,
  );

  it(
    'signs out, and has to sign in again',
    async () => {
      await page.goto(requestUrl());
      await fillIn();
      await page.getByRole('button', { name: 'Allow' }).waitFor();
      await page.goto(`${server.issuer}/oauth/logout`);
      expect(await page.getByText('Ana Lovelace').isVisible()).toBe(true);
      await page.getByRole('button', { name: 'Stay signed in' }).click();
      await page.getByRole('heading', { name: 'You are still signed in' }).waitFor();
      await page.goto(`${server.issuer}/oauth/logout`);
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
      const names = (await context.cookies()).map(({ name }) => name);
      expect(names).not.toContain('token-ledger-session');
      await page.goto(requestUrl());
      await page.getByLabel('Password').waitFor();
      expect(complaints).toEqual([]);
    },
    TIMEOUT,
  );

  it(
    'signs out where an application asks for it, and gets back to the application',
    async () => {
      await page.goto(requestUrl());
      await fillIn();
      await page.getByRole('button', { name: 'Allow' }).waitFor();
      const asking = new URLSearchParams({
        client_id: client.clientId,
        post_logout_redirect_uri: application.redirectUri,
        state: 'bye',
      });
      await page.goto(`${server.issuer}/oauth/logout?${asking.toString()}`);
      await page.getByText('Photos asks to sign you out.').waitFor();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByRole('heading', { name: 'Welcome back' }).waitFor();
      expect(application.visits.at(-1)?.searchParams.get('state')).toBe('bye');
      expect(complaints).toEqual([]);
    },
    TIMEOUT,
  );

  it(
    'that goes back to a page of before is told so, and nothing happens twice',
    async () => {
      await page.goto(requestUrl({ prompt: 'consent' }));
      await fillIn();
      await page.getByRole('button', { name: 'Allow' }).waitFor();
      await page.goto(`${server.issuer}/oauth/logout`);
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
      await page.goBack();
      await page.goBack();
      await page.getByRole('heading', { name: 'This page is no longer valid' }).waitFor();
    },
    TIMEOUT,
  );
});

describe('a browser with scripts', () => {
  beforeEach(() => openContext({}));

  it(
    'runs none in our pages, shows them in no frame, and gives cookies to no script',
    async () => {
      const framed = `${application.origin}/?frame=${encodeURIComponent(requestUrl())}`;
      await page.goto(framed);
      const frame = page.frames().find((one) => one !== page.mainFrame());
      expect(await frame?.locator('input[name="password"]').count()).toBe(0);
      expect(complaints.join()).toMatch(/frame/i);
      complaints = [];

      await page.goto(requestUrl());
      await fillIn();
      await page.getByRole('button', { name: 'Allow' }).waitFor();
      expect(await page.evaluate('document.cookie')).toBe('');
      await page.evaluate(`{
        const script = document.createElement('script');
        script.textContent = 'document.title = "overtaken"';
        document.body.append(script);
      }`);
      expect(await page.title()).not.toBe('overtaken');
      expect(complaints.join()).toMatch(/Content Security Policy/);
    },
    TIMEOUT,
  );

  it(
    'signs out by a form of another site, with the cookies of ours',
    async () => {
      await page.goto(requestUrl());
      await fillIn();
      await page.getByRole('button', { name: 'Allow' }).click();
      const code = (await landed()).get('code') ?? '';
      const fields = redemption(client, { code, pkce });
      const { body: tokens } = await post<Tokens>(server, '/oauth/token', fields);
      const asking = {
        id_token_hint: tokens.id_token,
        post_logout_redirect_uri: application.redirectUri,
        state: 'posted',
      };
      const before = application.visits.length;
      const inputs = Object.entries(asking).map(
        ([name, value]) => `<input type="hidden" name="${name}" value="${value}">`,
      );
      await page.setContent(
        `<form method="post" action="${server.issuer}/oauth/logout">${inputs.join('')}<button>Leave</button></form>`,
      );
      await page.getByRole('button', { name: 'Leave' }).click();
      await page.waitForURL(/state=posted/);
      expect(application.visits.length).toBe(before + 1);
      const names = (await context.cookies()).map(({ name }) => name);
      expect(names).not.toContain('token-ledger-session');
      expect(complaints).toEqual([]);
    },
    TIMEOUT,
  );

  it(
    'may call the token endpoint of another origin, and cannot read the pages',
    async () => {
      await page.goto(application.origin);
      const outcome = await page.evaluate(async (issuer) => {
        const attempt = async (path: string, init: RequestInit): Promise<string> => {
          try {
            const response = await fetch(`${issuer}${path}`, init);
            return `${response.status} ${(await response.text()).slice(0, 26)}`;
          } catch (error) {
            return (error as Error).name;
          }
        };
        const form = (text: string): RequestInit => ({
          method: 'POST',
          body: new URLSearchParams(text),
          headers: { authorization: 'Basic eDp5' },
        });
        return {
          discovery: await attempt('/.well-known/openid-configuration', {}),
          keys: await attempt('/oauth/jwks', {}),
          token: await attempt('/oauth/token', form('grant_type=refresh_token&refresh_token=x')),
          revoke: await attempt('/oauth/revoke', form('token=x')),
          userinfo: await attempt('/oauth/userinfo', { headers: { authorization: 'Bearer x' } }),
          withCookies: await attempt('/oauth/jwks', { credentials: 'include' }),
          introspect: await attempt('/oauth/introspect', form('token=x')),
          register: await attempt('/oauth/register', { method: 'POST', body: '{}' }),
          signIn: await attempt('/sign-in', {}),
          logout: await attempt('/oauth/logout', {}),
        };
      }, server.issuer);
      expect(outcome).toEqual({
        discovery: expect.stringMatching(/^200 /),
        keys: expect.stringMatching(/^200 /),
        token: '401 {"error":"invalid_client",',
        revoke: '401 {"error":"invalid_client",',
        userinfo: expect.stringMatching(/^401 /),
        withCookies: 'TypeError',
        introspect: 'TypeError',
        register: 'TypeError',
        signIn: 'TypeError',
        logout: 'TypeError',
      });
    },
    TIMEOUT,
  );

  it(
    'on a phone shows everything without scrolling sideways',
    async () => {
      await page.setViewportSize({ width: 320, height: 640 });
      const long = `scope:${'long'.repeat(20)}`;
      await page.goto(requestUrl({ scope: `openid ${long}`, audience: `urn:${'x'.repeat(120)}` }));
      const isWide = () =>
        page.evaluate('document.documentElement.scrollWidth > window.innerWidth');
      expect(await isWide()).toBe(false);
      await fillIn();
      await page.getByRole('button', { name: 'Allow' }).waitFor();
      expect(await isWide()).toBe(false);
      for (const name of ['Allow', 'Deny']) {
        const box = await page.getByRole('button', { name }).boundingBox();
        expect(box?.height).toBeGreaterThanOrEqual(40);
      }
    },
    TIMEOUT,
  );
});
