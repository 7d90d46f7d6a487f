import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ledger } from '../../src/ledger/ledger.port.js';
import {
  authorizePath,
  beginFamily,
  newPkce,
  post,
  refresh,
  type Tokens,
} from '../support/http-flow.js';
import {
  HttpServer,
  type TestAccount,
  TestClock,
  type TestClient,
} from '../support/http-server.js';

const HOUR = 3_600_000;
const clock = new TestClock();
let server: HttpServer;
let shop: TestClient;
let ana: TestAccount;
let tokens: Tokens;
let size: number;

beforeAll(async () => {
  server = await HttpServer.start({ TOKEN_LEDGER_LOG_LEVEL: 'info' });
  shop = await server.register('native');
  ana = await server.createAccount();
  tokens = await beginFamily(server, shop, ana);
  size = await server.get(Ledger).size();
  server.expectError(/the clock is 3,\d{3} s behind the last event of the ledger/);
});

afterAll(() => server.close());

async function readiness(): Promise<{ status: number; detail?: string; retryAfter?: string }> {
  // What was found stands for a second.
  await new Promise((resolve) => setTimeout(resolve, 1010));
  const response = await server.fetch('/health/ready');
  const { detail } = (await response.json()) as { detail?: string };
  const retryAfter = response.headers.get('retry-after');
  return {
    status: response.status,
    ...(detail === undefined ? {} : { detail }),
    ...(retryAfter === null ? {} : { retryAfter }),
  };
}

describe('a server whose clock is an hour behind its ledger', () => {
  beforeAll(() => clock.pass(-HOUR));
  afterAll(() => clock.pass(HOUR));

  it('asks for patience at the token endpoint, and writes nothing', async () => {
    const { status, headers, body } = await refresh(server, shop, tokens.refresh_token);
    expect(status).toBe(503);
    expect(headers.get('retry-after')).toBe('60');
    expect(body).toEqual({
      error: 'temporarily_unavailable',
      error_description: 'try again shortly',
    });
    expect(await server.get(Ledger).size()).toBe(size);
  });

  it('asks for patience where tokens are revoked', async () => {
    const fields = { token: tokens.refresh_token, client_id: shop.clientId };
    const { status, headers } = await post(server, '/oauth/revoke', fields);
    expect([status, headers.get('retry-after')]).toEqual([503, '60']);
    expect(await server.get(Ledger).size()).toBe(size);
  });

  it('asks for patience on the page where people sign in', async () => {
    const browser = server.browser();
    const page = await browser.open(authorizePath(shop, newPkce()));
    const visit = await browser.submit(page, { username: ana.username, password: ana.password });
    expect(visit.status).toBe(503);
    expect(visit.headers.get('retry-after')).toBe('60');
    expect(await server.get(Ledger).size()).toBe(size);
  });

  it('is not ready, and says why and for how long', async () => {
    expect(await readiness()).toEqual({
      status: 503,
      detail: 'The clock is behind the ledger.',
      retryAfter: '60',
    });
  });

  it('logs that once, however many requests it refuses', () => {
    const told = server.logged.filter((line) => line.includes('behind the last event'));
    expect(told).toHaveLength(1);
    expect(told[0]).toContain('"level":"error"');
    const failed = server.logged.filter((line) => line.includes('request failed'));
    expect(failed.filter((line) => !line.includes('"/health/ready"'))).toEqual([]);
  });

  it('still reads', async () => {
    const authorization = `Bearer ${tokens.access_token}`;
    const { status } = await server.fetch('/oauth/userinfo', { headers: { authorization } });
    expect(status).toBe(200);
  });
});

describe('the same server when its clock is right again', () => {
  it('works on, and is ready', async () => {
    const { status, body } = await refresh(server, shop, tokens.refresh_token);
    expect([status, body.error]).toEqual([200, undefined]);
    expect(await server.get(Ledger).size()).toBe(size + 1);
    expect(await readiness()).toEqual({ status: 200 });
    expect(
      server.logged.filter((line) => line.includes('has caught up with the ledger')),
    ).toHaveLength(1);
  });

  it('tells of the next time', async () => {
    clock.pass(-HOUR);
    await readiness();
    clock.pass(HOUR);
    const told = server.logged.filter((line) => line.includes('behind the last event'));
    expect(told).toHaveLength(2);
  });
});
