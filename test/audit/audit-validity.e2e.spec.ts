import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type ValidityAnswerAt, validityAnswer } from '../../src/audit/validity.answer.js';
import { newUuid } from '../../src/config/random-identifiers.js';
import { DisableAccount } from '../../src/directory/disable-account.handler.js';
import { DisableClient } from '../../src/directory/disable-client.handler.js';
import { SigningKeys } from '../../src/directory/signing-keys.service.js';
import { Ledger } from '../../src/ledger/ledger.port.js';
import {
  basic,
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
import { clientToken, familyOf, read, send } from './audit-stage.js';

const clock = new TestClock();
const ATTRIBUTION = { actor: 'operator', correlationId: newUuid() };

let server: HttpServer;
let token: string;
let auditor: TestClient;
let shop: TestClient;
let ana: TestAccount;
let first: Tokens;
let second: Tokens;

beforeAll(async () => {
  server = await HttpServer.start({ TOKEN_LEDGER_LOG_LEVEL: 'trace' });
  auditor = await server.register('auditor');
  shop = await server.register('native', { name: 'Shop' });
  ana = await server.createAccount();
  first = await beginFamily(server, shop, ana);
  clock.pass(1000);
  second = (await refresh(server, shop, first.refresh_token)).body;
});

beforeEach(async () => {
  token = await clientToken(server, auditor);
});

afterAll(() => server.close());

async function lookup(body: object): Promise<ValidityAnswerAt> {
  const answer = await send(server, '/audit/lookup', token, body);
  if (answer.status !== 200) throw new Error(answer.text);
  return validityAnswer.strict().parse(answer.body);
}

async function validity(parameters: string): Promise<ValidityAnswerAt> {
  const answer = await read(server, `/audit/validity?${parameters}`, token);
  if (answer.status !== 200) throw new Error(answer.text);
  return validityAnswer.strict().parse(answer.body);
}

const jtiOf = (tokens: Pick<Tokens, 'access_token'>) =>
  String(claimsOf(tokens.access_token)['jti']);

/** To the millisecond, which the token itself does not say. */
const issuedAtOf = (tokens: Pick<Tokens, 'access_token'>): unknown => {
  const second = new Date(Number(claimsOf(tokens.access_token)['iat']) * 1000).toISOString();
  return expect.stringContaining(second.slice(0, -'.000Z'.length));
};

async function newest(): Promise<number> {
  return (await server.get(Ledger).size()) - 1;
}

describe('a token that somebody found', () => {
  it('is told by its family and generation, and what became of it', async () => {
    const familyId = familyOf(first);
    expect(await lookup({ token: first.refresh_token })).toMatchObject({
      of: { kind: 'refresh_token', familyId, generation: 0, subject: ana.subject },
      validity: {
        isValid: false,
        reason: 'superseded',
        decidedBy: [{ type: 'GrantRedeemed' }, { type: 'RefreshTokenRotated' }],
      },
    });
    expect(await lookup({ token: ` ${second.refresh_token}\n` })).toMatchObject({
      of: { familyId, generation: 1, clientId: shop.clientId },
      validity: { isValid: true, reason: null, scope: ['offline_access', 'openid'] },
    });
    expect(await lookup({ token: second.access_token })).toMatchObject({
      of: { kind: 'access_token', familyId, jti: jtiOf(second), generation: 1 },
      validity: { isValid: true },
    });
    expect(await lookup({ token: `Bearer ${second.access_token}` })).toMatchObject({
      of: { jti: jtiOf(second), issuedAt: issuedAtOf(second) },
    });
    expect(await lookup({ token: jtiOf(first) })).toEqual(await lookup({ jti: jtiOf(first) }));
    expect(await lookup({ jti: jtiOf(first) })).toMatchObject({
      of: { kind: 'access_token', familyId, generation: 0, issuedAt: issuedAtOf(first) },
      validity: { decidedBy: [{ type: 'GrantRedeemed' }] },
    });
  });

  it('can be a code, before it was redeemed, then, and after it expired', async () => {
    const granted = await grantCode(server, shop, ana);
    const { code } = granted;
    expect(await lookup({ token: code })).toMatchObject({
      of: { kind: 'code', subject: ana.subject },
      validity: { isValid: true, decidedBy: [{ type: 'GrantIssued' }] },
    });
    const before = await newest();
    await post(server, '/oauth/token', redemption(shop, granted));
    expect(await lookup({ token: code })).toMatchObject({
      validity: { reason: 'redeemed', decidedBy: [{}, { type: 'GrantRedeemed' }] },
    });
    expect((await lookup({ token: code, at: String(before) })).validity.isValid).toBe(true);
    const late = await grantCode(server, shop, ana);
    clock.pass(61_000);
    expect((await lookup({ token: late.code })).validity).toMatchObject({ reason: 'code_expired' });
  });

  it('can be a code of a person who may do nothing any more', async () => {
    const ben = await server.createAccount();
    const { code } = await grantCode(server, shop, ben);
    expect((await lookup({ token: code })).validity.isValid).toBe(true);
    await server.execute(new DisableAccount(ben.subject, ATTRIBUTION));
    expect((await lookup({ token: code })).validity).toMatchObject({
      isValid: false,
      reason: 'account_disabled',
      decidedBy: [{ type: 'GrantIssued' }, { type: 'AccountDisabled' }],
    });
  });

  it('can be an ID token, which is worth something until it expires', async () => {
    const { id_token: idToken } = await beginFamily(server, shop, ana);
    const { iat, exp, sid } = claimsOf(idToken);
    expect(await lookup({ token: idToken })).toMatchObject({
      of: {
        kind: 'id_token',
        subject: ana.subject,
        clientId: shop.clientId,
        sessionId: sid,
        issuedAt: new Date(Number(iat) * 1000).toISOString(),
      },
      validity: {
        isValid: true,
        reason: null,
        audience: [shop.clientId],
        expiresAt: new Date(Number(exp) * 1000).toISOString(),
        decidedBy: [],
      },
    });
    expect((await lookup({ token: idToken, at: 0 })).validity.reason).toBe('not_yet_issued');
    clock.pass(3_600_000);
    token = await clientToken(server, auditor);
    expect((await lookup({ token: idToken })).validity.reason).toBe('expired');
  });

  it("can be a client's own", async () => {
    const machine = await server.register('machine', { scope: 'reports' });
    const own = await clientToken(server, machine);
    expect(await lookup({ token: own })).toMatchObject({
      of: {
        kind: 'access_token',
        familyId: null,
        generation: null,
        clientId: machine.clientId,
        issuedAt: issuedAtOf({ access_token: own }),
      },
      validity: { isValid: true, scope: ['reports'] },
    });
    await post(server, '/oauth/revoke', { token: own }, basic(machine));
    expect((await lookup({ token: own })).validity).toMatchObject({
      reason: 'access_token_revoked',
      decidedBy: [{ type: 'ClientTokenIssued' }, { type: 'AccessTokenRevoked' }],
    });
  });

  it('can have expired, and be signed with a key that is retired', async () => {
    const keys = server.get(SigningKeys);
    const old = await beginFamily(server, shop, ana);
    const header = old.access_token.split('.', 1)[0] ?? '';
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string };
    await keys.create({ activate: true, attribution: ATTRIBUTION, project: 'default' as never });
    await keys.retire({ keyId: kid, attribution: ATTRIBUTION, project: 'default' as never });
    clock.pass(700_000);
    token = await clientToken(server, auditor);
    expect((await lookup({ token: old.access_token })).validity).toMatchObject({
      isValid: false,
      reason: 'expired',
    });
  });

  it('that nobody minted is not found, and counts as a failing call', async () => {
    const altered = `${second.refresh_token.slice(0, -4)}AAAA`;
    const address = server.newAddress();
    const from = { 'x-forwarded-for': address };
    const jwt = `${second.access_token.slice(0, -6)}AAAAAA`;
    const texts = [altered, 'garbage', jwt, 'x'.repeat(16_384), '\u0000', 'tlr_'];
    for (const text of texts) {
      const { status, text: said } = await send(
        server,
        '/audit/lookup',
        token,
        { token: text },
        from,
      );
      expect(status).toBe(404);
      expect(said).not.toContain(text);
    }
    const unknown = `${'0'.repeat(32)}.1`;
    for (let call = texts.length; call < 300; call += 1) {
      const { status } = await send(server, '/audit/lookup', token, { jti: unknown }, from);
      expect(status).toBe(404);
    }
    const refused = await send(server, '/audit/lookup', token, { jti: unknown }, from);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    const found = await send(server, '/audit/lookup', token, { jti: jtiOf(second) }, from);
    expect(found.status).toBe(200);
  }, 60_000);

  it.each([
    [{}, 'token'],
    [{ token: 'zebra', jti: `${'0'.repeat(32)}.1` }, 'token'],
    [{ token: 5 }, 'token'],
    [{ token: '' }, 'token'],
    [{ token: 'x'.repeat(16_385) }, 'token'],
    [{ jti: 'zebra' }, 'jti'],
    [{ token: 'zebra', at: 'zebra' }, 'at'],
    [{ token: 'zebra', at: 1.5 }, 'at'],
    [{ token: 'zebra', at: true }, 'at'],
    [{ zebra_: 1, token: 'zebra' }, 'zebra_'],
    [{ 'tlr_zebra-1': 1 }, 'the body'],
    [{ [`${'zebra_'.repeat(5)}abc`]: 1 }, 'the body'],
    [[], 'the body'],
    [null, 'the body'],
  ])('is refused as %j', async (body, parameter) => {
    const answer = await send(server, '/audit/lookup', token, body);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ parameter });
    expect(answer.text.replaceAll('zebra_', '')).not.toContain('zebra');
  });

  it.each([
    [{}, 'token must be given, or jti'],
    [{ token: 'zebra', jti: 'zebra' }, 'token or jti must be given, not both'],
    [{ token: 'zebra', jti: `${'0'.repeat(32)}.1` }, 'token or jti must be given, not both'],
  ])('is one token: %j says so', async (body, detail) => {
    const answer = await send(server, '/audit/lookup', token, body);
    expect(answer).toMatchObject({ status: 400, body: { parameter: 'token', detail } });
  });

  it('is asked for as JSON, by who may read', async () => {
    const body = { token: second.refresh_token };
    expect((await send(server, '/audit/lookup', undefined, body)).status).toBe(401);
    const authorization = `Bearer ${token}`;
    const form = await post(server, '/audit/lookup', body, { authorization });
    expect(form.status).toBe(415);
    const broken = await server.fetch('/audit/lookup', {
      method: 'POST',
      body: '{"token":',
      headers: { authorization, 'content-type': 'application/json' },
    });
    expect(broken.status).toBe(400);
  });

  it('is in no log line and in no file', async () => {
    const known = [first.refresh_token, second.refresh_token, second.access_token];
    const strange = `not-a-token-${newUuid()}`;
    for (const text of known) await lookup({ token: text });
    await send(server, '/audit/lookup', token, { token: strange });
    const kept = `${server.logged.join('\n')}\n${bytesUnder(server.settings.dataDirectory)}`;
    expect(kept).toContain('/audit/lookup');
    for (const text of [...known, strange]) expect(kept.includes(text)).toBe(false);
  });
});

describe('what was valid', () => {
  it('at a moment is told by the events that decided it', async () => {
    const tokens = await beginFamily(server, shop, ana);
    const family = familyOf(tokens);
    const position = await newest();
    const of = `family=${family}&generation=0`;
    expect((await validity(of)).validity.isValid).toBe(true);
    clock.pass(1000);
    await refresh(server, shop, tokens.refresh_token);
    expect(await validity(of)).toMatchObject({ validity: { reason: 'superseded' } });
    const then = await validity(`${of}&at=${position}`);
    expect(then).toMatchObject({ asOf: { position }, validity: { isValid: true } });
    const before = await validity(`${of}&at=0`);
    expect(before.validity).toMatchObject({ reason: 'unknown', decidedBy: [] });
    expect((await validity(`family=${family}&generation=9`)).validity.reason).toBe(
      'not_yet_issued',
    );
  });

  it('is told of now when the time that is asked about is yet to come', async () => {
    const tokens = await beginFamily(server, shop, ana);
    for (const at of ['2999-01-01T00:00:00Z', '9999-12-31T23:59:59-23:59']) {
      const before = Date.now();
      const { asOf, validity: found } = await validity(`jti=${jtiOf(tokens)}&at=${at}`);
      expect(found).toMatchObject({ isValid: true });
      const asked = Date.parse(String(asOf.asked));
      expect(asked).toBeGreaterThanOrEqual(before);
      expect(asked).toBeLessThanOrEqual(Date.now());
    }
  });

  it('has expired by the time that is asked about, and not before', async () => {
    const tokens = await beginFamily(server, shop, ana);
    const { expiresAt } = (await validity(`jti=${jtiOf(tokens)}`)).validity;
    clock.pass(700_000);
    token = await clientToken(server, auditor);
    const end = Date.parse(String(expiresAt));
    const jti = `jti=${jtiOf(tokens)}`;
    const at = (instant: number) => `${jti}&at=${new Date(instant).toISOString()}`;
    expect((await validity(at(end - 1))).validity.isValid).toBe(true);
    expect((await validity(at(end))).validity.reason).toBe('expired');
    expect((await validity(at(end))).asOf.asked).toBe(expiresAt);
  });

  it('ends with its client, which is told for itself too', async () => {
    const doomed = await server.register('native');
    const tokens = await beginFamily(server, doomed, ana);
    const position = await newest();
    await server.execute(new DisableClient(doomed.clientId, ATTRIBUTION));
    for (const what of [`client=${doomed.clientId}`, `jti=${jtiOf(tokens)}`]) {
      const now = await validity(what);
      expect(now.validity).toMatchObject({ isValid: false, reason: 'client_disabled' });
      expect(now.validity.decidedBy.at(-1)).toMatchObject({ type: 'ClientDisabled' });
      expect((await validity(`${what}&at=${position}`)).validity.isValid).toBe(true);
    }
  });

  it('of an account is whether it can do anything', async () => {
    expect(await validity(`subject=${ana.subject}`)).toMatchObject({
      of: { kind: 'subject', subject: ana.subject },
      validity: { isValid: true, scope: null, decidedBy: [{ type: 'AccountCreated' }] },
    });
    expect((await validity('subject=nobody')).validity.reason).toBe('unknown');
  });
});

function bytesUnder(directory: string): string {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, 'latin1'))
    .join('\n');
}
