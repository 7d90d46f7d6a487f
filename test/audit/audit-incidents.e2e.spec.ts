import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type IncidentList, incidentList } from '../../src/audit/incident.answer.js';
import { type IncidentAnswer, incidentAnswer } from '../../src/audit/investigation.answer.js';
import { TokenCodec } from '../../src/tokens/token-codec.js';
import { newFamilyId } from '../../src/config/random-identifiers.js';
import {
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
  TestClock,
  type TestClient,
} from '../support/http-server.js';
import { clientToken, read } from './audit-stage.js';

const clock = new TestClock();
let server: HttpServer;
let shop: TestClient;
let ana: TestAccount;

beforeAll(async () => {
  server = await HttpServer.start();
  shop = await server.register('native', { name: 'Shop' });
  ana = await server.createAccount();
});

afterAll(() => server.close());

async function audit<Body>(path: string) {
  return read<Body>(server, path, await clientToken(server, await server.register('auditor')));
}

async function newest(limit = 1): Promise<IncidentList> {
  const { body } = await audit<IncidentList>(`/audit/incidents?limit=${limit}`);
  return incidentList.parse(body);
}

function familyOf(tokens: Tokens): string {
  return String(claimsOf(tokens.access_token)['jti']).slice(0, 32);
}

async function rotated(times: number): Promise<{ first: Tokens; last: Tokens; id: string }> {
  const first = await beginFamily(server, shop, ana);
  let last = first;
  for (let turn = 0; turn < times; turn += 1) {
    last = (await refresh(server, shop, last.refresh_token)).body;
  }
  return { first, last, id: familyOf(first) };
}

describe('an incident', () => {
  it('of a thief: what was presented, when which was current, how old, from where', async () => {
    const { first, id } = await rotated(3);
    clock.pass(90_000);
    await server.fetch('/oauth/token', {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        client_id: shop.clientId,
        refresh_token: first.refresh_token,
      }),
      headers: { 'user-agent': 'curl/8.9', 'x-forwarded-for': '203.0.113.77' },
    });
    const { incidents, asOf } = await newest();
    const [incident] = incidents;
    expect(incident).toMatchObject({
      kind: 'refresh_token_reuse',
      familyId: id,
      familyRevoked: true,
      client: { id: shop.clientId, name: 'Shop' },
      subject: ana.subject,
      verdict: null,
      evidence: {
        type: 'RefreshTokenReuseDetected',
        stream: `family:${id}`,
        who: { clientId: shop.clientId, authenticated: true, method: 'none' },
        origin: { address: '203.0.113.77', userAgent: 'curl/8.9' },
        erased: false,
        data: {
          kind: 'refresh',
          presentedGeneration: 0,
          currentGeneration: 3,
          gap: 3,
          cause: 'superseded_generation',
          incidentId: incident?.id,
        },
      },
    });
    expect(incident?.evidence?.data['age']).toBeGreaterThanOrEqual(90_000);
    expect(incident?.evidence?.at).toBe(incident?.at);
    expect(asOf.position).toBeGreaterThanOrEqual(incident?.position ?? Infinity);
    const { body } = await audit<IncidentAnswer>(`/audit/incidents/${incident?.id}`);
    expect(incidentAnswer.parse(body).incident).toEqual(incident);
  });

  it('of a client that missed its window', async () => {
    const { first } = await rotated(1);
    clock.pass(31_000);
    await refresh(server, shop, first.refresh_token);
    const { incidents } = await newest();
    expect(incidents[0]?.evidence?.data).toMatchObject({ gap: 1, cause: 'retry_window_passed' });
  });

  it('of a slow twin: refused, and the family lives', async () => {
    const { first, id } = await rotated(2);
    await refresh(server, shop, first.refresh_token);
    const { incidents } = await newest();
    expect(incidents[0]).toMatchObject({
      kind: 'stale_inside_window',
      familyId: id,
      familyRevoked: false,
      evidence: {
        type: 'RefreshRejected',
        data: { reason: 'stale_inside_window', presentedGeneration: 0, currentGeneration: 2 },
      },
    });
  });

  it("of somebody else's client, which is named as who asked", async () => {
    const { first, id } = await rotated(0);
    const other = await server.register('native', { name: 'Other' });
    await refresh(server, other, first.refresh_token);
    const { incidents } = await newest();
    expect(incidents[0]).toMatchObject({
      kind: 'foreign_client',
      familyId: id,
      client: { name: 'Shop' },
      evidence: { who: { clientId: other.clientId }, data: { reason: 'foreign_client' } },
    });
  });

  it('of a client that could not prove itself', async () => {
    const web = await server.register('web');
    const granted = await grantCode(server, web, ana);
    await post(server, '/oauth/token', {
      ...redemption(web, granted),
      client_secret: 'wrong-secret-of-somebody',
    });
    const { incidents } = await newest();
    expect(incidents[0]).toMatchObject({
      kind: 'client_authentication_failed',
      evidence: {
        type: 'RefreshRejected',
        who: { clientId: web.clientId, authenticated: false, method: 'client_secret_post' },
        data: { kind: 'code', reason: 'client_authentication_failed' },
      },
    });
  });

  it('of a code that was redeemed twice', async () => {
    const granted = await grantCode(server, shop, ana);
    const fields = redemption(shop, granted);
    expect((await post(server, '/oauth/token', fields)).status).toBe(200);
    expect((await post(server, '/oauth/token', fields)).status).toBe(400);
    const { incidents } = await newest();
    expect(incidents[0]).toMatchObject({
      kind: 'code_reuse',
      familyRevoked: true,
      evidence: { data: { kind: 'code', cause: 'code_redeemed_twice' } },
    });
  });

  it('of a token that this ledger never recorded: its evidence is in its own stream', async () => {
    const familyId = newFamilyId();
    const { decode, encode } = codec();
    const known = decode((await rotated(0)).first.refresh_token);
    const forgotten = encode({ ...known, id: familyId, number: 4 });
    server.expectError(new RegExp(`family ${familyId} is unknown to this ledger`));
    await refresh(server, shop, forgotten);
    const { body } = await audit<IncidentAnswer>(`/audit/incidents/${familyId}`);
    const { incident } = incidentAnswer.parse(body);
    expect(incident).toMatchObject({
      kind: 'ledger_rollback',
      familyId,
      familyRevoked: false,
      client: { id: shop.clientId },
      subject: null,
      evidence: { type: 'LedgerRollbackSuspected', data: { presentedGeneration: 4 } },
    });
    expect((await audit(`/audit/families/${familyId}`)).status).toBe(404);
  });

  it('keeps its evidence when it is presented again and again', async () => {
    const { first, last } = await rotated(3);
    clock.pass(90_000);
    const presented = [first, first, last, first, last].map(({ refresh_token: text }) =>
      refresh(server, shop, text),
    );
    await Promise.all(presented);
    const { incidents } = await newest();
    expect(incidents[0]?.evidence).toMatchObject({ type: 'RefreshTokenReuseDetected' });
  });
});

describe('the list of incidents', () => {
  it('has the newest first, in pages that lose nothing', async () => {
    const all = await newest(1000);
    expect(all.next).toBeNull();
    expect(all.incidents.length).toBeGreaterThanOrEqual(7);
    const positions = all.incidents.map(({ position }) => position);
    expect(positions).toEqual([...positions].sort((one, other) => other - one));
    const seen: unknown[] = [];
    let path: string | null = '/audit/incidents?limit=3';
    while (path !== null) {
      const page: IncidentList = (await audit<IncidentList>(path)).body;
      seen.push(...page.incidents);
      path = page.next === null ? null : `/audit/incidents?limit=3&cursor=${page.next}`;
    }
    expect(seen).toEqual(all.incidents);
  });
});

function codec() {
  const tokens = server.get(TokenCodec);
  return {
    encode: (token: Parameters<TokenCodec['encode']>[0]) => tokens.encode(token),
    decode(text: string) {
      const token = tokens.decode('refresh', text);
      if (token === undefined) throw new Error('not a refresh token');
      return { ...token, kind: 'refresh' as const };
    },
  };
}
