import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newUuid } from '../../src/config/random-identifiers.js';
import { SigningKeys } from '../../src/directory/signing-keys.service.js';
import type { OperatorTerms } from '../../src/domain/directory/client-metadata.rules.js';
import { DEFAULT_PROJECT } from '../../src/domain/identifiers.js';
import { SigningKeyRing } from '../../src/tokens/signing-key-ring.js';
import {
  basic,
  beginFamily,
  claimsOf,
  grantCode,
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

const WINDOW = 30_000;
const clock = new TestClock();
let server: HttpServer;
let ana: TestAccount;
let app: TestClient;
let resourceServer: TestClient;

beforeAll(async () => {
  server = await HttpServer.start();
  ana = await server.createAccount('ana');
  app = await server.register('native', { redirectUris: ['com.example.app:/cb'] });
  resourceServer = await server.register('machine', { mayIntrospect: true });
});

afterAll(() => server.close());

async function renewed(token: string, more: Record<string, string> = {}): Promise<Tokens> {
  const { status, text, body } = await refresh(server, app, token, more);
  if (status !== 200) throw new Error(`${status} ${text}`);
  return body;
}

async function expectRefused(token: string): Promise<void> {
  const answer = await refresh(server, app, token);
  expect([answer.status, answer.body.error]).toEqual([400, 'invalid_grant']);
}

/** Whether a token counts anywhere: at introspection, and an access token at userinfo. */
async function isActive(token: string): Promise<boolean> {
  const { body } = await post(server, '/oauth/introspect', { token }, basic(resourceServer));
  if (!token.startsWith('tlr_')) {
    const headers = { authorization: `Bearer ${token}` };
    const { status } = await server.fetch('/oauth/userinfo', { headers });
    expect(status).toBe(body.active === true ? 200 : 401);
  }
  return body.active === true;
}

/** What identifies an access token: its signature may differ, as ECDSA is randomized. */
function identityOf({ access_token: token }: Tokens): string {
  return JSON.stringify(claimsOf(token));
}

describe('a retry inside the window', () => {
  it('gets the same successor and the same access token, time after time', async () => {
    const first = await beginFamily(server, app, ana);
    const next = await renewed(first.refresh_token);
    for (const pause of [0, 1000, 25_000]) {
      clock.pass(pause);
      const { result: again, events } = await server.recorded(() => renewed(first.refresh_token));
      expect(again.refresh_token).toBe(next.refresh_token);
      expect(identityOf(again)).toBe(identityOf(next));
      expect(again.expires_in).toBeLessThanOrEqual(next.expires_in - Math.floor(pause / 1000));
      expect(claimsOf(again.id_token)).toMatchObject({
        auth_time: claimsOf(first.id_token).auth_time,
        sub: ana.subject,
      });
      expect(events.map(({ type }) => type)).toEqual(['RefreshRetried']);
      expect(events[0]?.data).not.toHaveProperty('token');
    }
    expect(await isActive(next.access_token)).toBe(true);
    expect(await isActive(next.refresh_token)).toBe(true);
  });

  it('gets the same successor among twenty that come at once', async () => {
    const first = await beginFamily(server, app, ana);
    const { result, events } = await server.recorded(() =>
      Promise.all(Array.from({ length: 20 }, () => renewed(first.refresh_token))),
    );
    expect(new Set(result.map((tokens) => tokens.refresh_token)).size).toBe(1);
    expect(new Set(result.map(identityOf)).size).toBe(1);
    const types = events.map(({ type }) => type);
    expect(types.filter((type) => type === 'RefreshTokenRotated')).toHaveLength(1);
    expect(new Set(types)).toEqual(new Set(['RefreshTokenRotated', 'RefreshRetried']));
    await renewed(result[0]!.refresh_token);
  });

  it('gets the same successor after a restart of the server', async () => {
    const first = await beginFamily(server, app, ana);
    const next = await renewed(first.refresh_token);
    await server.restart();
    const again = await renewed(first.refresh_token);
    expect(again.refresh_token).toBe(next.refresh_token);
    expect(identityOf(again)).toBe(identityOf(next));
    expect(await isActive(next.access_token)).toBe(true);
    await renewed(again.refresh_token);
  });

  it('is the same request in another order, and another one with another scope', async () => {
    const scope = ['offline_access', 'openid', 'photos:read', 'photos:write'];
    const first = await beginFamily(server, app, ana, { scope });
    const next = await renewed(first.refresh_token, { scope: 'photos:read openid' });
    const reordered = await renewed(first.refresh_token, {
      scope: 'openid  photos:read openid',
    });
    expect(identityOf(reordered)).toBe(identityOf(next));
    const { result: other, events } = await server.recorded(() =>
      renewed(first.refresh_token, { scope: 'photos:write openid' }),
    );
    expect(other.refresh_token).toBe(next.refresh_token);
    expect(other.scope).toBe('openid photos:write');
    expect(claimsOf(other.access_token).jti).not.toBe(claimsOf(next.access_token).jti);
    expect(events[0]?.data).toHaveProperty('token');
    const all = await renewed(first.refresh_token);
    expect(all.scope).toBe(scope.join(' '));
    expect(all.refresh_token).toBe(next.refresh_token);
    for (const { access_token: token } of [next, other, all]) {
      expect(await isActive(token)).toBe(true);
    }
  });

  it('is one successor and one access token a scope when different ones come at once', async () => {
    const scope = ['offline_access', 'openid', 'photos:read'];
    const first = await beginFamily(server, app, ana, { scope });
    const scopes = ['openid', 'photos:read'];
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        renewed(first.refresh_token, { scope: scopes[index % 2]! }),
      ),
    );
    expect(new Set(all.map((tokens) => tokens.refresh_token)).size).toBe(1);
    expect(new Set(all.map(identityOf)).size).toBe(2);
  });

  it('is refused for now when too many different access tokens are asked for', async () => {
    const scope = ['a', 'b', 'c', 'd', 'e', 'offline_access'];
    const first = await beginFamily(server, app, ana, { scope });
    await renewed(first.refresh_token);
    for (let count = 0; count < 20; count += 1) await renewed(first.refresh_token);
    for (const one of ['a', 'b', 'c']) await renewed(first.refresh_token, { scope: one });
    const { result: answer, events } = await server.recorded(() =>
      refresh(server, app, first.refresh_token, { scope: 'd' }),
    );
    expect([answer.status, answer.body.error]).toEqual([429, 'temporarily_unavailable']);
    expect(events).toEqual([]);
    expect((await renewed(first.refresh_token, { scope: 'a' })).scope).toBe('a');
  });

  it('gets a fresh access token when the one before is about to expire or was revoked', async () => {
    const brief = await registeredWith({ accessTokenLifetime: 45_000 });
    const first = await beginFamily(server, brief, ana);
    const next = await refresh(server, brief, first.refresh_token);
    clock.pass(20_000);
    const again = await refresh(server, brief, first.refresh_token);
    expect(again.body.refresh_token).toBe(next.body.refresh_token);
    expect(identityOf(again.body)).not.toBe(identityOf(next.body));
    expect(again.body.expires_in).toBeGreaterThan(40);

    const other = await beginFamily(server, app, ana);
    const then = await renewed(other.refresh_token);
    await post(server, '/oauth/revoke', { client_id: app.clientId, token: then.access_token });
    const fresh = await renewed(other.refresh_token);
    expect(fresh.refresh_token).toBe(then.refresh_token);
    expect(await isActive(then.access_token)).toBe(false);
    expect(await isActive(fresh.access_token)).toBe(true);
  });
});

describe('a retry whose answer was signed with a key that can sign no more', () => {
  it('gets the same successor, and an access token that is signed anew', async () => {
    const first = await beginFamily(server, app, ana);
    const next = await renewed(first.refresh_token);
    const ring = server.get(SigningKeyRing);
    const before = String(ring.activeKeyId);
    const attribution = { actor: 'operator', correlationId: newUuid() };
    const created = { activate: true, attribution, project: DEFAULT_PROJECT };
    await server.get(SigningKeys).create(created);
    expect(identityOf(await renewed(first.refresh_token))).toBe(identityOf(next));
    ring.remove(before);
    const { result: again, events } = await server.recorded(() => renewed(first.refresh_token));
    expect(again.refresh_token).toBe(next.refresh_token);
    expect(identityOf(again)).not.toBe(identityOf(next));
    expect(await isActive(again.access_token)).toBe(true);
    expect(ring.activeKeyId).not.toBe(before);
    expect(events).toMatchObject([
      { type: 'RefreshRetried', data: { token: { signingKeyId: ring.activeKeyId } } },
    ]);
  });
});

function registeredWith(
  policy: NonNullable<OperatorTerms['policy']>,
  method = 'none',
): Promise<TestClient> {
  return server.registerWith({
    metadata: {
      redirect_uris: ['https://app.example/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: method,
    },
    policy,
  });
}

describe('a token that comes again too late', () => {
  it('ends its family everywhere, and no other family', async () => {
    const stolen = await beginFamily(server, app, ana);
    const otherDevice = await beginFamily(server, app, ana);
    const next = await renewed(stolen.refresh_token);
    clock.pass(WINDOW + 1000);
    expect(await isActive(next.access_token)).toBe(true);
    const { events } = await server.recorded(() => expectRefused(stolen.refresh_token));
    expect(events.map(({ type, data }) => [type, data.cause ?? data.reason ?? data.kind])).toEqual([
      ['RefreshTokenReuseDetected', 'retry_window_passed'],
      ['FamilyRevoked', 'refresh_token_reuse'],
      ['IncidentOpened', 'refresh_token_reuse'],
    ]);
    expect(events[0]?.data).toMatchObject({ presentedGeneration: 0, currentGeneration: 1, gap: 1 });
    for (const token of [stolen.access_token, next.access_token, next.refresh_token]) {
      expect(await isActive(token)).toBe(false);
    }
    const { events: otherParty } = await server.recorded(() => expectRefused(next.refresh_token));
    expect(otherParty.map(({ data }) => data.reason)).toEqual(['family_revoked']);
    await expectRefused(stolen.refresh_token);
    expect(await isActive(otherDevice.access_token)).toBe(true);
    await renewed(otherDevice.refresh_token);
  });

  it('ends its family when it is generations old', async () => {
    const first = await beginFamily(server, app, ana);
    let last = first;
    for (let generation = 1; generation <= 12; generation += 1) {
      clock.pass(5000);
      last = await renewed(last.refresh_token);
    }
    const { events } = await server.recorded(() => expectRefused(first.refresh_token));
    expect(events[0]).toMatchObject({
      type: 'RefreshTokenReuseDetected',
      data: { cause: 'superseded_generation', gap: 12 },
    });
    await expectRefused(last.refresh_token);
    expect(await isActive(last.access_token)).toBe(false);
  });

  it('is only refused when a slow twin has it while the window is open', async () => {
    const first = await beginFamily(server, app, ana);
    const second = await renewed(first.refresh_token);
    const third = await renewed(second.refresh_token);
    const { events } = await server.recorded(() => expectRefused(first.refresh_token));
    expect(events.map(({ type, data }) => [type, data.reason ?? data.kind])).toEqual([
      ['RefreshRejected', 'stale_inside_window'],
      ['IncidentOpened', 'stale_inside_window'],
    ]);
    expect(await isActive(third.access_token)).toBe(true);
    const again = await renewed(second.refresh_token);
    expect(again.refresh_token).toBe(third.refresh_token);
    clock.pass(WINDOW + 1000);
    await expectRefused(first.refresh_token);
    expect(await isActive(third.access_token)).toBe(false);
    await expectRefused(third.refresh_token);
  });

  it('loses against all who come at once, and nobody keeps anything', async () => {
    const first = await beginFamily(server, app, ana);
    const next = await renewed(first.refresh_token);
    clock.pass(WINDOW + 1000);
    const answers = await Promise.all([
      ...Array.from({ length: 10 }, () => refresh(server, app, first.refresh_token)),
      ...Array.from({ length: 10 }, () => refresh(server, app, next.refresh_token)),
    ]);
    for (const { status, body } of answers) {
      expect([200, 400]).toContain(status);
      if (status !== 200) continue;
      await expectRefused(body.refresh_token);
      expect(await isActive(body.access_token)).toBe(false);
    }
  });

  it('finds no window where there is none', async () => {
    const strict = await registeredWith({ retryWindow: 0 });
    const first = await beginFamily(server, strict, ana);
    expect((await refresh(server, strict, first.refresh_token)).status).toBe(200);
    clock.pass(1);
    expect((await refresh(server, strict, first.refresh_token)).status).toBe(400);
  });
});

describe('a client with a secret', () => {
  function renewing(client: TestClient): (token: string) => Promise<Tokens> {
    return async (token) => {
      const fields = { grant_type: 'refresh_token', refresh_token: token };
      const answer = await post<Tokens>(server, '/oauth/token', fields, basic(client));
      if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
      return answer.body;
    };
  }

  async function begun(client: TestClient): Promise<Tokens> {
    const granted = await grantCode(server, client, ana);
    const fields = { ...redemption(client, granted), client_id: undefined };
    return (await post<Tokens>(server, '/oauth/token', fields, basic(client))).body;
  }

  it('may keep one refresh token', async () => {
    const client = await registeredWith({ rotation: 'fixed' }, 'client_secret_basic');
    const renew = renewing(client);
    const first = await begun(client);
    for (let use = 0; use < 3; use += 1) {
      clock.pass(WINDOW + 1000);
      const { result: next, events } = await server.recorded(() => renew(first.refresh_token));
      expect(next.refresh_token).toBe(first.refresh_token);
      expect(claimsOf(next.access_token).jti).not.toBe(claimsOf(first.access_token).jti);
      expect(events.map(({ type }) => type)).toEqual(['AccessTokenRefreshed']);
    }
  });

  it('may retry until the successor is used', async () => {
    const client = await registeredWith({ retryUntilUsed: true }, 'client_secret_basic');
    const renew = renewing(client);
    const first = await begun(client);
    const next = await renew(first.refresh_token);
    clock.pass(3_600_000);
    const again = await renew(first.refresh_token);
    expect(again.refresh_token).toBe(next.refresh_token);
    await renew(again.refresh_token);
    clock.pass(WINDOW + 1000);
    await expect(renew(first.refresh_token)).rejects.toThrow('invalid_grant');
  });
});

describe('many families', () => {
  it('are refreshed at once, a hundred of them, each on its own', async () => {
    const families = await Promise.all(
      Array.from({ length: 100 }, () => beginFamily(server, app, ana)),
    );
    const { result, events } = await server.recorded(() =>
      Promise.all(families.map((family) => renewed(family.refresh_token))),
    );
    expect(new Set(result.map((tokens) => tokens.refresh_token)).size).toBe(100);
    expect(new Set(result.map((tokens) => claimsOf(tokens.access_token).jti)).size).toBe(100);
    expect(events).toHaveLength(100);
    expect(new Set(events.map(({ streamId }) => streamId)).size).toBe(100);
  });
});
