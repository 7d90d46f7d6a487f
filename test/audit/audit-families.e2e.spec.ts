import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newUuid } from '../../src/config/random-identifiers.js';
import { auditEvent } from '../../src/audit/audit-event.answer.js';
import {
  type EventList,
  type FamilyEventList,
  familyEventList,
} from '../../src/audit/event-list.answer.js';
import { type FamilyAnswer, familyAnswer } from '../../src/audit/family.answer.js';
import type { FamilyPage } from '../../src/audit/listed-family.answer.js';
import { DisableAccount } from '../../src/directory/disable-account.handler.js';
import { DisableClient } from '../../src/directory/disable-client.handler.js';
import { EraseAccount } from '../../src/directory/erase-account.handler.js';
import { SignOutEverywhere } from '../../src/directory/sign-out-everywhere.handler.js';
import { RevokeFamily } from '../../src/grants/revoke-family.command.js';
import { Ledger } from '../../src/ledger/ledger.port.js';
import { beginFamily, claimsOf, grantCode, refresh, type Tokens } from '../support/http-flow.js';
import {
  HttpServer,
  type TestAccount,
  TestClock,
  type TestClient,
} from '../support/http-server.js';
import { clientToken, csvRows, eraseOrigin, read, wholeLedger } from './audit-stage.js';

const clock = new TestClock();
let server: HttpServer;
let token: string;
let shop: TestClient;
let ana: TestAccount;

beforeAll(async () => {
  server = await HttpServer.start();
  shop = await server.register('native', { name: 'Shop' });
  ana = await server.createAccount('ana', { name: 'Ana Lovelace', email: 'ana@example.org' });
});

afterAll(() => server.close());

/** As long as tests let hours pass, every one of them asks for a token of its own. */
async function audit<Body>(path: string, headers: Record<string, string> = {}) {
  token = await clientToken(server, await server.register('auditor'));
  return read<Body>(server, path, token, headers);
}

function familyOf(tokens: Tokens): string {
  return String(claimsOf(tokens.access_token)['jti']).slice(0, 32);
}

async function family(id: string): Promise<FamilyAnswer['family']> {
  const { status, body, text } = await audit<FamilyAnswer>(`/audit/families/${id}`);
  if (status !== 200) throw new Error(text);
  return familyAnswer.parse(body).family;
}

async function eventsOf(id: string, parameters = 'limit=1000'): Promise<FamilyEventList> {
  const { body } = await audit<FamilyEventList>(`/audit/families/${id}/events?${parameters}`);
  return familyEventList.parse(body);
}

async function rotate(tokens: Tokens, times: number): Promise<Tokens> {
  let current = tokens;
  for (let turn = 0; turn < times; turn += 1) {
    current = (await refresh(server, shop, current.refresh_token)).body;
  }
  return current;
}

describe('a family', () => {
  it('is shown as it stands: whose, how far, by which rules, until when', async () => {
    const granted = Date.now();
    const tokens = await beginFamily(server, shop, ana);
    await rotate(tokens, 3);
    const shown = await family(familyOf(tokens));
    expect(shown).toMatchObject({
      id: familyOf(tokens),
      status: 'active',
      end: null,
      blockedBy: null,
      client: { id: shop.clientId, name: 'Shop' },
      subject: ana.subject,
      grantType: 'authorization_code',
      scope: ['offline_access', 'openid'],
      offline: true,
      lineage: { generation: 3, accessTokens: 4 },
      policy: { rotation: 'rotate', retryWindowSeconds: 30, idleSeconds: 2_592_000 },
      events: { count: 5, first: { type: 'GrantIssued' }, last: { type: 'RefreshTokenRotated' } },
    });
    expect(shown.lineage.recentRotations.map(({ generation }) => generation)).toEqual([1, 2, 3]);
    expect(Date.parse(shown.grantedAt)).toBeGreaterThanOrEqual(granted);
    expect(Date.parse(shown.idleExpiresAt ?? '') - granted).toBeGreaterThan(2_591_000_000);
    const { events } = await eventsOf(shown.id);
    expect(shown.events.first?.position).toBe(events[0]?.position);
    expect(shown.events.last.position).toBe(events.at(-1)?.position);
  });

  it('says how far the answer goes, and never whose name it is', async () => {
    const tokens = await beginFamily(server, shop, ana);
    const before = await wholeLedger(server);
    const { body, text } = await audit<FamilyAnswer>(`/audit/families/${familyOf(tokens)}`);
    expect(body.asOf.position).toBeGreaterThanOrEqual(before.length - 1);
    const ledger = await wholeLedger(server);
    const newest = ledger[body.asOf.position];
    expect(body.asOf.at).toBe(new Date(newest?.recordedAt ?? 0).toISOString());
    expect(text).not.toMatch(/Lovelace|example\.org|"ana"/);
  });

  it('is found at its beginning among many that began in the same millisecond', async () => {
    const many = await Promise.all(Array.from({ length: 40 }, () => grantCode(server, shop, ana)));
    expect(many).toHaveLength(40);
    const issued = (await wholeLedger(server)).filter(({ type }) => type === 'GrantIssued');
    for (const { streamId, position } of issued.slice(-40)) {
      const shown = await family(streamId.slice('family:'.length));
      expect(shown.events.first?.position).toBe(position);
      expect(shown).toMatchObject({ status: 'pending', lineage: { generation: null } });
    }
  });

  it('dies of reuse, and says of which incident', async () => {
    const tokens = await beginFamily(server, shop, ana);
    await rotate(tokens, 2);
    clock.pass(31_000);
    expect((await refresh(server, shop, tokens.refresh_token)).status).toBe(400);
    const { status, end } = await family(familyOf(tokens));
    expect(status).toBe('revoked');
    expect(end).toMatchObject({ reason: 'refresh_token_reuse' });
    const { body } = await audit(`/audit/incidents/${end?.incidentId}`);
    expect(body).toMatchObject({ incident: { familyId: familyOf(tokens), familyRevoked: true } });
  });

  it('ends by its operator', async () => {
    const id = familyOf(await beginFamily(server, shop, ana));
    const request = { receivedAt: Date.now(), correlationId: newUuid(), origin: undefined };
    const terms = { reason: 'operator_request', actor: 'operator' } as const;
    await server.execute(new RevokeFamily(id, terms, request));
    const shown = await family(id);
    expect(shown).toMatchObject({
      status: 'revoked',
      end: { reason: 'operator_request', incidentId: null },
    });
    const { events } = await eventsOf(id);
    expect(events.at(-1)).toMatchObject({
      type: 'FamilyRevoked',
      actor: 'operator',
      who: null,
      origin: null,
      erased: false,
    });
  });

  it('expires without an event, first idle and then for good', async () => {
    const { code } = await grantCode(server, shop, ana);
    expect(code).toMatch(/^tlc_/);
    const pending = (await wholeLedger(server)).findLast(({ type }) => type === 'GrantIssued');
    const idle = familyOf(await beginFamily(server, shop, ana));
    const once = familyOf(await beginFamily(server, shop, ana, { scope: ['openid'] }));
    const eventsBefore = (await family(idle)).events.count;
    clock.pass(61_000);
    const unredeemed = await family(String(pending?.streamId).slice('family:'.length));
    expect(unredeemed).toMatchObject({ status: 'expired', end: { reason: 'code_expired' } });
    const pages = await read<FamilyPage>(server, `/audit/families?subject=${ana.subject}`, token);
    const inList = pages.body.families.find(({ id }) => id === unredeemed.id);
    expect(inList).toMatchObject({
      status: 'expired',
      end: { reason: 'code_expired', at: unredeemed.end?.at, position: null },
    });
    clock.pass(2_592_000_000);
    const expired = await family(idle);
    expect(expired).toMatchObject({ status: 'expired', end: { reason: 'expired_idle' } });
    expect(expired.end?.at).toBe(expired.idleExpiresAt);
    const list = `/audit/families?subject=${ana.subject}`;
    const [now, then] = [await audit<FamilyPage>(list), pages.body.asOf.position];
    for (const id of [idle, once]) {
      const { status, end } = await family(id);
      const told = end === null ? null : { reason: end.reason, at: end.at, position: null };
      expect(now.body.families.find((one) => one.id === id)).toMatchObject({ status, end: told });
    }
    const before = await audit<FamilyPage>(`${list}&at=${then}`);
    expect(before.body.families.find(({ id }) => id === idle)?.status).toBe('active');
    expect(expired.events.count).toBe(eventsBefore);
    expect((await family(once)).status).toBe('active');
    clock.pass(12_960_000_000);
    expect(await family(once)).toMatchObject({
      status: 'expired',
      end: { reason: 'expired_absolute' },
    });
  });

  it('is blocked when its account signed out everywhere, or was disabled', async () => {
    const bob = await server.createAccount();
    const attribution = { actor: 'operator', correlationId: newUuid() };
    const first = familyOf(await beginFamily(server, shop, bob));
    await server.execute(new SignOutEverywhere(bob.subject, attribution));
    expect(await family(first)).toMatchObject({ status: 'active', blockedBy: 'not_before' });
    clock.pass(10);
    const second = familyOf(await beginFamily(server, shop, bob));
    expect(await family(second)).toMatchObject({ blockedBy: null });
    await server.execute(new DisableAccount(bob.subject, attribution));
    expect(await family(second)).toMatchObject({ blockedBy: 'account_disabled' });
  });

  it('is blocked in the list by what blocks it there, as it was at every position', async () => {
    const carl = await server.createAccount();
    const attribution = { actor: 'operator', correlationId: newUuid() };
    const own = await server.register('native', { name: 'Own' });
    const from = await server.get(Ledger).size();
    for (const client of [shop, own]) await beginFamily(server, client, carl);
    await server.execute(new SignOutEverywhere(carl.subject, attribution));
    clock.pass(10);
    for (const client of [shop, own]) await beginFamily(server, client, carl);
    await server.execute(new DisableClient(own.clientId, attribution));
    await server.execute(new EraseAccount(carl.subject, attribution));
    token = await clientToken(server, await server.register('auditor'));
    const newest = (await server.get(Ledger).size()) - 1;
    const told = new Set<string>();
    for (let at = from; at <= newest; at += 1) {
      const list = `/audit/families?subject=${carl.subject}&at=${at}`;
      const { families } = (await read<FamilyPage>(server, list, token)).body;
      for (const { id, status, blockedBy } of families) {
        const page = await read<FamilyAnswer>(server, `/audit/families/${id}?at=${at}`, token);
        expect({ at, status, blockedBy }).toEqual({
          at,
          status: page.body.family.status,
          blockedBy: page.body.family.blockedBy,
        });
        told.add(String(blockedBy));
      }
      const blocked = await read<FamilyPage>(server, `${list}&blocked=true`, token);
      expect(blocked.body.families).toEqual(families.filter((one) => one.blockedBy !== null));
      const alive = await read<FamilyPage>(server, `${list}&blocked=false`, token);
      expect(alive.body.families).toEqual(families.filter((one) => one.blockedBy === null));
    }
    expect([...told].sort()).toEqual(['account_disabled', 'client_disabled', 'not_before', 'null']);
    const list = `/audit/families?subject=${carl.subject}`;
    const { families } = (await read<FamilyPage>(server, list, token)).body;
    expect(families.map(({ blockedBy }) => blockedBy)).not.toContain(null);
    const { text } = await read(server, list, token, { accept: 'text/csv' });
    const [header = [], ...rows] = csvRows(text);
    expect(rows.map((row) => row[header.indexOf('blockedBy')])).toEqual(
      families.map(({ blockedBy }) => blockedBy),
    );
  });
});

describe('the families of an account and of a client', () => {
  it('are counted as the list tells them: what is blocked, and what has expired idle', async () => {
    const own = await server.register('native', { name: 'Own' });
    const dora = await server.createAccount();
    for (const client of [shop, own, own]) await beginFamily(server, client, dora);
    const zero = { pending: 0, active: 0, blocked: 0, expired: 0, revoked: 0, isComplete: true };
    const attribution = { actor: 'operator', correlationId: newUuid() };
    const alive = (await server.get(Ledger).size()) - 1;
    await server.execute(new DisableClient(own.clientId, attribution));
    const counts = async (path: string) => (await audit<{ families: object }>(path)).body.families;
    const [subject, client] = [`/audit/subjects/${dora.subject}`, `/audit/clients/${own.clientId}`];
    expect(await counts(subject)).toEqual({ ...zero, active: 1, blocked: 2 });
    expect(await counts(client)).toEqual({ ...zero, blocked: 2 });
    expect(await counts(`${subject}?at=${alive}`)).toEqual({ ...zero, active: 3 });
    await server.execute(new EraseAccount(dora.subject, attribution));
    expect(await counts(subject)).toEqual({ ...zero, blocked: 3 });
    clock.pass(2_592_000_000);
    expect(await counts(subject)).toEqual({ ...zero, expired: 3 });
    expect(await counts(client)).toEqual({ ...zero, expired: 2 });
  });
});

/** A family of seven events: rotations, a retry, a rotation from elsewhere, and a refusal. */
async function life() {
  const first = await beginFamily(server, shop, ana);
  const second = (await refresh(server, shop, first.refresh_token)).body;
  const third = await rotate(second, 1);
  const before = (await server.get(Ledger).size()) - 1;
  clock.pass(1000);
  const from = new Date(Date.now()).toISOString();
  expect((await refresh(server, shop, second.refresh_token)).status).toBe(200);
  const response = await server.fetch('/oauth/token', {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: shop.clientId,
      refresh_token: third.refresh_token,
    }),
    headers: { 'x-forwarded-for': '203.0.113.9' },
  });
  expect(response.status).toBe(200);
  expect((await refresh(server, shop, first.refresh_token)).status).toBe(400);
  return { id: familyOf(first), before, from };
}

describe('the life of a family', () => {
  it('is told in order: what, when, by whom, from where', async () => {
    const tokens = await beginFamily(server, shop, ana);
    const response = await server.fetch('/oauth/token', {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        client_id: shop.clientId,
        refresh_token: tokens.refresh_token,
      }),
      headers: { 'user-agent': 'phone/1.0', 'x-forwarded-for': '203.0.113.9' },
    });
    expect(response.status).toBe(200);
    const { asOf, events, next } = await eventsOf(familyOf(tokens));
    expect(next).toBeNull();
    expect(events.map(({ type }) => type)).toEqual([
      'GrantIssued',
      'GrantRedeemed',
      'RefreshTokenRotated',
    ]);
    expect(events.map(({ streamVersion }) => streamVersion)).toEqual([1, 2, 3]);
    const rotated = events[2];
    expect(rotated).toMatchObject({
      stream: `family:${familyOf(tokens)}`,
      actor: `client:${shop.clientId}`,
      who: { clientId: shop.clientId, authenticated: true, method: 'none' },
      origin: { address: '203.0.113.9', userAgent: 'phone/1.0' },
      erased: false,
      data: { presentedGeneration: 0, generation: 1 },
    });
    expect(rotated?.origin?.requestId).toBe(rotated?.correlationId);
    expect(asOf.position).toBeGreaterThanOrEqual(rotated?.position ?? Infinity);
  });

  it('says where an origin was erased, and keeps the rest', async () => {
    const tokens = await beginFamily(server, shop, ana);
    await rotate(tokens, 1);
    const before = (await eventsOf(familyOf(tokens))).events;
    expect(before[1]).toMatchObject({ erased: false, origin: { address: expect.any(String) } });
    await eraseOrigin(server, before[1]?.position ?? -1);
    const after = (await eventsOf(familyOf(tokens))).events;
    expect(after[1]).toEqual({ ...before[1], origin: null, erased: true });
    expect([after[0], after[2]]).toEqual([before[0], before[2]]);
  });

  it('comes in pages of one state that lose nothing and repeat nothing, while it goes on', async () => {
    let tokens = await rotate(await beginFamily(server, shop, ana), 10);
    const id = familyOf(tokens);
    const seen: string[] = [];
    const states = new Set<string>();
    let cursor: string | null = '';
    for (let page = 0; cursor !== null; page += 1) {
      const list: FamilyEventList = await eventsOf(
        id,
        `limit=5${cursor === '' ? '' : `&cursor=${cursor}`}`,
      );
      expect(list.events.length).toBeLessThanOrEqual(5);
      seen.push(...list.events.map(({ type, streamVersion }) => `${streamVersion} ${type}`));
      states.add(JSON.stringify(list.asOf));
      tokens = await rotate(tokens, 1);
      cursor = list.next;
    }
    expect(seen).toEqual([
      '1 GrantIssued',
      '2 GrantRedeemed',
      ...Array.from({ length: 10 }, (_, turn) => `${turn + 3} RefreshTokenRotated`),
    ]);
    expect(states.size).toBe(1);
  });

  it('comes in such pages from the ledger too, by its stream', async () => {
    let tokens = await rotate(await beginFamily(server, shop, ana), 4);
    const path = `/audit/events?stream=family:${familyOf(tokens)}&limit=4`;
    const first = (await audit<EventList>(path)).body;
    tokens = await rotate(tokens, 3);
    const second = (await audit<EventList>(`${path}&cursor=${first.cursor}`)).body;
    const seen = [...first.events, ...second.events];
    expect(seen.map(({ streamVersion }) => streamVersion)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(second).toMatchObject({ asOf: first.asOf, next: null, cursor: null });
    const later = (await audit<EventList>(`${path}&after=${first.next}`)).body;
    expect(later.events.map(({ streamVersion }) => streamVersion)).toEqual([5, 6, 7, 8]);
  });

  it('goes on only with what its first page was asked with', async () => {
    const tokens = await rotate(await beginFamily(server, shop, ana), 3);
    const id = familyOf(tokens);
    const { asOf, next } = await eventsOf(id, 'limit=2');
    const other = familyOf(await beginFamily(server, shop, ana));
    for (const [family, changed] of [
      [id, `at=${asOf.position}`],
      [id, 'type=RefreshTokenRotated'],
      [other, 'limit=2'],
    ]) {
      const path = `/audit/families/${family}/events?cursor=${next}&${changed}`;
      const detail = expect.stringMatching(/all but limit must be those of the first page/);
      const body = { parameter: 'cursor', detail };
      expect(await audit(path)).toMatchObject({ status: 400, body });
    }
    const lines = await audit(`/audit/families/${id}/events?cursor=${next}`, {
      accept: 'application/x-ndjson',
    });
    expect(lines.text.trimEnd().split('\n')).toHaveLength(3);
    expect(lines.headers.get('token-ledger-as-of')).toContain(`position=${asOf.position},`);
  });

  it.each([
    ['type=RefreshTokenRotated', [3, 4, 6]],
    ['outcome=rejected', [7]],
    ['reason=stale_inside_window', [7]],
    ['address=203.0.113.9', [6]],
    ['type=RefreshTokenRotated&address=203.0.113.9', [6]],
    ['type=FamilyRevoked', []],
  ])('is chosen from by %s', async (filter, versions) => {
    const { id, before } = await life();
    const shown = await eventsOf(id, filter);
    expect(shown.events.map(({ streamVersion }) => streamVersion)).toEqual(versions);
    const paged: number[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page = await eventsOf(
        id,
        `${filter}&limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`,
      );
      paged.push(...page.events.map(({ streamVersion }) => streamVersion));
      cursor = page.next;
    }
    expect(paged).toEqual(versions);
    const path = `/audit/families/${id}/events?${filter}`;
    const { text } = await audit(path, { accept: 'text/csv' });
    expect(csvRows(text)).toHaveLength(versions.length + 1);
    const then = await eventsOf(id, `${filter}&at=${before}`);
    expect(then.events.map(({ streamVersion }) => streamVersion)).toEqual(
      versions.filter((version) => version <= 4),
    );
  });

  it('is chosen from by time', async () => {
    const { id, from } = await life();
    const later = await eventsOf(id, `from=${from}`);
    expect(later.events.map(({ streamVersion }) => streamVersion)).toEqual([5, 6, 7]);
    const earlier = await eventsOf(id, `to=${from}`);
    expect(earlier.events.map(({ streamVersion }) => streamVersion)).toEqual([1, 2, 3, 4]);
  });

  it('is none of a family that had not begun, chosen from or not', async () => {
    const position = (await server.get(Ledger).size()) - 1;
    const id = familyOf(await beginFamily(server, shop, ana));
    for (const filter of ['', '&type=GrantIssued']) {
      const path = `/audit/families/${id}/events?at=${position}${filter}`;
      expect((await audit(path)).status).toBe(404);
    }
  });

  it('is as complete when it is longer than what is read at one go', async () => {
    const tokens = await rotate(await beginFamily(server, shop, ana), 620);
    const id = familyOf(tokens);
    const versions = Array.from({ length: 622 }, (_, index) => index + 1);
    const { events, next } = await eventsOf(id);
    expect(next).toBeNull();
    expect(events.map(({ streamVersion }) => streamVersion)).toEqual(versions);
    const middle = await eventsOf(id, 'limit=300');
    const rest = await eventsOf(id, `limit=1000&cursor=${middle.next}`);
    expect([...middle.events, ...rest.events]).toEqual(events);

    const lines = await audit(`/audit/families/${id}/events`, { accept: 'application/x-ndjson' });
    expect(lines.headers.get('content-type')).toBe('application/x-ndjson');
    const streamed = lines.text
      .trimEnd()
      .split('\n')
      .map((line) => auditEvent.parse(JSON.parse(line)));
    expect(streamed).toEqual(events);
    expect(await family(id)).toMatchObject({
      lineage: { generation: 620, accessTokens: 621 },
      events: { count: 622, first: { position: events[0]?.position } },
    });
  });
});
