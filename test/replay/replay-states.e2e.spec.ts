import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { FamilyAnswer } from '../../src/audit/family.answer.js';
import { Ledger } from '../../src/ledger/ledger.port.js';
import type { ReplayedDifference } from '../../src/replay/difference.answer.js';
import type { ReplayedState } from '../../src/replay/state.answer.js';
import { clientToken, read } from '../audit/audit-stage.js';
import { beginFamily, post, refresh } from '../support/http-flow.js';
import { HttpServer, type TestClient, TestClock } from '../support/http-server.js';
import { responderToken } from './replay-stage.js';

const clock = new TestClock();
let server: HttpServer;
let token: string;
let app: TestClient;
let stream: string;
/** The family after each of its steps, as the ledger had it then. */
const seen: { readonly at: string; readonly position: number; readonly state: object }[] = [];

beforeAll(async () => {
  server = await HttpServer.start();
  token = await responderToken(server);
  app = await server.register('native', { redirectUris: ['com.example.app:/cb'] });
  const ana = await server.createAccount('ana');
  const ledger = server.get(Ledger);
  let { refresh_token: refreshToken } = await beginFamily(server, app, ana);
  const first = refreshToken;
  const [family] = await ledger.streamsOfKind('family', null, 1);
  stream = String(family?.streamId);
  const look = async (): Promise<void> => {
    const state = (await ledger.load('family', stream.slice('family:'.length))) ?? {};
    const position = (await ledger.size()) - 1;
    seen.push({ at: new Date(Date.now()).toISOString(), position, state });
    clock.pass(40_000);
  };
  await look();
  for (let rotation = 0; rotation < 3; rotation += 1) {
    ({ refresh_token: refreshToken } = (await refresh(server, app, refreshToken)).body);
    await look();
  }
  await refresh(server, app, first);
  await look();
});

afterAll(() => server.close());

function state(
  parameters: Record<string, string>,
): Promise<{ status: number; body: ReplayedState }> {
  return read(server, `/replay/state?${new URLSearchParams(parameters).toString()}`, token);
}

function difference(parameters: Record<string, string>) {
  const query = new URLSearchParams(parameters).toString();
  return read<ReplayedDifference>(server, `/replay/difference?${query}`, token);
}

function stored(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

describe('GET /replay/state', () => {
  it('tells what the ledger said at each moment, by time and by position', async () => {
    for (const { at, position, state: expected } of seen) {
      const byTime = await state({ stream, at });
      expect(byTime.body.state).toEqual(stored(expected));
      expect(byTime.body.asOf).toMatchObject({ position, asked: at });
      const byPosition = await state({ stream, at: String(position) });
      expect(byPosition.body.state).toEqual(stored(expected));
      expect(byPosition.body.asOf).toEqual({ position, at: byTime.body.asOf.at });
    }
  });

  it('agrees with what the audit says of that moment', async () => {
    for (const { at, position } of seen) {
      const { body: replayed } = await state({ stream, at });
      const path = `/audit/families/${stream.slice('family:'.length)}?at=${at}`;
      const { body: audited } = await read<FamilyAnswer>(server, path, token);
      expect(audited.asOf.position).toBe(position);
      expect(audited.family.lineage.generation).toBe(replayed.state?.['generation']);
      expect(audited.family.status === 'revoked').toBe(replayed.state?.['revoked'] !== undefined);
      expect(audited.family.events.count).toBe(replayed.version);
    }
  });

  it('tells the present when nothing is said, and how many events there were', async () => {
    const { body } = await state({ stream });
    expect(body.state).toMatchObject({ revoked: { reason: 'refresh_token_reuse' } });
    expect(body.version).toBe(7);
    expect(body.last?.type).toBe('FamilyRevoked');
  });

  it('takes a clock that is half a minute ahead for one that shows now', async () => {
    const newest = (await server.get(Ledger).size()) - 1;
    const { status, body } = await state({
      stream,
      at: new Date(Date.now() + 30_000).toISOString(),
    });
    expect(status).toBe(200);
    expect(body.asOf.position).toBe(newest);
  });

  it('says that a stream did not exist yet', async () => {
    const { status, body } = await state({ stream, at: '0' });
    expect(status).toBe(200);
    expect(body).toMatchObject({ stream, version: 0, last: null, state: null });
  });

  it('folds clients and accounts too', async () => {
    const { body } = await state({ stream: `client:${app.clientId}` });
    expect(body.state).toMatchObject({ clientId: app.clientId, status: 'active' });
  });

  it('leaves out what an account is found by, here and in a difference', async () => {
    const account = await server.createAccount('zoe');
    const asked = { stream: `account:${account.subject}` };
    const [now, since] = [await state(asked), await difference({ ...asked, from: '0' })];
    expect(now.body.state).toMatchObject({ subject: account.subject });
    const called = { stream: `subject:${account.subject}` };
    expect((await state(called)).body.state).toEqual(now.body.state);
    expect(since.body.net).toContainEqual(expect.objectContaining({ path: '/roles' }));
    expect(since.body.steps[0]?.changes).toContainEqual(
      expect.objectContaining({ path: '/roles' }),
    );
    expect(JSON.stringify([now.body, since.body])).not.toContain('usernameDigest');
  });

  it('appends nothing', async () => {
    const { events } = await server.recorded(async () => {
      await state({ stream });
      await difference({ stream, from: '0' });
    });
    expect(events).toEqual([]);
  });
});

describe('GET /replay/difference', () => {
  it('names the event that caused each change', async () => {
    const [after1, after2] = [seen[1], seen[2]];
    const from = String(after1?.position);
    const { body } = await difference({ stream, from, to: String(after2?.position) });
    const rotated = { position: after2?.position, type: 'RefreshTokenRotated' };
    expect(body.net).toContainEqual({
      path: '/generation',
      before: 1,
      after: 2,
      causedBy: expect.objectContaining(rotated),
    });
    expect(body.steps).toHaveLength(1);
    expect(body.from.position).toBe(after1?.position);
  });

  it('tells the end of the family between two times', async () => {
    const [before, end] = [seen[3], seen[4]];
    const { body } = await difference({ stream, from: String(before?.at), to: String(end?.at) });
    const types = body.steps.map(({ type }) => type);
    expect(types).toEqual(['RefreshTokenReuseDetected', 'FamilyRevoked']);
    const revoked = body.net.find(({ path }) => path.startsWith('/revoked'));
    expect(revoked?.causedBy?.type).toBe('FamilyRevoked');
  });

  it('tells nothing between a moment and itself', async () => {
    const { body } = await difference({ stream, from: '1', to: '1' });
    expect(body).toMatchObject({ net: [], steps: [], stepsOmitted: 0 });
  });
});

describe('what is refused', () => {
  const refusals: readonly (readonly [path: string, parameter: string, detail: RegExp])[] = [
    ['/replay/state', 'stream', /once/],
    ['/replay/state?stream=zebra:1', 'stream', /<kind>:<id>/],
    ['/replay/state?stream=family:0&at=zebra', 'at', /RFC 3339/],
    ['/replay/state?stream=family:0&at=2026-02-30T00:00:00Z', 'at', /RFC 3339/],
    ['/replay/state?stream=family:0&at=99999999', 'at', /beyond/],
    ['/replay/state?stream=family:0&at=2020-01-01T00:00:00Z', 'at', /before/],
    ['/replay/state?stream=family:0&at=2999-01-01T00:00:00Z', 'at', /is yet to come/],
    ['/replay/state?stream=family:0&x=1', 'x', /not a parameter/],
    ['/replay/difference?stream=family:0', 'from', /once/],
    ['/replay/difference?stream=family:0&from=2&to=1', 'from', /later/],
    ['/replay/difference?stream=family:0&from=1&to=99999999', 'to', /beyond/],
    ['/replay/difference?stream=family:0&from=2999-01-01T00:00:00Z', 'from', /is yet to come/],
    ['/replay/difference?stream=family:0&from=1&to=2999-01-01T00:00:00Z', 'to', /yet to come/],
  ];
  it.each(refusals)('%s', async (path, parameter, detail) => {
    const { status, body } = await read<{ detail: string }>(server, path, token);
    expect(status).toBe(400);
    expect(body).toMatchObject({ parameter, detail: expect.stringMatching(detail) });
  });

  it('a stream that the ledger does not have', async () => {
    expect((await state({ stream: 'family:0' })).status).toBe(404);
    expect((await difference({ stream: 'family:0', from: '0' })).status).toBe(404);
  });

  it.each(['/replay/state', '/replay/difference'])('%s without the scope', async (path) => {
    const auditor = await clientToken(server, await server.register('auditor'));
    const { status, headers } = await read(server, `${path}?stream=family:0`, auditor);
    expect(status).toBe(403);
    expect(headers.get('www-authenticate')).toContain('scope="replay:run"');
    expect((await read(server, path, undefined)).status).toBe(401);
    expect((await post(server, path, {}, { authorization: `Bearer ${token}` })).status).toBe(404);
  });
});
