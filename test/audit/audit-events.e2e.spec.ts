import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type AuditEvent, auditEvent } from '../../src/audit/audit-event.answer.js';
import { type EventList, eventList } from '../../src/audit/event-list.answer.js';
import { IssueClientToken } from '../../src/grants/issue-client-token.command.js';
import { newUuid } from '../../src/config/random-identifiers.js';
import { ClientSecrets } from '../../src/directory/client-secrets.js';
import { DirectoryReader } from '../../src/directory/directory.reader.js';
import { Ledger } from '../../src/ledger/ledger.port.js';
import { followed } from '../../src/audit/listing.reader.js';
import { ViewsReader } from '../../src/views/views.port.js';
import { HttpServer, type TestClient } from '../support/http-server.js';
import { clientToken, read, wholeLedger } from './audit-stage.js';

const NDJSON = { accept: 'application/x-ndjson' };

let server: HttpServer;
let token: string;
let machine: TestClient;

beforeAll(async () => {
  server = await HttpServer.start();
  token = await clientToken(server, await server.register('auditor'));
  machine = await server.register('machine', { scope: 'reports' });
  await issueTokens(1300);
});

afterAll(() => server.close());

/** So many events as fast as the ledger takes them. */
async function issueTokens(count: number): Promise<void> {
  const { clientId, clientSecret = '' } = machine;
  const client = await server.get(DirectoryReader).client(clientId);
  if (client === undefined) throw new Error('unknown client');
  const provenSecretId = await server.get(ClientSecrets).provenSecretId(client, clientSecret);
  const caller = { clientId, authMethod: 'client_secret_basic', provenSecretId } as const;
  const request = { receivedAt: Date.now(), correlationId: newUuid(), origin: undefined };
  const outcomes = await Promise.all(
    Array.from({ length: count }, () => server.execute(new IssueClientToken({ caller }, request))),
  );
  expect(outcomes.every(({ kind }) => kind === 'granted')).toBe(true);
}

async function list(parameters: string): Promise<EventList> {
  const { status, body, text } = await read<EventList>(
    server,
    `/audit/events?${parameters}`,
    token,
  );
  if (status !== 200) throw new Error(text);
  return eventList.parse(body);
}

async function lines(parameters: string, accept = NDJSON) {
  const answer = await read(server, `/audit/events?${parameters}`, token, accept);
  const texts = answer.text === '' ? [] : answer.text.trimEnd().split('\n');
  return { ...answer, events: texts.map((line) => auditEvent.parse(JSON.parse(line))) };
}

const positionsOf = (events: readonly AuditEvent[]) => events.map(({ position }) => position);

describe('the ledger, event by event', () => {
  it('comes in order of position, a hundred at a time unless it is said otherwise', async () => {
    const page = await list('');
    expect(positionsOf(page.events)).toEqual(Array.from({ length: 100 }, (_, index) => index));
    expect(page.next).toBe(99);
    expect(page.events[0]).toMatchObject({
      type: 'LogOpened',
      actor: 'system',
      streamVersion: 1,
      origin: null,
      erased: false,
    });
    expect(page.asOf.position).toBe((await wholeLedger(server)).length - 1);
  });

  it('goes on after a position, to the end and no further', async () => {
    const ledger = await wholeLedger(server);
    const seen: AuditEvent[] = [];
    let next: number | null = null;
    do {
      const page: EventList = await list(`limit=1000${next === null ? '' : `&after=${next}`}`);
      seen.push(...page.events);
      ({ next } = page);
    } while (next !== null);
    expect(positionsOf(seen)).toEqual(ledger.map(({ position }) => position));
    expect(seen.map(({ data }) => data)).toEqual(ledger.map(({ data }) => data));
    const end = ledger.length - 1;
    await expect(list(`after=${end}`)).resolves.toMatchObject({ events: [], next: null });
    await expect(list(`after=${end + 1000}`)).resolves.toMatchObject({ events: [], next: null });
    await expect(list(`limit=2&after=${end - 2}`)).resolves.toMatchObject({ next: null });
    await expect(list(`limit=1&after=${end - 2}`)).resolves.toMatchObject({ next: end - 1 });
  });

  it('comes in pages of the state of the first one, whatever is appended meanwhile', async () => {
    for (const after of ['', '&after=900', '&type=ClientTokenIssued&after=900']) {
      const whole = await lines(after);
      const first = await list(`limit=300${after}`);
      const seen = [...first.events];
      for (let { cursor } = first; cursor !== null;) {
        await issueTokens(1);
        const chosen = after.replace('&after=900', '');
        const page = await list(`limit=300${chosen}&cursor=${cursor}`);
        expect(page.asOf).toEqual(first.asOf);
        seen.push(...page.events);
        ({ cursor } = page);
      }
      expect(seen).toEqual(whole.events);
    }
    const { cursor, asOf, next } = await list('limit=300');
    const rest = await lines(`cursor=${cursor}`);
    expect(positionsOf(rest.events)).toEqual(
      Array.from({ length: asOf.position - 299 }, (_, index) => index + 300),
    );
    for (const changed of ['stream=log:0', `at=${asOf.position}`, `after=${next}`]) {
      const { status } = await read(server, `/audit/events?cursor=${cursor}&${changed}`, token);
      expect([changed, status]).toEqual([changed, 400]);
    }
  });

  it('is chosen from by type', async () => {
    const { events, next } = await list('type=ClientRegistered');
    expect(events.length).toBeGreaterThanOrEqual(2);
    expect(new Set(events.map(({ type }) => type))).toEqual(new Set(['ClientRegistered']));
    expect(next).toBeNull();
    const first = await list('type=ClientTokenIssued&limit=7');
    const second = await list(`type=ClientTokenIssued&limit=7&after=${first.next}`);
    const all = await list('type=ClientTokenIssued&limit=14');
    expect([...first.events, ...second.events]).toEqual(all.events);
    await expect(list('type=FamilyRevoked')).resolves.toMatchObject({ events: [], next: null });
  });

  it('is chosen from by stream, and by both', async () => {
    const stream = `client:${machine.clientId}`;
    const { events } = await list(`stream=${stream}`);
    expect(events).toMatchObject([{ type: 'ClientRegistered', stream }]);
    const both = await list(`stream=${stream}&type=ClientDisabled`);
    expect(both).toMatchObject({ events: [], next: null });
    const none = await list('stream=client:nobody');
    expect(none).toMatchObject({ events: [], next: null });
    const later = await list(`stream=${stream}&after=${events[0]?.position}`);
    expect(later.events).toEqual([]);
  });
});

describe('a ledger that grows while it is read', () => {
  it.each([
    ['as a page', 'limit=1000&after=900', {}],
    ['as lines', 'after=900', NDJSON],
  ])('is shown as far as the answer says, %s', async (_how, parameters, headers) => {
    const ledger = server.get(Ledger);
    const original = ledger.eventsAfter.bind(ledger);
    const growing = jest.spyOn(ledger, 'eventsAfter').mockImplementation(async (after, limit) => {
      if (limit > 1) await issueTokens(1);
      return original(after, limit);
    });
    const before = await ledger.size();
    const answer = await read<EventList>(server, `/audit/events?${parameters}`, token, headers);
    growing.mockRestore();
    const said = answer.headers.get('token-ledger-as-of') ?? '';
    const asOf = Number(/^position=(\d+)/.exec(said)?.[1] ?? answer.body.asOf.position);
    expect(asOf).toBe(before - 1);
    const shown: AuditEvent[] =
      'accept' in headers
        ? answer.text
            .trimEnd()
            .split('\n')
            .map((line) => JSON.parse(line))
        : [...answer.body.events];
    expect(Math.max(...positionsOf(shown))).toBeLessThanOrEqual(asOf);
    expect(await ledger.size()).toBeGreaterThanOrEqual(before);
  });
});

describe('a chosen part of a ledger that grows while it is read', () => {
  it('is shown as far as the answer says, and whole up to there', async () => {
    const ledger = server.get(Ledger);
    const views = server.get(ViewsReader);
    const original = views.eventPositions.bind(views);
    const growing = jest.spyOn(views, 'eventPositions').mockImplementation(async (filter, page) => {
      await issueTokens(1);
      await followed(views, (await ledger.size()) - 1);
      return original(filter, page);
    });
    const { headers, events } = await lines('type=ClientTokenIssued');
    expect(growing.mock.calls.length).toBeGreaterThan(5);
    growing.mockRestore();
    const asOf = Number(/^position=(\d+)/.exec(headers.get('token-ledger-as-of') ?? '')?.[1]);
    const issued = (await wholeLedger(server)).filter(({ type }) => type === 'ClientTokenIssued');
    const expected = issued.map(({ position }) => position).filter((one) => one <= asOf);
    expect(positionsOf(events)).toEqual(expected);
    expect(expected.length).toBeLessThan(issued.length);
  });
});

describe('a ledger that there are no views of yet', () => {
  it('is still chosen from by type; what only the views know has to wait', async () => {
    const none = { kind: 'being_built', done: 7, total: 20 } as const;
    const building = jest.spyOn(server.get(ViewsReader), 'eventPositions').mockResolvedValue(none);
    const page = await list('type=ClientRegistered');
    const all = await lines('type=ClientRegistered');
    const refused = await read(server, '/audit/events?outcome=directory', token);
    const stream = await read(server, '/audit/events?order=newest', token, NDJSON);
    building.mockRestore();
    expect(page.events.length).toBeGreaterThan(0);
    expect(all.events).toEqual(page.events);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(refused.body).toMatchObject({ done: 7, total: 20 });
    expect(stream.status).toBe(503);
    server.expectError(/lists are being built/);
    const { components } = (await (await server.fetch('/docs/openapi.json')).json()) as {
      components: { schemas: { Problem: { properties: object } } };
    };
    const documented = Object.keys(components.schemas.Problem.properties);
    expect(documented).toEqual(expect.arrayContaining(Object.keys(refused.body)));
  });
});

describe('the ledger as lines', () => {
  it('is streamed whole, page by page', async () => {
    const ledger = server.get(Ledger);
    const reads = jest.spyOn(ledger, 'eventsAfter');
    const { status, headers, events } = await lines('');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/x-ndjson');
    expect(headers.get('vary')).toContain('accept');
    const limits = reads.mock.calls.map(([, limit]) => limit);
    reads.mockRestore();
    expect(limits.length).toBeGreaterThan(5);
    expect(Math.max(...limits)).toBeLessThanOrEqual(1000);
    const whole = await wholeLedger(server);
    expect(positionsOf(events)).toEqual(whole.map(({ position }) => position));
    const last = whole.length - 1;
    const at = new Date(whole[last]?.recordedAt ?? 0).toISOString();
    expect(headers.get('token-ledger-as-of')).toBe(`position=${last}, at="${at}"`);
  });

  it('is chosen from, and cut where a limit is given', async () => {
    const { events } = await lines('type=ClientTokenIssued&limit=300&after=50');
    expect(events).toHaveLength(300);
    expect(
      events.every(({ type, position }) => type === 'ClientTokenIssued' && position > 50),
    ).toBe(true);
    await expect(lines('type=FamilyRevoked')).resolves.toMatchObject({ status: 200, events: [] });
    const stream = `client:${machine.clientId}`;
    expect((await lines(`stream=${stream}`)).events).toHaveLength(1);
  });

  it('is read no further than the limit', async () => {
    const reads = jest.spyOn(server.get(Ledger), 'eventsAfter');
    expect((await lines('limit=10')).events).toHaveLength(10);
    expect(reads.mock.calls.length).toBeLessThanOrEqual(2);
    reads.mockRestore();
  });

  it.each([
    ['application/x-ndjson', true],
    ['text/html, application/x-ndjson;q=0.9', true],
    ['application/x-ndjson;q=0, application/json', false],
    ['application/json', false],
    ['*/*', false],
    ['application/x-ndjsonish', false],
  ])('is asked for by Accept: %s: %s', async (accept, isStream) => {
    const { headers } = await read(server, '/audit/events?limit=1', token, { accept });
    expect(headers.get('content-type')?.startsWith('application/x-ndjson')).toBe(isStream);
  });

  it('breaks off rather than pretend to be whole when the ledger fails', async () => {
    const ledger = server.get(Ledger);
    const original = ledger.eventsAfter.bind(ledger);
    let calls = 0;
    const failing = jest.spyOn(ledger, 'eventsAfter').mockImplementation((after, limit) => {
      calls += 1;
      return calls > 4 ? Promise.reject(new Error('the disk is gone')) : original(after, limit);
    });
    const response = await server.fetch('/audit/events', {
      headers: { ...NDJSON, authorization: `Bearer ${token}` },
    });
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow(/terminated|aborted|closed/i);
    failing.mockRestore();
    expect(server.logged.splice(0).join()).toContain('the disk is gone');
  });

  it('is read no further when the reader goes away', async () => {
    const ledger = server.get(Ledger);
    const reads = jest.spyOn(ledger, 'eventsAfter');
    const aborted = new AbortController();
    const response = await server.fetch('/audit/events', {
      headers: { ...NDJSON, authorization: `Bearer ${token}` },
      signal: aborted.signal,
    });
    const reader = response.body?.getReader();
    await reader?.read();
    aborted.abort();
    await new Promise((resolve) => setTimeout(resolve, 200));
    const { length } = reads.mock.calls;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(reads.mock.calls).toHaveLength(length);
    reads.mockRestore();
  });
});
