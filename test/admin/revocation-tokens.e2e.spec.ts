import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { PreviewedFamilyAnswer } from '../../src/admin/revocation-preview.answer.js';
import {
  revocationTokenPage,
  type RevocationTokenPage,
  type SetTokenAnswer,
} from '../../src/admin/revocation-tokens.answer.js';
import { tokenIn } from '../../src/domain/revocation/reach.rules.js';
import { Ledger } from '../../src/ledger/ledger.port.js';
import { clientToken, csvRows, familyOf, read, wholeLedger } from '../audit/audit-stage.js';
import { basic, beginFamily, claimsOf, post, refresh, type Tokens } from '../support/http-flow.js';
import {
  HttpServer,
  type TestAccount,
  TestClock,
  type TestClient,
} from '../support/http-server.js';

const LIST = '/admin/revocations/preview/access-tokens';
const clock = new TestClock();

let server: HttpServer;
let shop: TestClient;
let ana: TestAccount;
let auditor: TestClient;

beforeAll(async () => {
  server = await HttpServer.start();
  ana = await server.createAccount();
  auditor = await server.register('auditor');
});

beforeEach(async () => {
  shop = await server.register('native', { name: 'Shop' });
});

afterAll(() => server.close());

async function asked(path: string, accept = 'application/json') {
  const answer = await read<RevocationTokenPage>(server, path, await clientToken(server, auditor), {
    accept,
  });
  if (answer.status !== 200) throw new Error(answer.text);
  return answer;
}

async function page(parameters: string): Promise<RevocationTokenPage> {
  return revocationTokenPage.strict().parse((await asked(`${LIST}?${parameters}`)).body);
}

function linesOf<Item>(text: string): Item[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Item);
}

const jtiOf = (tokens: Tokens): string => String(claimsOf(tokens.access_token)['jti']);

const revoke = (tokens: Tokens) =>
  post(server, '/oauth/revoke', { token: tokens.access_token, client_id: shop.clientId });

async function refreshed(tokens: Tokens): Promise<Tokens> {
  const { status, body, text } = await refresh(server, shop, tokens.refresh_token);
  if (status !== 200) throw new Error(text);
  return body;
}

/** The access tokens of a client, by looking at every event there is. */
async function mintedFor(clientId: string): Promise<string[]> {
  const events = await wholeLedger(server);
  const its = new Set(
    events.filter(({ data }) => data['clientId'] === clientId).map(({ streamId }) => streamId),
  );
  return events
    .filter((event) => its.has(event.streamId) && tokenIn(event) !== undefined)
    .map((event) => `${event.streamId.split(':')[1]}.${tokenIn(event)!.sequence}`)
    .toSorted();
}

describe('the access tokens that a revocation would end', () => {
  it('are all that its families were given, each with what it opens and whether it is live', async () => {
    const first = await beginFamily(server, shop, ana, {
      resources: ['https://api.example/photos'],
    });
    clock.pass(700_000);
    const second = await refreshed(first);
    const third = await refreshed(second);
    await revoke(third);
    const { accessTokens, next } = await page(`client=${shop.clientId}`);
    expect(accessTokens.map(({ jti }) => jti)).toEqual([first, second, third].map(jtiOf));
    expect(accessTokens.map(({ isUnexpired, isLive }) => [isUnexpired, isLive])).toEqual([
      [false, false],
      [true, true],
      [true, false],
    ]);
    expect(accessTokens[0]).toMatchObject({
      familyId: familyOf(first),
      clientId: shop.clientId,
      subject: ana.subject,
      scope: ['offline_access', 'openid'],
      audience: ['https://api.example/photos'],
      expiresAt: new Date(Number(claimsOf(first.access_token)['exp']) * 1000).toISOString(),
    });
    expect(next).toBeNull();
    const unexpired = await page(`client=${shop.clientId}&unexpired=true`);
    expect(unexpired.accessTokens.map(({ jti }) => jti)).toEqual([second, third].map(jtiOf));
  });

  it('are told as they were at the position, whatever came later', async () => {
    const first = await beginFamily(server, shop, ana);
    const second = await refreshed(first);
    const { position, accessTokens } = await page(`client=${shop.clientId}`);
    await revoke(second);
    await refreshed(second);
    const later = await page(`client=${shop.clientId}&position=${position}`);
    expect(later.accessTokens).toEqual(accessTokens);
    expect(later.accessTokens.map(({ isLive }) => isLive)).toEqual([true, true]);
  });

  it('have those among them that a client has for itself', async () => {
    const machine = await server.register('machine', { scope: 'reports' });
    const own = await clientToken(server, machine);
    await post(
      server,
      '/oauth/revoke',
      { token: await clientToken(server, machine) },
      basic(machine),
    );
    const { accessTokens } = await page(`client=${machine.clientId}`);
    expect(accessTokens).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ jti: claimsOf(own)['jti'], familyId: null, subject: null }),
      ]),
    );
    expect(accessTokens.filter(({ isLive }) => isLive)).toHaveLength(1);
    expect(accessTokens).toHaveLength(2);
  });

  it('are on pages that go on in the middle of a family, all of one position', async () => {
    const machine = await server.register('machine', { scope: 'reports' });
    for (let round = 0; round < 2; round += 1) {
      let tokens = await beginFamily(server, shop, ana);
      for (let turn = 0; turn < 4; turn += 1) tokens = await refreshed(tokens);
      await clientToken(server, machine);
    }
    const expected = await mintedFor(shop.clientId);
    const all = await page(`client=${shop.clientId}`);
    let one = await page(`client=${shop.clientId}&limit=3`);
    const told: SetTokenAnswer[] = [...one.accessTokens];
    await beginFamily(server, shop, ana);
    while (one.next !== null) {
      one = await page(`client=${shop.clientId}&limit=3&cursor=${one.next}`);
      expect(one.position).toBe(all.position + 1);
      told.push(...one.accessTokens);
    }
    expect(told).toEqual(all.accessTokens);
    expect(told.map(({ jti }) => jti).toSorted()).toEqual(expected);
    const { accessTokens } = await page(`client=${machine.clientId}&limit=1`);
    expect(accessTokens).toHaveLength(1);
  });

  it('are lines and rows for whoever asks for all of them', async () => {
    const first = await beginFamily(server, shop, ana);
    const its = [first, await refreshed(first)];
    const path = `${LIST}?client=${shop.clientId}`;
    const { accessTokens, position, at } = await page(`client=${shop.clientId}`);
    const pinned = `${path}&position=${position}`;
    const lines = await asked(pinned, 'application/x-ndjson');
    expect(linesOf(lines.text)).toEqual(accessTokens);
    expect(lines.headers.get('token-ledger-as-of')).toBe(`position=${position}, at="${at}"`);
    const [header, ...rows] = csvRows((await asked(pinned, 'text/csv')).text);
    expect(header).toEqual(Object.keys(accessTokens[0]!));
    expect(rows.map(([jti]) => jti)).toEqual(its.map(jtiOf));
    const limited = await asked(`${pinned}&limit=1`, 'application/x-ndjson');
    expect(linesOf(limited.text)).toEqual(accessTokens.slice(0, 1));
  });

  it('are looked for no longer than somebody is there, also where none is found', async () => {
    const families = 30;
    for (let one = 0; one < families; one += 1) await beginFamily(server, shop, ana);
    clock.pass(700_000);
    const headers = {
      authorization: `Bearer ${await clientToken(server, auditor)}`,
      accept: 'application/x-ndjson',
    };
    const reads = jest.spyOn(server.get(Ledger), 'streamEvents');
    const caller = new AbortController();
    const path = `${LIST}?client=${shop.clientId}&unexpired=true`;
    const answer = server.fetch(path, { headers, signal: caller.signal });
    while (reads.mock.calls.length === 0) await setImmediate();
    caller.abort();
    await expect(answer).rejects.toThrow('aborted');
    for (let turn = 0; turn < 500; turn += 1) await setImmediate();
    expect(reads.mock.calls.length).toBeLessThan(families);
    reads.mockRestore();
  });

  it.each([
    ['client=nobody', 'client'],
    ['', 'client'],
    ['client=a&unexpired=perhaps', 'unexpired'],
    ['client=a&limit=0', 'limit'],
    ['client=a&cursor=x', 'cursor'],
    ['client=a&after=x', 'after'],
    ['client=a&from=2026-11-21T00:00:00Z&to=2026-11-20T00:00:00Z', 'from'],
  ])('are refused by the name of what is wrong: %s', async (parameters, parameter) => {
    const token = await clientToken(server, auditor);
    const answer = await read(server, `${LIST}?${parameters}`, token);
    expect(answer).toMatchObject({ status: 400, body: { parameter } });
  });

  it('are refused with the cursor of another list', async () => {
    await refreshed(await beginFamily(server, shop, ana));
    const { next } = await page(`client=${shop.clientId}&limit=1`);
    const token = await clientToken(server, auditor);
    const path = `${LIST}?subject=${ana.subject}&cursor=${next}`;
    expect(await read(server, path, token)).toMatchObject({
      status: 400,
      body: { parameter: 'cursor' },
    });
  });
});

describe('the families that a revocation would end', () => {
  it('are lines and rows for whoever asks for all of them', async () => {
    const its = [await beginFamily(server, shop, ana), await beginFamily(server, shop, ana)];
    const path = `/admin/revocations/preview?client=${shop.clientId}`;
    const lines = await asked(path, 'application/x-ndjson');
    const families = linesOf<PreviewedFamilyAnswer>(lines.text);
    expect(families.map(({ id }) => id)).toEqual(its.map(familyOf).toSorted());
    const [header, ...rows] = csvRows((await asked(path, 'text/csv')).text);
    expect(header).toEqual(Object.keys(families[0]!));
    expect(rows.map(([id]) => id)).toEqual(families.map(({ id }) => id));
    const { next } = (await asked(`${path}&limit=1`)).body;
    const rest = await asked(`${path}&cursor=${next}`, 'application/x-ndjson');
    expect(linesOf(rest.text)).toEqual(families.slice(1));
    const token = await clientToken(server, auditor);
    for (const [changed, parameter] of [
      [`cursor=${next}&from=2026-11-20T00:00:00Z`, 'cursor'],
      [`after=${families[0]!.id}`, 'after'],
    ]) {
      const refused = await read(server, `${path}&${changed}`, token);
      expect(refused).toMatchObject({ status: 400, body: { parameter } });
    }
  });
});
