import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { activityAnswer } from '../../src/audit/activity.answer.js';
import { type ClientHealthPage, clientHealthPage } from '../../src/audit/client-health.answer.js';
import { type ClientAnswer, clientAnswer } from '../../src/audit/client.answer.js';
import { type IncidentAnswer, incidentAnswer } from '../../src/audit/investigation.answer.js';
import type { IncidentList } from '../../src/audit/incident.answer.js';
import { lineageAnswer } from '../../src/audit/lineage.answer.js';
import { subjectAnswer } from '../../src/audit/subject.answer.js';
import { beginFamily, refresh, type Tokens } from '../support/http-flow.js';
import {
  HttpServer,
  type TestAccount,
  TestClock,
  type TestClient,
} from '../support/http-server.js';
import { adminToken, clientToken, csvRows, familyOf, read, send } from './audit-stage.js';

const clock = new TestClock();
let server: HttpServer;
let token: string;
let auditor: TestClient;
let shop: TestClient;
let ana: TestAccount;
let stolen: string;

beforeAll(async () => {
  server = await HttpServer.start();
  auditor = await server.register('auditor');
  shop = await server.register('native', { name: 'Shop' });
  ana = await server.createAccount('ana.secret.name', { name: 'Ana Secret', email: 'a@b.example' });
  const first = await beginFamily(server, shop, ana);
  stolen = familyOf(first);
  let last: Tokens = first;
  for (let turn = 0; turn < 3; turn += 1) {
    last = (await refresh(server, shop, last.refresh_token)).body;
    clock.pass(3_600_000);
  }
  clock.pass(120_000);
  await server.fetch('/oauth/token', {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: shop.clientId,
      refresh_token: first.refresh_token,
    }),
    headers: { 'user-agent': 'curl/8.9', 'x-forwarded-for': '203.0.113.77' },
  });
});

beforeEach(async () => {
  token = await clientToken(server, auditor);
});

afterAll(() => server.close());

async function get<Body>(path: string): Promise<Body> {
  const { status, text, body } = await read<Body>(server, path, token);
  if (status !== 200) throw new Error(`${path}: ${text}`);
  return body;
}

async function whole(path: string, accept: string) {
  const answer = await read(server, path, token, { accept });
  if (answer.status !== 200) throw new Error(`${path}: ${answer.text}`);
  expect(answer.headers.get('content-type')).toContain(accept);
  return answer;
}

function linesOf(text: string): unknown[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
}

/** The same cursor, of a place that is none. */
function altered(cursor: string | null): string {
  const plain = Buffer.from(cursor ?? '', 'base64url').toString();
  return Buffer.from(plain.replace(/:2:([^:]+)$/, ':zebra:$1')).toString('base64url');
}

async function theIncident(): Promise<IncidentAnswer> {
  const { incidents } = await get<IncidentList>(`/audit/incidents?family=${stolen}`);
  return incidentAnswer.parse(await get(`/audit/incidents/${incidents[0]?.id}`));
}

describe('an incident', () => {
  it('sets both parties side by side, with the likely cause and what was given away', async () => {
    const { investigation } = await theIncident();
    expect(investigation).toMatchObject({
      presented: { kind: 'refresh', generation: 0, currentGeneration: 3, gap: 3 },
      parties: [{ role: 'holder' }, { role: 'presenter', address: '203.0.113.77' }],
      cause: 'likely_theft',
      confidence: 'high',
      blastRadius: { accessTokenCount: 3, isComplete: true },
    });
    expect(investigation?.presented?.age).toBeGreaterThanOrEqual(120_000);
    expect(investigation?.evidence.length).toBeGreaterThan(0);
  });

  it('is unknown before it was opened', async () => {
    const { incident } = await theIncident();
    const path = `/audit/incidents/${incident.id}?at=${incident.position - 1}`;
    expect((await read(server, path, token)).status).toBe(404);
    const opened = await get<IncidentAnswer>(
      `/audit/incidents/${incident.id}?at=${incident.position}`,
    );
    expect(opened.incident).toMatchObject({ id: incident.id, verdict: null });
  });
});

describe('a verdict', () => {
  it('is written down with who gave it, counts from then on, and is the same when given twice', async () => {
    const { incident } = await theIncident();
    const path = `/audit/incidents/${incident.id}/verdict`;
    const admin = await adminToken(server);
    const { result, events } = await server.recorded(async () => {
      const given = await send<IncidentAnswer>(server, path, admin, { verdict: 'theft' });
      await send(server, path, admin, { verdict: 'theft' });
      return given;
    });
    expect(result.status).toBe(200);
    expect(result.body.incident.verdict).toBe('theft');
    expect(events).toMatchObject([
      {
        type: 'IncidentVerdictGiven',
        data: { verdict: 'theft' },
        streamId: `incident:${incident.id}`,
      },
    ]);
    expect(events[0]?.actor).toMatch(/^client:/);
    const judged = await get<IncidentList>('/audit/incidents?verdict=theft');
    expect(judged.incidents.map(({ id }) => id)).toEqual([incident.id]);
    const before = Number(events[0]?.position) - 1;
    const then = await get<IncidentList>(`/audit/incidents?verdict=none&at=${before}`);
    expect(then.incidents.map(({ id }) => id)).toContain(incident.id);
  });

  it('is refused to who may only read, to a wrong one, and where there is no incident', async () => {
    const { incident } = await theIncident();
    const path = `/audit/incidents/${incident.id}/verdict`;
    expect((await send(server, path, token, { verdict: 'theft' })).status).toBe(403);
    expect((await send(server, path, undefined, { verdict: 'theft' })).status).toBe(401);
    const admin = await adminToken(server);
    for (const body of [
      { verdict: 'zebra' },
      {},
      { verdict: 'theft', note: 7 },
      { verdict: 'theft', note: ' ' },
      { verdict: 'theft', note: 'zebra'.repeat(401) },
      { verdict: 'theft', why: 'zebra' },
      [],
      null,
    ]) {
      const { status, text } = await send(server, path, admin, body);
      expect([body, status]).toEqual([body, 400]);
      expect(text).not.toContain('zebra');
    }
    const none = `/audit/incidents/${'0'.repeat(32)}/verdict`;
    expect((await send(server, none, admin, { verdict: 'theft' })).status).toBe(404);
  });
});

describe('a lineage', () => {
  it('has every generation with its tokens, and what ended it', async () => {
    const lineage = lineageAnswer.strict().parse(await get(`/audit/families/${stolen}/lineage`));
    expect(lineage.generations.map(({ generation }) => generation)).toEqual([0, 1, 2, 3]);
    expect(lineage.generations.map(({ accessTokens }) => accessTokens.length)).toEqual([
      1, 1, 1, 1,
    ]);
    expect(lineage).toMatchObject({
      detection: { what: 'reuse', presentedGeneration: 0, currentGeneration: 3 },
      end: { reason: 'refresh_token_reuse', killed: { generation: 3 } },
      omitted: { generations: 0 },
    });
    const newest = lineageAnswer.parse(await get(`/audit/families/${stolen}/lineage?limit=1`));
    expect(newest.generations.map(({ generation }) => generation)).toEqual([3]);
    expect(newest.omitted.generations).toBe(3);
  });

  it('has older generations on further pages, as it was when the first was asked for', async () => {
    const pager = await server.register('native', { name: 'Pager' });
    let last = await beginFamily(server, pager, await server.createAccount('bob.secret.name'));
    const path = `/audit/families/${familyOf(last)}/lineage`;
    const rotate = async () => {
      last = (await refresh(server, pager, last.refresh_token)).body;
    };
    for (let turn = 0; turn < 3; turn += 1) await rotate();
    const newest = lineageAnswer.parse(await get(`${path}?limit=2`));
    await rotate();
    const further = `${path}?limit=2&cursor=${newest.next}`;
    const older = lineageAnswer.strict().parse(await get(further));
    const numbers = [older, newest].flatMap(({ generations }) =>
      generations.map(({ generation }) => generation),
    );
    expect(numbers).toEqual([0, 1, 2, 3]);
    expect(older).toMatchObject({ asOf: newest.asOf, grant: newest.grant, next: null });
    expect(older.generations[1]?.consumedBy).toBe(newest.generations[0]?.position);
    for (const wrong of [
      `/audit/families/${stolen}/lineage?cursor=${newest.next}`,
      `${path}?cursor=${newest.next}&at=${newest.asOf.position}`,
      `${path}?cursor=${altered(newest.next)}`,
    ]) {
      const { status, body } = await read(server, wrong, token);
      expect([status, body]).toMatchObject([400, { parameter: 'cursor' }]);
    }
  });
});

describe('an account', () => {
  it('is told without anything of its profile', async () => {
    const answer = await read(server, `/audit/subjects/${ana.subject}`, token);
    expect(subjectAnswer.strict().parse(answer.body)).toMatchObject({
      subject: ana.subject,
      account: { status: 'active', roles: [] },
      families: { revoked: 1, active: 0, isComplete: true },
      incidents: { count: 1, isComplete: true },
    });
    expect(answer.text).not.toMatch(/secret|a@b/i);
  });

  it('is unknown before it was created', async () => {
    expect((await read(server, `/audit/subjects/${ana.subject}?at=0`, token)).status).toBe(404);
  });
});

describe('a client', () => {
  it('is told with its registration, families, incidents and health', async () => {
    const client = clientAnswer.strict().parse(await get(`/audit/clients/${shop.clientId}`));
    expect(client).toMatchObject({
      client: { id: shop.clientId, status: 'active', metadata: { name: 'Shop' } },
      registration: [{ type: 'ClientRegistered' }],
      families: { revoked: 1 },
      incidents: { count: 1 },
      health: { counters: { redeemed: 1, rotated: 3, reuse: 1 }, findings: [] },
    });
    const year = new Date(Date.now() - 365 * 24 * 3_600_000).toISOString();
    const whole = await get<ClientAnswer>(`/audit/clients/${shop.clientId}?from=${year}`);
    expect(whole.health?.counters).toEqual(client.health?.counters);
    const then = await read(server, `/audit/clients/${shop.clientId}?at=0`, token);
    expect(then.status).toBe(404);
  });

  it('that sends twice is found among all, with advice, in pages that lose none', async () => {
    const racer = await server.register('native', { name: 'Racer' });
    let last = await beginFamily(server, racer, ana);
    for (let turn = 0; turn < 32; turn += 1) {
      const [one] = await Promise.all([
        refresh(server, racer, last.refresh_token),
        refresh(server, racer, last.refresh_token),
      ]);
      last = one.body;
    }
    const all = clientHealthPage.strict().parse(await get('/audit/clients'));
    const found = all.clients.find(({ client }) => client.id === racer.clientId);
    expect(found).toMatchObject({
      client: { name: 'Racer' },
      counters: { rotated: 32, retriedWithin2Seconds: 20 },
      findings: expect.arrayContaining([expect.objectContaining({ finding: 'races' })]),
    });
    const seen: unknown[] = [];
    let path: string | null = '/audit/clients?limit=1';
    while (path !== null) {
      const page: ClientHealthPage = await get<ClientHealthPage>(path);
      seen.push(...page.clients);
      path = page.next === null ? null : `/audit/clients?limit=1&cursor=${page.next}`;
    }
    expect(seen).toEqual(all.clients);
  });

  it('stands with all others on a line of its own, and in a table', async () => {
    const { asOf, from, to, clients } = clientHealthPage.parse(await get('/audit/clients'));
    const at = `at=${asOf.position}&from=${from}&to=${to}`;
    expect(clients.length).toBeGreaterThan(1);
    const lines = await whole(`/audit/clients?${at}`, 'application/x-ndjson');
    expect(linesOf(lines.text)).toEqual(clients);
    expect(lines.headers.get('token-ledger-hours')).toBe(`from="${from}", to="${to}"`);
    const some = await whole(`/audit/clients?${at}&limit=1`, 'application/x-ndjson');
    expect(linesOf(some.text)).toEqual(clients.slice(0, 1));
    const table = await whole(`/audit/clients?${at}`, 'text/csv');
    const [header = [], ...rows] = csvRows(table.text);
    const cell = (row: string[], name: string) => row[header.indexOf(name)];
    expect(rows.map((row) => [cell(row, 'clientId'), cell(row, 'rotated')])).toEqual(
      clients.map(({ client, counters }) => [client.id, String(counters.rotated)]),
    );
    const findings = rows.map((row): unknown => JSON.parse(cell(row, 'findings') ?? ''));
    expect(findings).toEqual(clients.map((client) => client.findings));
  });
});

describe('the activity', () => {
  it('counts what happened, by the hour', async () => {
    const { hours } = activityAnswer.strict().parse(await get('/audit/activity'));
    const count = (type: string) => hours.reduce((sum, { counts }) => sum + (counts[type] ?? 0), 0);
    expect(count('RefreshTokenReuseDetected')).toBe(1);
    expect(count('FamilyRevoked')).toBe(1);
    const own = activityAnswer.parse(await get(`/audit/activity?client=${shop.clientId}`));
    const types = own.hours.flatMap(({ counts }) => Object.keys(counts));
    expect(types).toContain('ClientRegistered');
    expect(types).not.toContain('AccountCreated');
  });

  it('is a line or a row for each hour', async () => {
    const { asOf, from, to, hours } = activityAnswer.parse(await get('/audit/activity'));
    const path = `/audit/activity?at=${asOf.position}&from=${from}&to=${to}`;
    expect(hours.length).toBeGreaterThan(1);
    const lines = await whole(path, 'application/x-ndjson');
    expect(linesOf(lines.text)).toEqual(hours);
    expect(lines.headers.get('token-ledger-as-of')).toContain(`position=${asOf.position}`);
    const [header = [], ...rows] = csvRows((await whole(path, 'text/csv')).text);
    expect(header).toContain('LedgerRestored');
    for (const [index, { hour, counts }] of hours.entries()) {
      const expected = header.map((type) => (type === 'hour' ? hour : String(counts[type] ?? 0)));
      expect(rows[index]).toEqual(expected);
    }
    expect(rows).toHaveLength(hours.length);
  });

  it.each([['/audit/activity'], ['/audit/clients']])(
    'says which whole hours it counted, where parts of them were asked for: %s',
    async (path) => {
      const last = Math.floor(Date.now() / 3_600_000) * 3_600_000;
      const [from, to] = [last - 7_200_000 + 60_000, last - 7_200_000 + 120_000];
      const asked = (span: string) => `${path}?${span}`;
      const text = (instant: number) => new Date(instant).toISOString();
      const minute = `from=${text(from)}&to=${text(to)}`;
      const hour = { from: text(last - 7_200_000), to: text(last - 3_600_000) };
      const part = await get<Record<string, unknown>>(asked(minute));
      expect(part).toMatchObject(hour);
      expect(part).toEqual(await get(asked(`from=${hour.from}&to=${hour.to}`)));
      const lines = await whole(asked(minute), 'application/x-ndjson');
      expect(lines.headers.get('token-ledger-hours')).toBe(`from="${hour.from}", to="${hour.to}"`);
      const half = await get<{ from: string; to: string }>(asked(`to=${text(to)}`));
      expect(half.to).toBe(hour.to);
      const days = (Date.parse(half.to) - Date.parse(half.from)) / 86_400_000;
      expect([1, 7]).toContain(days);
    },
  );

  it.each(['1960-01-01T00:30:00Z', '9999-12-31T23:59:59Z'])('to %s has hours', async (to) => {
    const page = activityAnswer.strict().parse(await get(`/audit/activity?to=${to}`));
    expect(page).toMatchObject({ hours: [], next: null });
    expect(Date.parse(page.to) - Date.parse(page.from)).toBe(86_400_000);
    expect(Date.parse(page.to)).toBe(Math.max(0, Date.parse(to.replace('23:59:59', '23:00:00'))));
  });

  it('of a year is read to its end', async () => {
    const year = new Date(Date.now() - 360 * 24 * 3_600_000).toISOString();
    const { asOf, hours } = activityAnswer.parse(await get('/audit/activity'));
    const path = `/audit/activity?from=${year}&at=${asOf.position}`;
    const page = activityAnswer.parse(await get(path));
    expect(page).toMatchObject({ hours: [], next: expect.any(String) });
    const { text } = await whole(path, 'application/x-ndjson');
    expect(linesOf(text)).toEqual(hours);
  });
});
