import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type BacktestJobAnswer,
  backtestList,
  type BacktestListAnswer,
} from '../../src/replay/backtest-job.answer.js';
import { clientToken, csvRows, read } from '../audit/audit-stage.js';
import { type Answer, answerOf, beginFamily, refresh } from '../support/http-flow.js';
import { HttpServer, type TestClient, TestClock } from '../support/http-server.js';
import { responderToken } from './replay-stage.js';

const JOBS = '/replay/backtests';
const RULES = { retryWindowSeconds: 5 };
const clock = new TestClock();
let server: HttpServer;
let token: string;
let app: TestClient;

beforeAll(async () => {
  server = await HttpServer.start();
  token = await responderToken(server);
  app = await server.register('native', { redirectUris: ['com.example.app:/cb'] });
  const { refresh_token: first } = await beginFamily(server, app, await server.createAccount());
  await refresh(server, app, first);
  clock.pass(20_000);
  expect((await refresh(server, app, first)).status).toBe(200);
});

afterAll(() => server.close());

async function ask<Body = BacktestJobAnswer>(
  body: unknown,
  bearer = token,
  contentType = 'application/json',
): Promise<Answer<Body>> {
  return answerOf<Body>(
    await server.fetch(JOBS, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { authorization: `Bearer ${bearer}`, 'content-type': contentType },
    }),
  );
}

async function ended(path: string): Promise<BacktestJobAnswer> {
  for (;;) {
    const { body } = await read<BacktestJobAnswer>(server, path, token);
    if (body.status !== 'queued' && body.status !== 'running') return body;
    await setTimeout(5);
  }
}

describe('POST /replay/backtests', () => {
  it('answers with a job that comes to the summary, and records who asked and no more', async () => {
    const { result, events } = await server.recorded(async () => {
      const { status, headers, body } = await ask({
        policy: { retryWindowSeconds: 5 },
        client: app.clientId,
      });
      expect(status).toBe(202);
      expect(headers.get('cache-control')).toBe('no-store');
      const location = String(headers.get('location'));
      expect(location).toBe(`${JOBS}/${body.id}`);
      return ended(location);
    });
    expect(result.status).toBe('done');
    expect(result.progress.done).toBe(result.progress.total);
    expect(result.result).toMatchObject({
      families: { read: 1, diverged: 1 },
      matrix: { issued: { issued: 2 }, retried: { killed: 1 } },
      newFalseAlarms: { verdict: 0, cause: 0, none: 1 },
      sessionsEnded: { recorded: { byReuse: 0 }, simulated: { byReuse: 1 } },
      dwellMilliseconds: { simulated: { count: 0, median: null, maximum: null, notMeasured: 0 } },
    });
    expect(result.divergences).toMatchObject([{ recorded: 'retried', simulated: 'killed' }]);
    expect(events.map(({ type, data }) => [type, data['action'], data['target']])).toEqual([
      ['AdministrationRecorded', 'replay.backtest', result.id],
    ]);
    const { from, to, policy, client } = result;
    expect({ policy, client }).toEqual({
      policy: { retryWindowSeconds: 5 },
      client: app.clientId,
    });
    expect(events[0]?.data['backtest']).toEqual({
      policy: { retryWindow: 5000 },
      clientId: app.clientId,
      from,
      to,
    });
    expect(events[0]?.actor).toMatch(/^client:/);
    expect(events[0]?.originCommitment).toBeDefined();
  });

  const refusals: readonly (readonly [body: unknown, parameter: string, detail: RegExp])[] = [
    [{}, 'policy', /^policy must be given$/],
    [{ policy: 5 }, 'policy', /^policy must be an object$/],
    [[], 'the body', /must be an object/],
    [{ policy: {} }, 'policy', /must say what would be otherwise, such as retryWindowSeconds/],
    [{ policy: { retryWindowSeconds: -1 } }, 'policy.retryWindowSeconds', /from 0 to 86400/],
    [{ policy: { retryWindowSeconds: '5' } }, 'policy.retryWindowSeconds', /from 0 to 86400/],
    [{ policy: { rotation: 'zebra' } }, 'policy.rotation', /rotate or fixed/],
    [{ policy: { zebra: 1 } }, 'policy.zebra', /not a parameter/],
    [{ policy: RULES, zebra: 1 }, 'zebra', /not a parameter/],
    [{ policy: { 'zebra-1': 1 } }, 'the body', /a member that is unknown/],
    [{ policy: RULES, from: 'zebra' }, 'from', /RFC 3339/],
    [{ policy: RULES, from: '3', to: '2' }, 'from', /later/],
    [{ policy: RULES, to: '99999999' }, 'to', /beyond/],
    [{ policy: RULES, from: '99999999' }, 'from', /beyond/],
    [{ policy: RULES, from: 99_999_999 }, 'from', /beyond/],
    [{ policy: RULES, from: 1.5 }, 'from', /RFC 3339 time or a position/],
    [{ policy: RULES, to: -1 }, 'to', /RFC 3339 time or a position/],
    [{ policy: RULES, to: null }, 'to', /RFC 3339 time or a position/],
    [{ policy: RULES, to: '2999-01-01T00:00:00Z' }, 'to', /yet to come/],
    [{ policy: RULES, client: 'zebra' }, 'client', /no client/],
  ];
  it.each(refusals)('refuses %j, and records nothing', async (asked, parameter, detail) => {
    const { result, events } = await server.recorded(() => ask<{ detail: string }>(asked));
    expect(result.status).toBe(400);
    expect(result.body).toMatchObject({ parameter, detail: expect.stringMatching(detail) });
    expect(events).toEqual([]);
  });

  it('takes positions as numbers, as it tells them itself', async () => {
    const { status, body } = await ask({ policy: RULES, from: 2, to: 7 });
    expect([status, body]).toMatchObject([202, { from: 2, to: 7 }]);
  });

  it('refuses what is not JSON', async () => {
    expect((await ask('zebra')).status).toBe(400);
    expect((await ask('policy=1', token, 'application/x-www-form-urlencoded')).status).toBe(415);
  });

  it('refuses who may only read the audit', async () => {
    const auditor = await clientToken(server, await server.register('auditor'));
    expect((await ask({ policy: RULES }, auditor)).status).toBe(403);
  });
});

describe('GET /replay/backtests/{id}/attempts', () => {
  async function attempts(path: string, bearer = token) {
    const headers = { authorization: `Bearer ${bearer}` };
    const answer = await server.fetch(path, { headers });
    const text = await answer.text();
    const lines = text.split('\n').slice(0, -1);
    return { answer, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
  }

  it('has every attempt of the backtest, as it came out and as it would have', async () => {
    const { refresh_token: first } = await beginFamily(server, app, await server.createAccount());
    await refresh(server, app, first);
    clock.pass(20_000);
    const { body: second } = await refresh(server, app, first);
    await refresh(server, app, second.refresh_token);
    const { body } = await ask({ policy: RULES, client: app.clientId });
    const job = await ended(`${JOBS}/${body.id}`);
    const { result, events } = await server.recorded(() => attempts(`${JOBS}/${body.id}/attempts`));
    expect(events).toEqual([]);
    const { answer, lines } = result;
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const newest = lines.filter(({ familyId }) => familyId === lines[0]?.['familyId']);
    expect(newest.map(({ recorded, simulated }) => [recorded, simulated])).toEqual([
      ['issued', 'issued'],
      ['issued', 'issued'],
      ['retried', 'killed'],
      ['issued', null],
    ]);
    const { compared = 0, notComparable = 0 } = job.result?.attempts ?? {};
    expect(lines).toHaveLength(compared + notComparable);
    expect(lines[0]?.['at']).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]{12}Z$/);
    const some = await attempts(`${JOBS}/${body.id}/attempts?only=diverging`);
    expect(some.lines).toEqual(job.divergences);
    expect(some.lines.length).toBeGreaterThan(0);
  });

  it('refuses what it does not know, and who may only read the audit', async () => {
    const { body } = await ask({ policy: RULES });
    const path = `${JOBS}/${body.id}/attempts`;
    expect((await read(server, `${JOBS}/zebra/attempts`, token)).status).toBe(404);
    const { status, body: problem } = await read(server, `${path}?only=zebra`, token);
    expect([status, problem]).toMatchObject([400, { parameter: 'only' }]);
    const auditor = await clientToken(server, await server.register('auditor'));
    expect((await read(server, path, auditor)).status).toBe(403);
  });
});

describe('a backtest by its id', () => {
  it('is not there when nobody asked for it', async () => {
    for (const id of ['zebra', 'z'.repeat(65)]) {
      expect((await read(server, `${JOBS}/${id}`, token)).status).toBe(404);
    }
    const headers = { authorization: `Bearer ${token}` };
    const answer = await server.fetch(`${JOBS}/zebra`, { method: 'DELETE', headers });
    expect(answer.status).toBe(404);
  });

  it('is cancelled by DELETE unless it has ended', async () => {
    const { body } = await ask({ policy: { retryWindowSeconds: 0 } });
    const headers = { authorization: `Bearer ${token}` };
    const answer = await server.fetch(`${JOBS}/${body.id}`, { method: 'DELETE', headers });
    expect(answer.status).toBe(200);
    const { status } = (await answer.json()) as BacktestJobAnswer;
    expect(['cancelled', 'done']).toContain(status);
    expect((await ended(`${JOBS}/${body.id}`)).status).toBe(status);
  });

  it('is listed with the others of this process, newest first', async () => {
    await server.restart();
    const asked: BacktestListAnswer['backtests'] = [];
    for (const retryWindowSeconds of [1, 2, 3]) {
      const { body } = await ask({ policy: { retryWindowSeconds } });
      const { divergences, ...listed } = await ended(`${JOBS}/${body.id}`);
      expect(divergences).toBeInstanceOf(Array);
      asked.unshift(listed);
    }
    const { status, headers, body } = await read<BacktestListAnswer>(server, JOBS, token);
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(backtestList.strict().parse(body)).toEqual({ backtests: asked });
    const lines = await read(server, JOBS, token, { accept: 'application/x-ndjson' });
    expect(lines.text).toBe(asked.map((one) => `${JSON.stringify(one)}\n`).join(''));
    const [header = [], ...rows] = csvRows(
      (await read(server, JOBS, token, { accept: 'text/csv' })).text,
    );
    expect(rows.map((row) => row[header.indexOf('policy')])).toEqual(
      asked.map(({ policy }) => JSON.stringify(policy)),
    );
    expect(lines.headers.get('vary')).toContain('accept');
    const auditor = await clientToken(server, await server.register('auditor'));
    expect((await read(server, JOBS, auditor)).status).toBe(403);
  });

  it.each(['limit', 'cursor', 'status'])('is listed without %s, which is refused', async (name) => {
    const { status, body } = await read(server, `${JOBS}?${name}=1`, token);
    expect([status, body]).toMatchObject([400, { parameter: name }]);
  });

  it('is forgotten by a restart, and the record of it stays', async () => {
    const { body } = await ask({ policy: RULES });
    await server.restart();
    expect((await read(server, `${JOBS}/${body.id}`, token)).status).toBe(404);
    const { body: page } = await read<{ state: { count: number } }>(
      server,
      '/replay/state?stream=administration:default',
      token,
    );
    expect(page.state.count).toBeGreaterThan(2);
  });
});
