import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { auditEvent, type AuditEvent } from '../../src/audit/audit-event.answer.js';
import { type EventList, eventList } from '../../src/audit/event-list.answer.js';
import { type IncidentList, incidentList } from '../../src/audit/incident.answer.js';
import type { FamilyAnswer } from '../../src/audit/family.answer.js';
import { type FamilyPage, familyPage } from '../../src/audit/listed-family.answer.js';
import type { RecordedEvent } from '../../src/domain/envelope.js';
import { Ledger } from '../../src/ledger/ledger.port.js';
import { EVENT_OUTCOMES, type EventType } from '../../src/views/event-outcomes.js';
import { beginFamily, refresh, type Tokens } from '../support/http-flow.js';
import {
  HttpServer,
  type TestAccount,
  TestClock,
  type TestClient,
} from '../support/http-server.js';
import { clientToken, csvRows, eraseOrigin, familyOf, read, wholeLedger } from './audit-stage.js';

const clock = new TestClock();
const THIEF = '203.0.113.77';

let server: HttpServer;
let token: string;
let auditor: TestClient;
let clients: TestClient[];
let people: TestAccount[];
let ledger: readonly RecordedEvent[];

beforeAll(async () => {
  server = await HttpServer.start();
  auditor = await server.register('auditor');
  clients = [
    await server.register('native', { name: '=Shop' }),
    await server.register('native', { name: 'Bank' }),
  ];
  people = [await server.createAccount(), await server.createAccount()];
  for (let index = 0; index < 8; index += 1) await liveThrough(index);
});

// Time passes here, and access tokens do not live long.
beforeEach(async () => {
  token = await clientToken(server, auditor);
  ledger = await wholeLedger(server);
});

afterAll(() => server.close());

/** A family that is refreshed, and stolen from in every second case. */
async function liveThrough(index: number): Promise<void> {
  const client = clients[index % 2] as TestClient;
  const first = await beginFamily(server, client, people[(index >> 1) % 2] as TestAccount);
  let last: Tokens = first;
  for (let turn = 0; turn < 2; turn += 1) {
    last = (await refresh(server, client, last.refresh_token)).body;
  }
  clock.pass(40_000);
  if (index % 2 === 0) await presentFrom(THIEF, client, first.refresh_token);
}

function presentFrom(address: string, client: TestClient, refreshToken: string) {
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: client.clientId,
    refresh_token: refreshToken,
  });
  const headers = { 'x-forwarded-for': address, 'user-agent': 'curl/8.9' };
  return server.fetch('/oauth/token', { method: 'POST', body, headers });
}

async function get<Body>(path: string, accept?: string) {
  const answer = await read<Body>(server, path, token, accept === undefined ? {} : { accept });
  if (answer.status !== 200) throw new Error(`${path}: ${answer.text}`);
  return answer;
}

async function allPages<Page extends { readonly asOf: { readonly position: number } }>(
  path: string,
  cursorOf: (page: Page) => string | null | undefined,
): Promise<Page[]> {
  const pages: Page[] = [];
  for (let cursor: string | null | undefined = ''; cursor !== null && cursor !== undefined;) {
    const { body } = await get<Page>(cursor === '' ? path : `${path}&cursor=${cursor}`);
    pages.push(body);
    cursor = cursorOf(body);
  }
  return pages;
}

async function events(filter: string, limit = 1000): Promise<AuditEvent[]> {
  const pages = await allPages<EventList>(
    `/audit/events?${filter}&limit=${limit}`,
    ({ cursor }) => cursor,
  );
  return pages.flatMap((page) => eventList.parse(page).events);
}

/** Whose each event is, told from the whole ledger. */
function ownersIn(history: readonly RecordedEvent[]) {
  const owners = new Map<string, Record<string, unknown>>();
  return history.map(({ streamId, type, data }) => {
    const [kind = '', id = ''] = streamId.split(':');
    if (!owners.has(streamId)) {
      const { subject = null, clientId = null, familyId } = data;
      owners.set(
        streamId,
        {
          family: { family: id, subject, client: clientId },
          incident: { family: familyId, subject, client: clientId },
          client_token: { client: clientId },
          session: { subject },
          consent: { subject, client: clientId },
          account: { subject: id },
          client: { client: id },
        }[kind] ?? {},
      );
    }
    const named = kind === 'incident' ? id : data['incidentId'];
    const said = { IncidentOpened: 'kind', RefreshTokenReuseDetected: 'cause' }[type] ?? 'reason';
    return {
      ...owners.get(streamId),
      type,
      outcome: EVENT_OUTCOMES[type as EventType],
      reason: data[said],
      incident: named,
    };
  });
}

describe('the events that are chosen', () => {
  it('are those that a search of the whole ledger finds, for filters alone and together', async () => {
    const facts = ownersIn(ledger);
    const origins = await server.get(Ledger).origins(ledger.map(({ position }) => position));
    const known = facts.map((fact, index) => {
      const address = origins.get(ledger[index]?.position ?? -1)?.address;
      return Object.assign(fact, { address }) as Record<string, unknown>;
    });
    const names = [
      'family',
      'subject',
      'client',
      'type',
      'outcome',
      'reason',
      'incident',
      'address',
    ];
    const filter = fc
      .tuple(fc.nat(known.length - 1), fc.subarray(names, { minLength: 1, maxLength: 3 }))
      .map(([index, chosen]) =>
        Object.fromEntries(
          chosen.flatMap((name) => {
            const value = known[index]?.[name];
            return typeof value === 'string' ? [[name, value]] : [];
          }),
        ),
      )
      .filter((chosen) => Object.keys(chosen).length > 0);
    await fc.assert(
      fc.asyncProperty(filter, fc.constantFrom('oldest', 'newest'), async (chosen, order) => {
        const matching = ledger.filter((_, index) =>
          Object.entries(chosen).every(([name, value]) => known[index]?.[name] === value),
        );
        const positions = matching.map(({ position }) => position);
        const expected = order === 'newest' ? positions.reverse() : positions;
        const query = new URLSearchParams({ ...chosen, order }).toString();
        const found = await events(query, 7);
        expect(found.map(({ position }) => position)).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  it('stay within a span of time', async () => {
    const middle = ledger[Math.floor(ledger.length / 2)]?.appendedAt ?? 0;
    const time = new Date(middle).toISOString();
    const of = 'outcome=rotated';
    const whole = await events(of);
    const before = await events(`${of}&to=${time}`);
    const since = await events(`${of}&from=${time}`);
    expect(before.length).toBeGreaterThan(0);
    expect(since.length).toBeGreaterThan(0);
    expect([...before, ...since]).toEqual(whole);
    const reversed = await events(`${of}&to=${time}&order=newest`, 3);
    expect(reversed).toEqual(before.toReversed());
  });

  it('of a stream are told apart within a family', async () => {
    const incident = ledger.find(({ type }) => type === 'IncidentOpened');
    const family = String(incident?.data['familyId']);
    const stream = `family:${family}`;
    const all = await events(`family=${family}`);
    const own = await events(`family=${family}&stream=${stream}`);
    expect(own).toEqual(all.filter((event) => event.stream === stream));
    expect(all.length).toBe(own.length + 1);
  });
});

describe('a list that is read page by page', () => {
  const lists = [
    ['/audit/events?outcome=rotated', 'events', 'cursor'],
    ['/audit/events?outcome=rotated&order=newest', 'events', 'cursor'],
    ['/audit/families?', 'families', 'next'],
    ['/audit/families?order=oldest', 'families', 'next'],
    ['/audit/families?outcome=rotated', 'families', 'next'],
    ['/audit/incidents?', 'incidents', 'next'],
    ['/audit/incidents?order=oldest', 'incidents', 'next'],
  ] as const;

  it.each(lists)(
    '%s shows one state, whatever is appended meanwhile',
    async (path, items, next) => {
      type Page = Record<string, unknown> & { readonly asOf: { readonly position: number } };
      const before = (await get<Page>(`${path}&limit=1000`)).body[items] as unknown[];
      const first = (await get<Page>(`${path}&limit=1`)).body;
      await liveThrough(0);
      const seen = [...(first[items] as unknown[])];
      let cursor = first[next] as string | null;
      while (cursor !== null) {
        const { body }: { body: Page } = await get<Page>(`${path}&limit=2&cursor=${cursor}`);
        expect(body.asOf).toEqual(first.asOf);
        seen.push(...(body[items] as unknown[]));
        cursor = body[next] as string | null;
      }
      expect(seen).toEqual(before);
      const after = (await get<Page>(`${path}&limit=1000`)).body[items] as unknown[];
      expect(after.length).toBeGreaterThan(before.length);
    },
  );

  it.each(lists)(
    '%s is the same again when it is asked for as it was',
    async (path, items, _next) => {
      type Page = Record<string, unknown> & { readonly asOf: { position: number; at: string } };
      const then = (await get<Page>(`${path}&limit=1000`)).body;
      clock.pass(1000);
      await liveThrough(0);
      const { position, at } = then.asOf;
      const byPosition = (await get<Page>(`${path}&limit=1000&at=${position}`)).body;
      const byTime = (await get<Page>(`${path}&limit=1000&at=${at}`)).body;
      expect(byPosition.asOf).toEqual(then.asOf);
      expect(byTime.asOf).toEqual({ position, at, asked: at });
      expect(byPosition[items]).toEqual(then[items]);
      expect(byTime[items]).toEqual(then[items]);
    },
  );

  it('refuses a cursor of another list, of another filter, and one that was altered', async () => {
    const path = '/audit/events?outcome=rotated&limit=1';
    const { cursor } = (await get<EventList>(path)).body;
    const refused = [
      `/audit/events?outcome=issued&cursor=${cursor}`,
      `/audit/families?cursor=${cursor}`,
      `/audit/incidents?cursor=${cursor}`,
      `/audit/events?outcome=rotated&order=newest&cursor=${cursor}`,
      `/audit/events?outcome=rotated&cursor=${cursor}A`,
      `/audit/events?outcome=rotated&cursor=${Buffer.from('pinned:1:1:0:1:').toString('base64url')}`,
    ];
    for (const one of refused) {
      const { status, body } = await read(server, one, token);
      expect([one, status, body['parameter']]).toEqual([one, 400, 'cursor']);
    }
  });

  it.each(['/audit/events?limit=1', '/audit/events?outcome=rotated&limit=1'])(
    'refuses a cursor of %s that shows what this ledger does not have',
    async (path) => {
      const { cursor } = (await get<EventList>(path)).body;
      const [name, , ...rest] = Buffer.from(cursor ?? '', 'base64url')
        .toString()
        .split(':');
      const later = Buffer.from([name, 999_999, ...rest].join(':')).toString('base64url');
      const { status, body } = await read(server, `${path}&cursor=${later}`, token);
      expect([status, body['parameter']]).toEqual([400, 'cursor']);
    },
  );
});

describe('the families that are chosen', () => {
  async function families(filter: string): Promise<FamilyPage['families']> {
    return familyPage.parse((await get<FamilyPage>(`/audit/families?${filter}&limit=1000`)).body)
      .families;
  }

  it('are those that the ledger says', async () => {
    const all = await families('');
    const [shop] = clients as [TestClient];
    const [ana] = people as [TestAccount];
    expect(all.length).toBeGreaterThanOrEqual(8);
    expect(await families(`client=${shop.clientId}`)).toEqual(
      all.filter(({ client }) => client?.id === shop.clientId),
    );
    expect(await families(`subject=${ana.subject}&status=revoked`)).toEqual(
      all.filter(({ subject, status }) => subject === ana.subject && status === 'revoked'),
    );
    const stolen = all.filter(({ hasIncident }) => hasIncident);
    expect(stolen.length).toBeGreaterThan(0);
    expect(await families('incident=true')).toEqual(stolen);
    expect(await families('reason=refresh_token_reuse')).toEqual(
      all.filter(({ end }) => end?.reason === 'refresh_token_reuse'),
    );
    expect(await families('status=active&incident=false')).toEqual(
      all.filter(({ status, hasIncident }) => status === 'active' && !hasIncident),
    );
  });

  it('are those that had an event of a type, of an outcome or from an address', async () => {
    const all = await families('');
    const reused = await families('type=RefreshTokenReuseDetected');
    expect(reused).toEqual(all.filter(({ end }) => end?.reason === 'refresh_token_reuse'));
    expect(reused.length).toBeGreaterThan(0);
    expect(await families('outcome=rotated')).toEqual(all);
    expect(await families(`address=${THIEF}`)).toEqual(reused);
    expect(await families(`address=::ffff:${THIEF}&outcome=rotated`)).toEqual([]);
    const [one] = reused;
    expect(await families(`family=${one?.id}`)).toEqual([one]);
    expect(await families(`family=${one?.id}&outcome=redeemed&status=active`)).toEqual([]);
    expect(await families(`address=${THIEF}&at=${(one?.position ?? 0) + 1}`)).not.toContainEqual(
      expect.objectContaining({ id: one?.id }),
    );
  });

  it('are told as they were before they were revoked', async () => {
    const [stolen] = await families('incident=true');
    const before = (stolen?.end?.position ?? 0) - 1;
    const then = await families(`at=${before}`);
    const was = then.find(({ id }) => id === stolen?.id);
    expect(was).toMatchObject({ status: 'active', end: null });
  });
});

describe('an address', () => {
  it('is one however it is written', async () => {
    const [client] = clients as [TestClient];
    const begun = await beginFamily(server, client, people[0] as TestAccount);
    const { status } = await presentFrom('2001:DB8:0:0::00AB', client, begun.refresh_token);
    expect(status).toBe(200);
    for (const address of ['2001:db8::ab', '2001:DB8::AB', '2001:0db8:0:0:0:0:0:ab']) {
      expect(await events(`address=${address}`)).toMatchObject([
        { type: 'RefreshTokenRotated', origin: { address: '2001:db8::ab' } },
      ]);
    }
  });
});

describe('the incidents that are chosen', () => {
  async function incidents(filter: string): Promise<IncidentList['incidents']> {
    const { body } = await get<IncidentList>(`/audit/incidents?${filter}&limit=1000`);
    return incidentList.parse(body).incidents;
  }

  it('are those that the ledger says', async () => {
    const all = await incidents('');
    const [shop] = clients as [TestClient];
    expect(all.length).toBeGreaterThanOrEqual(4);
    expect(await incidents(`client=${shop.clientId}&kind=refresh_token_reuse`)).toEqual(all);
    expect(await incidents('kind=foreign_client')).toEqual([]);
    expect(await incidents(`address=${THIEF}`)).toEqual(all);
    expect(await incidents(`address=::ffff:${THIEF}`)).toEqual(all);
    expect(await incidents('address=203.0.113.78')).toEqual([]);
    expect(await incidents('verdict=none')).toEqual(all);
    expect(await incidents('verdict=theft')).toEqual([]);
    expect(await incidents('type=RefreshTokenReuseDetected&outcome=reused')).toEqual(all);
    expect(await incidents('outcome=rejected')).toEqual([]);
    const causes = new Set(all.map(({ evidence }) => evidence?.data['cause']));
    for (const cause of [...causes, 'code_redeemed_twice', 'foreign_client']) {
      expect(await incidents(`reason=${String(cause)}`)).toEqual(
        all.filter(({ evidence }) => evidence?.data['cause'] === cause),
      );
    }
    const [one] = all;
    expect(await incidents(`family=${one?.familyId}`)).toEqual([one]);
    const person = all.filter(({ subject }) => subject === one?.subject);
    expect(await incidents(`subject=${one?.subject}`)).toEqual(person);
  });

  it('no longer say where the presenter was once that was erased', async () => {
    const [one] = await incidents('');
    await eraseOrigin(server, one?.evidence?.position ?? -1);
    const [erased] = await incidents('');
    expect(erased?.evidence).toMatchObject({ origin: null, erased: true });
  });
});

describe('a whole list at once', () => {
  it.each([
    ['/audit/events?outcome=rotated', 'events'],
    ['/audit/families?', 'families'],
    ['/audit/families?type=GrantRedeemed', 'families'],
    ['/audit/incidents?order=oldest', 'incidents'],
  ] as const)('%s is the same as its pages, as lines', async (path, items) => {
    const { body } = await get<Record<string, unknown>>(`${path}&limit=1000`);
    const lines = await get(path, 'application/x-ndjson');
    expect(lines.headers.get('token-ledger-as-of')).toContain('position=');
    const told = lines.text.trimEnd().split('\n');
    expect(told.map((line) => JSON.parse(line) as unknown)).toEqual(body[items]);
    const some = await get(`${path}&limit=2`, 'application/x-ndjson');
    expect(some.text.trimEnd().split('\n')).toEqual(told.slice(0, 2));
  });

  it('is the same as its pages, as comma-separated values', async () => {
    const { body } = await get<EventList>('/audit/events?outcome=rotated&limit=1000');
    const { text, headers } = await get('/audit/events?outcome=rotated', 'text/csv');
    expect(headers.get('content-type')).toContain('text/csv');
    const [header, ...rows] = csvRows(text);
    const cell = (row: string[], name: string) => row[(header ?? []).indexOf(name)];
    expect(rows).toHaveLength(body.events.length);
    for (const [index, event] of body.events.entries()) {
      const row = rows[index] ?? [];
      auditEvent.parse(event);
      expect(cell(row, 'position')).toBe(String(event.position));
      expect(cell(row, 'address')).toBe(event.origin?.address ?? '');
      expect(JSON.parse(String(cell(row, 'data')))).toEqual(event.data);
    }
  });

  it('gives a spreadsheet nothing that it takes for a formula', async () => {
    const [shop] = clients as [TestClient];
    const { text } = await get(`/audit/families?client=${shop.clientId}`, 'text/csv');
    const [header = [], row = []] = csvRows(text);
    expect(row[header.indexOf('clientName')]).toBe("'=Shop");
  });
});

describe('what was learnt of a family', () => {
  it('is the same again when it is asked for as it was', async () => {
    const [shop] = clients as [TestClient];
    const tokens = await beginFamily(server, shop, people[0] as TestAccount);
    const path = `/audit/families/${familyOf(tokens)}`;
    const then = (await get<FamilyThen>(path)).body;
    const lineage = (await get<FamilyThen>(`${path}/lineage`)).body;
    const timeline = (await get<FamilyThen>(`${path}/events`)).body;
    clock.pass(1000);
    await refresh(server, shop, tokens.refresh_token);
    const at = then.asOf.position;
    expect((await get<FamilyThen>(`${path}?at=${at}`)).body).toEqual(then);
    expect((await get<FamilyThen>(`${path}/lineage?at=${at}`)).body).toEqual(lineage);
    expect((await get<FamilyThen>(`${path}/events?at=${at}`)).body).toEqual(timeline);
    expect((await get<FamilyThen>(path)).body).not.toEqual(then);
    const before = ledger[0]?.position;
    expect((await read(server, `${path}?at=${before}`, token)).status).toBe(404);
  });
});

interface FamilyThen {
  readonly asOf: { readonly position: number };
}

describe('half a year later', () => {
  it('families have expired, and had not when they are asked for as they were', async () => {
    const then = (await get<FamilyPage>('/audit/families?status=active&limit=1000')).body;
    expect(then.families.length).toBeGreaterThan(0);
    clock.pass(181 * 86_400_000);
    token = await clientToken(server, auditor);
    const now = (await get<FamilyPage>('/audit/families?status=active&limit=1000')).body;
    expect(now.families.map(({ id }) => id)).toEqual(then.families.map(({ id }) => id));
    for (const { id, status, end } of now.families) {
      const { family } = (await get<FamilyAnswer>(`/audit/families/${id}`)).body;
      expect(status).toBe('expired');
      expect(end).toEqual({ reason: 'expired_idle', at: family.idleExpiresAt, position: null });
    }
    const { asOf } = then;
    const path = `/audit/families?status=active&limit=1000&at=${asOf.position}`;
    expect((await get<FamilyPage>(path)).body).toEqual(then);
  });
});
