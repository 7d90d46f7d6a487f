import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  type JSONWebKeySet,
  jwtVerify,
} from 'jose';
import { type RevocationAnswer, revocationAnswer } from '../../src/admin/revocation.answer.js';
import {
  type RevocationPreviewAnswer,
  revocationPreview,
} from '../../src/admin/revocation-preview.answer.js';
import { StartRevocation } from '../../src/admin/start-revocation.command.js';
import { newUuid } from '../../src/config/random-identifiers.js';
import { AddressRanges } from '../../src/directory/address-ranges.service.js';
import { CreateSigningKey } from '../../src/directory/create-signing-key.handler.js';
import { RevokeFamily } from '../../src/grants/revoke-family.command.js';
import { presetRegistration } from '../../src/directory/client-registration.js';
import { Ledger } from '../../src/ledger/ledger.port.js';
import {
  adminToken,
  clientToken,
  familyOf,
  read,
  send,
  wholeLedger,
} from '../audit/audit-stage.js';
import {
  basic,
  beginFamily,
  grantCode,
  post,
  redemption,
  refresh,
  type Tokens,
  traceOf,
} from '../support/http-flow.js';
import {
  HttpServer,
  type TestAccount,
  TestClock,
  type TestClient,
} from '../support/http-server.js';
import { revocationCompleted } from './revocation-stage.js';

const clock = new TestClock();

let server: HttpServer;
let token: string;
let shop: TestClient;
let library: TestClient;
let ana: TestAccount;
let ben: TestAccount;
let api: TestClient;

beforeAll(async () => {
  server = await HttpServer.start();
  ana = await server.createAccount();
  ben = await server.createAccount();
  const machine = presetRegistration('machine', { scope: 'reports' });
  api = await server.registerWith({ ...machine, mayIntrospect: true });
});

beforeEach(async () => {
  token = await adminToken(server);
  shop = await server.register('native', { name: 'Shop' });
  library = await server.register('native', { name: 'Library' });
});

afterAll(() => server.close());

const newest = async () => (await server.get(Ledger).size()) - 1;

async function start(body: object): Promise<RevocationAnswer> {
  const answer = await send(server, '/admin/revocations', token, body);
  if (answer.status !== 202) throw new Error(answer.text);
  return revocationAnswer.strict().parse(answer.body);
}

async function revoke(body: object): Promise<RevocationAnswer> {
  const { id } = await start({ position: await newest(), ...body });
  return revocationCompleted(server, id, token);
}

async function isActive(accessToken: string): Promise<boolean> {
  const answer = await post(server, '/oauth/introspect', { token: accessToken }, basic(api));
  return answer.body['active'] === true;
}

const userinfo = (accessToken: string) => read(server, '/oauth/userinfo', accessToken);

async function auditorToken(): Promise<string> {
  return clientToken(server, await server.register('auditor'));
}

async function previewed(parameters: string): Promise<RevocationPreviewAnswer> {
  const path = `/admin/revocations/preview?${parameters}`;
  const answer = await read(server, path, await auditorToken());
  if (answer.status !== 200) throw new Error(answer.text);
  return revocationPreview.strict().parse(answer.body);
}

function keyIdOf(jwt: string): string {
  return decodeProtectedHeader(jwt).kid ?? '';
}

async function revokedBy(id: string): Promise<string[]> {
  const events = await wholeLedger(server);
  return events
    .filter(({ type, data }) => type === 'FamilyRevoked' && data['revocationId'] === id)
    .map(({ streamId }) => streamId.slice('family:'.length))
    .toSorted();
}

describe('revoking all of a client', () => {
  it('ends every family that it had, and nothing else', async () => {
    const its = [await beginFamily(server, shop, ana), await beginFamily(server, shop, ben)];
    const others = await beginFamily(server, library, ana);
    const code = await grantCode(server, shop, ana);
    const done = await revoke({ client: shop.clientId });
    expect(done).toMatchObject({
      status: 'completed',
      selector: { kind: 'client', id: shop.clientId, from: null, to: null },
      families: 3,
      tokensNotBefore: expect.any(String),
      progress: null,
      result: { families: 3, familiesRevoked: 3, familiesEnded: 0, setDigest: done.setDigest },
    });
    expect(await revokedBy(done.id)).toHaveLength(3);
    expect(await revokedBy(done.id)).toEqual(expect.arrayContaining(its.map(familyOf)));
    for (const tokens of its) {
      expect((await refresh(server, shop, tokens.refresh_token)).status).toBe(400);
    }
    expect((await post(server, '/oauth/token', redemption(shop, code))).status).toBe(400);
    expect((await refresh(server, library, others.refresh_token)).status).toBe(200);
    const later = await beginFamily(server, shop, ana);
    expect((await refresh(server, shop, later.refresh_token)).status).toBe(200);
  });

  it('voids what it had at once, and what it got for itself', async () => {
    const machine = await server.register('machine', { scope: 'reports' });
    const own = await clientToken(server, machine);
    const elsewhere = await clientToken(server, await server.register('auditor'));
    expect(await isActive(own)).toBe(true);
    const { id, tokensNotBefore } = await start({
      client: machine.clientId,
      position: await newest(),
    });
    expect(tokensNotBefore).not.toBeNull();
    expect(await isActive(own)).toBe(false);
    expect(await isActive(elsewhere)).toBe(true);
    expect(await revocationCompleted(server, id, token)).toMatchObject({ clientTokens: 1 });
    expect(await isActive(await clientToken(server, machine))).toBe(true);
  });

  it('is the same revocation when it is asked for again at the same position', async () => {
    await beginFamily(server, shop, ana);
    const body = { client: shop.clientId, position: await newest() };
    const [first, second] = await Promise.all([start(body), start(body)]);
    expect(second.id).toBe(first.id);
    await revocationCompleted(server, first.id, token);
    expect(await start(body)).toMatchObject({ id: first.id, status: 'completed' });
    expect(await revokedBy(first.id)).toHaveLength(1);
  });

  it('leaves what was granted after the position', async () => {
    const before = await beginFamily(server, shop, ana);
    const position = await newest();
    clock.pass(2);
    const after = await beginFamily(server, shop, ben);
    const { id } = await start({ client: shop.clientId, position });
    await revocationCompleted(server, id, token);
    expect(await revokedBy(id)).toEqual([familyOf(before)]);
    expect((await refresh(server, shop, after.refresh_token)).status).toBe(200);
  });
});

describe('revoking all of a subject', () => {
  it('ends the families that a person granted, whichever client has them', async () => {
    const person = await server.createAccount();
    const its = [
      await beginFamily(server, shop, person),
      await beginFamily(server, library, person),
    ];
    const others = await beginFamily(server, shop, ben);
    const done = await revoke({ subject: person.subject });
    expect(await revokedBy(done.id)).toEqual(its.map(familyOf).toSorted());
    expect((await refresh(server, shop, others.refresh_token)).status).toBe(200);
  });
});

describe('revoking what a signing key signed', () => {
  it('ends the families that it signed access tokens for, and no other', async () => {
    const signed = await beginFamily(server, shop, ana);
    const keyId = keyIdOf(signed.access_token);
    const operator = { actor: 'operator', correlationId: newUuid() };
    await server.execute(new CreateSigningKey(true, operator));
    const others = await beginFamily(server, shop, ana);
    expect(keyIdOf(others.access_token)).not.toBe(keyId);
    const preview = await previewed(`signingKey=${keyId}`);
    const second = new Date(Math.floor(Date.parse(preview.at) / 1000) * 1000).toISOString();
    const marked = { tokensNotBefore: second, mark: 'signing_key', noMarkBecause: null };
    expect(preview).toMatchObject(marked);
    token = await adminToken(server);
    const { position } = preview;
    const { id } = await start({ signingKey: keyId, position });
    const done = await revocationCompleted(server, id, token);
    expect(done).toMatchObject({ ...marked, setDigest: preview.setDigest });
    expect((await refresh(server, shop, signed.refresh_token)).status).toBe(400);
    expect((await refresh(server, shop, others.refresh_token)).status).toBe(200);
    expect(await revokedBy(id)).toContain(familyOf(signed));
  });
});

describe('a revocation of a signing key that was cut short', () => {
  it('has voided what the key signed before the second it was found in, and nothing else', async () => {
    const signed = await beginFamily(server, shop, ana);
    const own = await clientToken(server, await server.register('auditor'));
    const keyId = keyIdOf(signed.access_token);
    clock.pass(3000);
    await server.createAccount();
    const position = await newest();
    clock.pass(3000);
    const later = await beginFamily(server, shop, ana);
    expect(keyIdOf(later.access_token)).toBe(keyId);
    const operator = { actor: 'operator', correlationId: newUuid() };
    expect(await isActive(signed.access_token)).toBe(true);
    const selector = { kind: 'signing_key', id: keyId } as const;
    const started = await server.execute(new StartRevocation(selector, position, operator));
    if (started.kind === 'refused') throw new Error(started.reason);
    expect(await revokedBy(started.id)).toEqual([]);
    expect(await isActive(signed.access_token)).toBe(false);
    expect((await userinfo(signed.access_token)).status).toBe(401);
    expect((await read(server, '/audit/events?limit=1', own)).status).toBe(401);
    expect(await isActive(later.access_token)).toBe(true);
    expect((await userinfo(later.access_token)).status).toBe(200);
    const renewed = await refresh(server, shop, signed.refresh_token);
    expect(await isActive(renewed.body.access_token)).toBe(true);
    token = await adminToken(server);
    await server.restart();
    token = await adminToken(server);
    await revocationCompleted(server, started.id, token);
    expect(await revokedBy(started.id)).toContain(familyOf(signed));
    expect(await isActive(renewed.body.access_token)).toBe(false);
    expect(await isActive(later.access_token)).toBe(true);
  });
});

describe('revoking what came from a range of addresses', () => {
  const present = (refreshToken: string, address: string) =>
    post<Tokens>(
      server,
      '/oauth/token',
      { grant_type: 'refresh_token', client_id: shop.clientId, refresh_token: refreshToken },
      { 'x-forwarded-for': address },
    );

  it('ends the families that something was presented of from there', async () => {
    const [first, second, third] = [
      await beginFamily(server, shop, ana),
      await beginFamily(server, library, ben),
      await beginFamily(server, shop, ben),
    ];
    await present(first.refresh_token, '198.51.100.7');
    await present(second.refresh_token, '198.51.100.200');
    const { body } = await present(third.refresh_token, '198.51.101.7');
    const preview = await previewed('address=198.51.100.0/24');
    expect(preview.addressRange).toBe('198.51.100.0/24');
    expect(preview.families.map(({ id }) => id)).toEqual([first, second].map(familyOf).toSorted());
    const started = await start({ address: '198.51.100.0/24', position: preview.position });
    const { id, selector } = started;
    expect(started).toMatchObject({ mark: 'none', noMarkBecause: 'addresses' });
    const done = await revocationCompleted(server, id, token);
    expect([started.addressRange, done.addressRange]).toEqual(['198.51.100.0/24', null]);
    expect(decodeJwt(done.record ?? '')['revocation']).not.toHaveProperty('addressRange');
    expect(await revokedBy(id)).toEqual([first, second].map(familyOf).toSorted());
    expect((await refresh(server, shop, body.refresh_token)).status).toBe(200);
    expect(selector).toMatchObject({ kind: 'address', id: preview.selector.id });
    expect(await server.get(AddressRanges).rangeOf(id)).toBeUndefined();
    expect(JSON.stringify(await wholeLedger(server))).not.toContain('198.51.100');
  });

  it('goes on after a restart, with a range that only the vault knows', async () => {
    const family = await beginFamily(server, shop, ana);
    await present(family.refresh_token, '2001:db8::7');
    const selector = { kind: 'address', id: '2001:db8::/32' } as const;
    const operator = { actor: 'operator', correlationId: newUuid() };
    const started = await server.execute(new StartRevocation(selector, await newest(), operator));
    if (started.kind === 'refused') throw new Error(started.reason);
    expect(await server.get(AddressRanges).rangeOf(started.id)).toBe('2001:db8::/32');
    await server.restart();
    token = await adminToken(server);
    const done = await revocationCompleted(server, started.id, token);
    expect(done.result).toMatchObject({ familiesRevoked: 1, setDigest: done.setDigest });
    expect(await revokedBy(started.id)).toEqual([familyOf(family)]);
  });
});

describe('revoking what happened in a span of time', () => {
  it('ends what something happened to then, and sets no mark', async () => {
    const [early, used, late] = [
      await beginFamily(server, shop, ana),
      await beginFamily(server, shop, ana),
      await beginFamily(server, shop, ana),
    ];
    clock.pass(5000);
    const from = new Date(Date.now()).toISOString();
    const { body } = await refresh(server, shop, used.refresh_token);
    clock.pass(5000);
    const to = new Date(Date.now()).toISOString();
    const refreshed = await refresh(server, shop, late.refresh_token);
    const done = await revoke({ client: shop.clientId, from, to });
    const unmarked = { tokensNotBefore: null, mark: 'none', noMarkBecause: 'span_of_time' };
    expect(done).toMatchObject({ selector: { from, to }, families: 1, ...unmarked });
    expect(await revokedBy(done.id)).toEqual([familyOf(used)]);
    expect((await refresh(server, shop, body.refresh_token)).status).toBe(400);
    expect((await refresh(server, shop, early.refresh_token)).status).toBe(200);
    expect((await refresh(server, shop, refreshed.body.refresh_token)).status).toBe(200);
  });
});

describe('a preview of a revocation', () => {
  it('tells what would end, a page of families at a time, and ends nothing', async () => {
    const resource = 'https://api.example/photos';
    const its = [
      await beginFamily(server, shop, ana, { resources: [resource] }),
      await beginFamily(server, shop, ben),
      await beginFamily(server, shop, ana),
    ];
    await server.execute(
      new RevokeFamily(
        familyOf(its[2]!),
        { reason: 'operator_request', actor: 'operator' },
        { receivedAt: Date.now(), correlationId: newUuid(), origin: undefined },
      ),
    );
    await refresh(server, shop, its[1]!.refresh_token);
    const first = await previewed(`client=${shop.clientId}&limit=1`);
    expect(first).toMatchObject({
      selector: { kind: 'client', id: shop.clientId, from: null, to: null },
      counts: { families: 2, familiesEnded: 1, clientTokens: 0 },
      tokensNotBefore: new Date(Date.parse(first.at) + 1).toISOString(),
      reach: {
        accessTokens: 3,
        scopes: [
          { scope: 'offline_access', accessTokens: 3 },
          { scope: 'openid', accessTokens: 3 },
        ],
        audiences: [server.issuer, resource].toSorted(),
        lastExpiresAt: expect.any(String),
      },
    });
    await beginFamily(server, shop, ben);
    const { position, next } = first;
    const second = await previewed(`client=${shop.clientId}&cursor=${next}`);
    expect(second).toMatchObject({ position, counts: first.counts, reach: null, next: null });
    const told = [...first.families, ...second.families];
    expect(told.map(({ id }) => id)).toEqual(its.slice(0, 2).map(familyOf).toSorted());
    expect(told).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ subject: ana.subject, clientId: shop.clientId }),
        expect.objectContaining({ subject: ben.subject, clientId: shop.clientId }),
      ]),
    );
    expect((await refresh(server, shop, its[0]!.refresh_token)).status).toBe(200);
  });

  it('is of the set that is revoked at its position', async () => {
    await beginFamily(server, shop, ana);
    const { position, setDigest } = await previewed(`client=${shop.clientId}`);
    await beginFamily(server, shop, ana);
    const { id } = await start({ client: shop.clientId, position });
    const { result } = await revocationCompleted(server, id, token);
    const [only] = await revokedBy(id);
    const digest = createHash('sha256').update(`family:${only}\n`).digest('base64url');
    expect([setDigest, result?.setDigest]).toEqual([digest, digest]);
  });

  it('is for auditors, who can start nothing', async () => {
    const path = `/admin/revocations/preview?client=${shop.clientId}`;
    expect((await read(server, path, token)).status).toBe(403);
    const answer = await read(server, `${path}&subject=${ana.subject}`, await auditorToken());
    expect(answer).toMatchObject({ status: 400, body: { parameter: 'client' } });
  });
});

describe('the record of a revocation', () => {
  it('can be checked with the public keys of the issuer, and is no token', async () => {
    await beginFamily(server, shop, ana);
    const done = await revoke({ client: shop.clientId });
    const jwks = await read<JSONWebKeySet>(server, '/oauth/jwks', undefined);
    const { payload, protectedHeader } = await jwtVerify(
      done.record ?? '',
      createLocalJWKSet(jwks.body),
      { issuer: server.issuer, typ: 'revocation-record+jwt' },
    );
    const { record: _, progress: __, addressRange: ___, ...revocation } = done;
    expect(payload).toEqual({
      iss: server.issuer,
      jti: done.id,
      iat: Math.floor(Date.parse(done.result?.completedAt ?? '') / 1000),
      revocation,
    });
    expect(protectedHeader.alg).toBe('ES256');
    expect((await read(server, '/audit/families', done.record ?? '')).status).toBe(401);
  });
});

describe('a revocation of a span', () => {
  it('may be since ever and for ever, and ends what its preview told', async () => {
    const tokens = await beginFamily(server, shop, ana);
    const span = { from: '0000-01-01T00:00:00+14:00', to: '9999-12-31T23:59:59-12:00' };
    const asked = { client: shop.clientId, position: await newest(), ...span };
    const { counts } = await previewed(
      Object.entries(asked)
        .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
        .join('&'),
    );
    expect(counts).toMatchObject({ families: 1 });
    const done = await revoke(asked);
    expect(done).toMatchObject({ mark: 'none', result: { familiesRevoked: 1 } });
    expect((await refresh(server, shop, tokens.refresh_token)).status).toBe(400);
  });
});

describe('families that are refreshed while they are revoked', () => {
  it('are all dead when it is completed', async () => {
    const its = await Promise.all(Array.from({ length: 40 }, () => beginFamily(server, shop, ana)));
    const position = await newest();
    const client = shop;
    const racing = its.map(async ({ refresh_token }) => {
      let [status, presented] = [200, refresh_token];
      while (status === 200) {
        const answer = await refresh(server, client, presented);
        status = answer.status;
        presented = answer.body.refresh_token;
      }
    });
    // Without a mark: each family is told alone that it has ended.
    const { id } = await start({ client: shop.clientId, position, from: '2020-01-01T00:00:00Z' });
    const done = await revocationCompleted(server, id, token);
    await Promise.all(racing);
    expect(done.result).toMatchObject({ familiesRevoked: 40, familiesEnded: 0 });
    const states = await Promise.all(
      its.map((tokens) => server.get(Ledger).load('family', familyOf(tokens))),
    );
    expect(states.map((state) => state?.revoked?.revocationId)).toEqual(its.map(() => id));
  });
});

describe('a revocation that was cut short', () => {
  it.each(['client', 'subject'] as const)(
    'has voided all of a %s before any family ended',
    async (kind) => {
      const person = await server.createAccount();
      const { access_token, refresh_token } = await beginFamily(server, shop, person);
      const selector = { kind, id: kind === 'client' ? shop.clientId : person.subject };
      const operator = { actor: 'operator', correlationId: newUuid() };
      expect(await isActive(access_token)).toBe(true);
      const started = await server.execute(new StartRevocation(selector, await newest(), operator));
      if (started.kind === 'refused') throw new Error(started.reason);
      expect(await isActive(access_token)).toBe(false);
      const { events } = await server.recorded(() => refresh(server, shop, refresh_token));
      expect(traceOf(events)).toEqual(['RefreshRejected not_before']);
      expect(await revokedBy(started.id)).toEqual([]);
    },
  );

  it('goes on after a restart, and counts what had ended before as its own', async () => {
    const its = await Promise.all(Array.from({ length: 5 }, () => beginFamily(server, shop, ana)));
    const position = await newest();
    const selector = { kind: 'client', id: shop.clientId, from: 0 } as const;
    const operator = { actor: 'operator', correlationId: newUuid() };
    const started = await server.execute(new StartRevocation(selector, position, operator));
    if (started.kind === 'refused') throw new Error(started.reason);
    const terms = { actor: 'operator', revocationId: started.id } as const;
    const request = { receivedAt: Date.now(), correlationId: newUuid(), origin: undefined };
    const end = (tokens: Tokens, more: object) =>
      server.execute(
        new RevokeFamily(
          familyOf(tokens),
          { reason: 'operator_request', ...terms, ...more },
          request,
        ),
      );
    await end(its[0]!, {});
    await end(its[1]!, { revocationId: undefined });
    await server.restart();
    token = await adminToken(server);
    expect(await revocationCompleted(server, started.id, token)).toMatchObject({
      families: 5,
      result: { families: 5, familiesRevoked: 4, familiesEnded: 1 },
    });
    expect(await revokedBy(started.id)).toHaveLength(4);
  });
});

describe('what cannot be revoked', () => {
  it.each([
    [{ position: 0 }, 'client', /one of them alone/],
    [{ client: 'a', subject: 'b', position: 0 }, 'client', /one of them alone/],
    [{ client: 'nobody', position: 0 }, 'client', /is none of this ledger/],
    [{ subject: 'nobody', position: 0 }, 'subject', /is none of this ledger/],
    [{ client: 'nobody' }, 'position', /must be a position/],
    [{ address: '192.0.2.0/33', position: 0 }, 'address', /IP address or a range/],
    [{ client: 'nobody', position: 0, from: 'yesterday' }, 'from', /RFC 3339/],
    [
      { client: 'a', position: 0, from: '2026-11-21T00:00:00Z', to: '2026-11-20T00:00:00Z' },
      'from',
      /must not be later than to/,
    ],
    [{ client: 'nobody', position: 0, family: 'x' }, 'family', /is not a parameter here/],
  ])('is refused by its name: %j', async (body, parameter, detail) => {
    const answer = await send(server, '/admin/revocations', token, body);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ parameter, detail: expect.stringMatching(detail) });
  });

  it('is what lies beyond the ledger', async () => {
    const body = { client: shop.clientId, position: (await newest()) + 1000 };
    const answer = await send(server, '/admin/revocations', token, body);
    expect(answer).toMatchObject({ status: 400, body: { parameter: 'position' } });
  });

  it('is not there', async () => {
    const path = `/admin/revocations/${'0'.repeat(32)}`;
    expect((await read(server, path, token)).status).toBe(404);
  });

  it('needs the scope of administrators', async () => {
    const auditor = await clientToken(server, await server.register('auditor'));
    const body = { client: shop.clientId, position: await newest() };
    expect((await send(server, '/admin/revocations', auditor, body)).status).toBe(403);
    expect((await send(server, '/admin/revocations', undefined, body)).status).toBe(401);
  });
});

describe('a revocation that cannot go on', () => {
  it('holds up no other', async () => {
    const operator = { actor: 'operator', correlationId: newUuid() };
    const selector = { kind: 'address', id: '203.0.113.0/24' } as const;
    const lost = await server.execute(new StartRevocation(selector, await newest(), operator));
    if (lost.kind === 'refused') throw new Error(lost.reason);
    await server.get(AddressRanges).forget(lost.id);
    await server.restart();
    token = await adminToken(server);
    await beginFamily(server, shop, ana);
    expect(await revoke({ client: shop.clientId })).toMatchObject({ families: 1 });
    const { body } = await read(server, `/admin/revocations/${lost.id}`, token);
    const unknown = { result: null, record: null, addressRange: null };
    expect(body).toMatchObject({ status: 'running', ...unknown });
  });
});
