import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ledger } from '../../src/ledger/ledger.port.js';
import { Readiness } from '../../src/operations/readiness.service.js';
import { StoreTrouble } from '../../src/operations/store-trouble.js';
import { clientToken } from '../audit/audit-stage.js';
import { beginFamily, grantCode, post, redemption, refresh } from '../support/http-flow.js';
import {
  HttpServer,
  type TestAccount,
  TestClock,
  type TestClient,
} from '../support/http-server.js';
import { holdLedger } from '../support/server-store.js';

const clock = new TestClock();
let server: HttpServer;
let shop: TestClient;
let ana: TestAccount;

beforeAll(async () => {
  server = await HttpServer.start();
  shop = await server.register('native');
  ana = await server.createAccount();
});

afterAll(() => server.close());

async function metric(name: string): Promise<number> {
  const text = await (await server.fetch('/metrics')).text();
  const line = text.split('\n').find((one) => one.startsWith(`${name} `));
  return line === undefined ? 0 : Number(line.slice(name.length + 1));
}

/** How much a metric grows while something is done. */
async function growth(name: string, doing: () => Promise<unknown>): Promise<number> {
  const before = await metric(name);
  await doing();
  return (await metric(name)) - before;
}

async function ready(): Promise<{ status: number; text: string; type: string | null }> {
  const response = await server.fetch('/health/ready');
  const type = response.headers.get('content-type');
  return { status: response.status, text: await response.text(), type };
}

describe('GET /health', () => {
  it('live: the process is up, whoever asks', async () => {
    const response = await server.fetch('/health/live');
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    await expect(response.json()).resolves.toEqual({ status: 'ok' });
  });

  it('ready: the ledger can be read and written, and asking writes nothing', async () => {
    const size = await server.get(Ledger).size();
    const answers = await Promise.all(Array.from({ length: 20 }, ready));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await server.get(Ledger).size()).toBe(size);
  });

  it('ready: however often it is asked, the ledger is tried once a second', async () => {
    await new Promise((resolve) => setTimeout(resolve, 1010));
    const flushes = 'token_ledger_batch_decisions_count';
    expect(await growth(flushes, () => Promise.all(Array.from({ length: 50 }, ready)))).toBe(1);
  });

  it('is not ready after a commit failed, and says so as a problem', async () => {
    const trouble = server.get(StoreTrouble);
    trouble.failed('disk_full');
    const { status, text, type } = await ready();
    expect(status).toBe(503);
    expect(type).toMatch(/^application\/problem\+json/);
    expect(JSON.parse(text)).toEqual({
      type: 'about:blank',
      status: 503,
      title: 'Service Unavailable',
      detail: 'The ledger failed to commit.',
    });
    expect((await server.fetch('/health/live')).status).toBe(200);
    await beginFamily(server, shop, ana);
    expect((await ready()).status).toBe(200);
  });

  it('is not ready while somebody else holds the ledger, and is again afterwards', async () => {
    // The sealer may come meanwhile: it waits in vain, and comes again.
    server.expectError(/the ledger could not be sealed/);
    const held = await holdLedger(server.settings);
    await new Promise((resolve) => setTimeout(resolve, 1010));
    const { status, text } = await ready();
    expect(status).toBe(503);
    expect(JSON.parse(text)).toMatchObject({ detail: expect.stringMatching(/^The ledger/) });
    await held.letGo();
    await beginFamily(server, shop, ana);
    await new Promise((resolve) => setTimeout(resolve, 1010));
    expect((await ready()).status).toBe(200);
  }, 20_000);
});

describe('GET /metrics', () => {
  it('counts a rotation, a retry and a reuse', async () => {
    const first = await beginFamily(server, shop, ana);
    const rotate = () => refresh(server, shop, first.refresh_token);
    expect(await growth('token_ledger_rotations_total', rotate)).toBe(1);
    expect(await growth('token_ledger_retries_total', rotate)).toBe(1);
    clock.pass(31_000);
    expect(await growth('token_ledger_reuses_total', rotate)).toBe(1);
    const again = 'token_ledger_denials_total{grant="refresh_token",reason="family_revoked"}';
    expect(await growth(again, rotate)).toBe(1);
  });

  it('counts garbage without troubling the ledger', async () => {
    const garbage = 'token_ledger_denials_total{grant="refresh_token",reason="malformed_token"}';
    const present = () => refresh(server, shop, 'tlr_garbage');
    expect(await growth(garbage, present)).toBe(1);
    expect(await growth('token_ledger_batch_decisions_count', present)).toBe(0);
  });

  it('counts grants and denials of every kind', async () => {
    const machine = await server.register('machine', { scope: 'reports' });
    const issue = () => clientToken(server, machine);
    const issued = 'token_ledger_grants_total{grant="client_credentials",how="client_token"}';
    expect(await growth(issued, issue)).toBe(1);
    const granted = await grantCode(server, shop, ana);
    const wrong = () =>
      post(server, '/oauth/token', { ...redemption(shop, granted), code_verifier: 'x'.repeat(43) });
    const denied = 'token_ledger_denials_total{grant="authorization_code",reason="pkce_mismatch"}';
    expect(await growth(denied, wrong)).toBe(1);
  });

  it('tells how big the ledger is, and how it commits', async () => {
    const { refresh_token: token } = await beginFamily(server, shop, ana);
    const rotate = () => refresh(server, shop, token);
    expect(await growth('token_ledger_appended_events_total', rotate)).toBe(1);
    expect(await growth('token_ledger_flush_duration_seconds_count', rotate)).toBe(1);
    expect(await metric('token_ledger_size_events')).toBe(await server.get(Ledger).size());
    expect(await metric('token_ledger_size_bytes')).toBeGreaterThan(10_000);
    expect(await metric('token_ledger_queue_decisions')).toBe(0);
  });

  it('follows the rules of names, and has no label of a caller', async () => {
    await post(server, '/oauth/token', { grant_type: 'urn:evil', client_id: shop.clientId });
    const response = await server.fetch('/metrics');
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=/);
    const text = await response.text();
    expect(text).not.toMatch(/urn:evil/);
    expect(text).not.toContain(shop.clientId);
    const names = [...text.matchAll(/^# TYPE (token_ledger_\S+) (\S+)$/gm)];
    expect(names.length).toBeGreaterThan(8);
    for (const [, name, kind] of names) {
      expect(name).toMatch(/_(?:total|seconds|bytes|events|decisions)$/);
      expect(name?.endsWith('_total')).toBe(kind === 'counter');
    }
    expect(text.match(/^# HELP token_ledger_/gm)).toHaveLength(names.length);
  });
});

describe('a server that is told to stop', () => {
  it('is not ready any more', async () => {
    const other = await HttpServer.start();
    other.get(Readiness).shutDown();
    const response = await other.fetch('/health/ready');
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    await expect(response.json()).resolves.toMatchObject({
      detail: 'The server is shutting down.',
    });
    expect((await other.fetch('/health/live')).status).toBe(200);
    await other.close();
  });

  it('writes what it has only counted so far', async () => {
    const { refresh_token: token } = await beginFamily(server, shop, ana);
    const { events: retried } = await server.recorded(() =>
      Promise.all(Array.from({ length: 40 }, () => refresh(server, shop, token))),
    );
    expect(retried.filter(({ type }) => type === 'PresentationsCounted')).toEqual([]);
    const { events } = await server.recorded(() => server.restart());
    expect(events).toMatchObject([
      { type: 'PresentationsCounted', data: { outcome: 'retried', generation: 0, count: 19 } },
    ]);
  });
});
