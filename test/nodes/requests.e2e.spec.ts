import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newUuid } from '../../src/config/random-identifiers.js';
import { ActivateSigningKey } from '../../src/directory/activate-signing-key.handler.js';
import { CreateSigningKey } from '../../src/directory/create-signing-key.handler.js';
import { SignOutEverywhere } from '../../src/directory/sign-out-everywhere.handler.js';
import type { AccountState } from '../../src/domain/directory/directory.state.js';
import { Ledger } from '../../src/ledger/ledger.port.js';
import {
  type HttpBrowser,
  isConsent,
  isSignIn,
  signInAndConsent,
} from '../support/http-browser.js';
import {
  authorizePath,
  basic,
  beginFamily,
  claimsOf,
  newPkce,
  post,
  redemption,
  refresh,
  type Tokens,
} from '../support/http-flow.js';
import {
  type HttpServer,
  type TestAccount,
  type TestClient,
  TestClock,
} from '../support/http-server.js';
import { type HttpNodes, startNodes } from './http-nodes.js';

const operator = () => ({ actor: 'operator', correlationId: newUuid() });

const clock = new TestClock();
let nodes: HttpNodes;
let one: HttpServer;
let other: HttpServer;
let shop: TestClient;
let ana: TestAccount;
let resourceServer: TestClient;

beforeAll(async () => {
  nodes = await startNodes({ TOKEN_LEDGER_REGISTRATION: 'open' });
  ({ one, other } = nodes);
  shop = await one.register('native');
  ana = await other.createAccount('ana');
  resourceServer = await other.register('machine', { mayIntrospect: true });
});

afterAll(() => nodes.close());

/** The same browser, whose next requests come to another node. */
function movedTo(node: HttpServer, browser: HttpBrowser): HttpBrowser {
  return browser.copy({ via: node.base, address: node.newAddress() });
}

/** Whether a node says that a token is worth something. */
async function isActive(node: HttpServer, { access_token: token }: Tokens): Promise<unknown> {
  const answer = await post(node, '/oauth/introspect', { token }, basic(resourceServer));
  return answer.body['active'];
}

/** What every answer to the same refresh token says alike; each is signed for itself. */
function factsOf({ refresh_token: refreshToken, access_token: token }: Tokens): string {
  return JSON.stringify([refreshToken, claimsOf(token)]);
}

/** Whether a node tells the holder of a token whose it is. */
async function isUserKnown(node: HttpServer, { access_token: token }: Tokens): Promise<boolean> {
  const headers = { authorization: `Bearer ${token}` };
  return (await node.fetch('/oauth/userinfo', { headers })).status === 200;
}

describe('a first start of two nodes at once', () => {
  it('makes one administrator, one signing key and one log', async () => {
    const ledger = one.get(Ledger);
    const accounts = await ledger.streamsOfKind('account', null, 1000);
    const administrators = accounts.filter(({ state }: { state: AccountState }) =>
      state.roles.includes('administrator'),
    );
    expect(administrators).toHaveLength(1);
    expect(await ledger.streamsOfKind('signing_key', null, 1000)).toHaveLength(1);
    expect(await ledger.streamsOfKind('log', null, 1000)).toHaveLength(1);
  });
});

describe('a sign-in', () => {
  const pkce = newPkce();

  it('begins on one node and goes on wherever the browser comes next', async () => {
    const request = authorizePath(shop, pkce);
    const first = one.browser();
    const signIn = await first.open(request);
    expect(isSignIn(signIn)).toBe(true);
    const second = movedTo(other, first);
    const consent = await second.submit(signIn, { ...ana });
    expect(isConsent(consent)).toBe(true);
    const third = movedTo(one, second);
    const answered = await third.submit(consent, {}, 'Allow');
    const code = answered.url.searchParams.get('code') ?? '';
    const redeemed = await post<Tokens>(other, '/oauth/token', redemption(shop, { code, pkce }));
    expect(redeemed.status).toBe(200);
    expect(await isUserKnown(one, redeemed.body)).toBe(true);
    const again = await movedTo(other, third).open(authorizePath(shop, pkce));
    expect(isSignIn(again)).toBe(false);
  });

  it('is not known to any node any more once it was ended at one of them', async () => {
    const browser = one.browser();
    const url = await signInAndConsent(browser, authorizePath(shop, pkce), ana);
    expect(url.searchParams.has('code')).toBe(true);
    const elsewhere = movedTo(other, browser);
    await elsewhere.submit(await elsewhere.open('/oauth/logout'), {}, 'Sign out');
    const back = await movedTo(one, browser).open(authorizePath(shop, pkce));
    expect(isSignIn(back)).toBe(true);
  });
});

describe('a code', () => {
  it('is redeemed once, whichever of the nodes are asked at the same moment', async () => {
    const browser = one.browser();
    const pkce = newPkce();
    const url = await signInAndConsent(browser, authorizePath(shop, pkce), ana);
    const code = url.searchParams.get('code') ?? '';
    const answers = await Promise.all(
      [one, other].map((node) =>
        post<Tokens>(node, '/oauth/token', redemption(shop, { code, pkce })),
      ),
    );
    const statuses = answers.map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200, 400]));
  });
});

describe('a refresh token', () => {
  it('has one successor, which every node gives to every retry', async () => {
    const { refresh_token: first } = await beginFamily(one, shop, ana);
    const asked = [other, one, other, one].map((node) => refresh(node, shop, first));
    const answers = await Promise.all(asked);
    const late = await refresh(other, shop, first);
    const told = answers.map(({ body }) => factsOf(body));
    expect(new Set(told)).toEqual(new Set([factsOf(late.body)]));
    const next = await refresh(one, shop, late.body.refresh_token);
    expect(next.status).toBe(200);
    expect(next.body.refresh_token).not.toBe(late.body.refresh_token);
  });

  it('that a thief brings to another node ends the family everywhere at once', async () => {
    const { refresh_token: first } = await beginFamily(one, shop, ana);
    clock.pass(40_000);
    const second = (await refresh(other, shop, first)).body;
    clock.pass(40_000);
    const third = (await refresh(one, shop, second.refresh_token)).body;
    expect(await isActive(other, third)).toBe(true);
    expect((await refresh(other, shop, first)).body.error).toBe('invalid_grant');
    expect(await isActive(one, third)).toBe(false);
    expect((await refresh(one, shop, third.refresh_token)).body.error).toBe('invalid_grant');
  });

  it('is worth nothing anywhere at once when one node revoked it', async () => {
    const tokens = await beginFamily(one, shop, ana);
    expect(await isActive(other, tokens)).toBe(true);
    const revoked = await post(one, '/oauth/revoke', {
      token: tokens.refresh_token,
      client_id: shop.clientId,
    });
    expect(revoked.status).toBe(200);
    expect(await isActive(other, tokens)).toBe(false);
    expect((await refresh(other, shop, tokens.refresh_token)).status).toBe(400);
    expect(await isUserKnown(other, tokens)).toBe(false);
  });

  it('ends with every other one of a person who is signed out everywhere', async () => {
    const families = [await beginFamily(one, shop, ana), await beginFamily(other, shop, ana)];
    await other.execute(new SignOutEverywhere(ana.subject, operator()));
    for (const { refresh_token: token } of families) {
      expect((await refresh(one, shop, token)).body.error).toBe('invalid_grant');
    }
    expect(
      (await refresh(one, shop, (await beginFamily(one, shop, ana)).refresh_token)).status,
    ).toBe(200);
  });
});

describe('a decision on what another node has changed meanwhile', () => {
  it('is taken again, which the metrics of its node count', async () => {
    const conflicts = async (node: HttpServer): Promise<number> => {
      const text = await (await node.fetch('/metrics')).text();
      return Number(/^token_ledger_conflicts_total (\d+)$/m.exec(text)?.[1]);
    };
    const { refresh_token: first } = await beginFamily(one, shop, ana);
    const second = (await refresh(other, shop, first)).body;
    const before = await conflicts(one);
    expect((await refresh(one, shop, second.refresh_token)).status).toBe(200);
    expect((await conflicts(one)) - before).toBe(1);
  });
});

describe('a client that registers itself', () => {
  it('is known to the other node with the next request', async () => {
    const registered = await one.fetch('/oauth/register', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        client_name: 'Photos',
        redirect_uris: ['https://photos.example/callback'],
        token_endpoint_auth_method: 'none',
      }),
    });
    const { client_id: clientId } = (await registered.json()) as { client_id: string };
    const request = authorizePath(shop, newPkce(), {
      client_id: clientId,
      redirect_uri: 'https://photos.example/callback',
    });
    const page = await other.browser().open(request);
    expect(page.status).toBe(200);
    expect(isSignIn(page)).toBe(true);
  });
});

describe('a signing key that one node made', () => {
  const keysOf = async (node: HttpServer): Promise<JSONWebKeySet> =>
    (await (await node.fetch('/oauth/jwks')).json()) as JSONWebKeySet;

  it('is published by the other one with the next request', async () => {
    clock.pass(1000);
    const created = await one.execute(new CreateSigningKey(true, operator()));
    if (created.kind !== 'created') throw new Error(created.reason);
    expect((await keysOf(other)).keys.map(({ kid }) => kid)).toContain(created.keyId);
  });

  it('is believed in an ID token that comes to the other one as a hint', async () => {
    const photos = await one.register('native', {
      postLogoutRedirectUris: ['https://app.example/bye'],
    });
    const hintFrom = async () => {
      clock.pass(1000);
      const created = await one.execute(new CreateSigningKey(true, operator()));
      if (created.kind !== 'created') throw new Error(created.reason);
      const { id_token: hint } = await beginFamily(one, photos, ana);
      expect(decodeProtectedHeader(hint).kid).toBe(created.keyId);
      return hint;
    };
    const leaving = new URLSearchParams({
      id_token_hint: await hintFrom(),
      post_logout_redirect_uri: 'https://app.example/bye',
    });
    const left = await other.browser().open(`/oauth/logout?${leaving.toString()}`);
    expect(left.url.href).toBe('https://app.example/bye');
    const browser = other.browser();
    await signInAndConsent(browser, authorizePath(photos, newPkce()), ana);
    const asking = authorizePath(photos, newPkce(), { id_token_hint: await hintFrom() });
    expect((await browser.open(asking)).url.searchParams.has('code')).toBe(true);
  });

  it('verifies and signs at the other one as soon as that meets it', async () => {
    clock.pass(1000);
    const created = await one.execute(new CreateSigningKey(false, operator()));
    if (created.kind !== 'created') throw new Error(created.reason);
    const { keyId } = created;
    await one.execute(new ActivateSigningKey(keyId, operator()));
    const signed = await beginFamily(one, shop, ana);
    expect(decodeProtectedHeader(signed.access_token).kid).toBe(keyId);
    expect(await isUserKnown(other, signed)).toBe(true);
    const keys = createLocalJWKSet(await keysOf(other));
    await expect(jwtVerify(signed.access_token, keys)).resolves.toBeDefined();
    const answered = (await refresh(other, shop, signed.refresh_token)).body;
    expect(decodeProtectedHeader(answered.access_token).kid).toBe(keyId);
  });
});
