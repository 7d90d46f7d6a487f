import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { newUuid } from '../../src/config/random-identifiers.js';
import { DisableClient } from '../../src/directory/disable-client.handler.js';
import { basic, post } from '../support/http-flow.js';
import { HttpServer, TestClock } from '../support/http-server.js';
import { clientToken, read, send } from './audit-stage.js';

const ID = '019aa3c2b7f07c51a1b2c3d4e5f60718';
const DOORS = [
  '/audit/events',
  '/audit/families',
  '/audit/families/' + ID,
  '/audit/families/' + ID + '/lineage',
  '/audit/clients',
  '/audit/clients/nobody',
  '/audit/subjects/nobody',
  '/audit/activity',
  '/audit/validity?subject=nobody',
  '/audit/families/' + ID + '/events',
  '/audit/incidents',
  '/audit/incidents/' + ID,
];

const clock = new TestClock();
let server: HttpServer;
let token: string;

beforeAll(async () => {
  server = await HttpServer.start();
  token = await clientToken(server, await server.register('auditor'));
});

afterAll(() => server.close());

describe.each(DOORS)('GET %s', (path) => {
  it('asks for a token, and says for which scope', async () => {
    const { status, headers, body } = await read(server, path, undefined);
    expect(status).toBe(401);
    expect(headers.get('www-authenticate')).toBe('Bearer realm="token-ledger", scope="audit:read"');
    expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(body).toMatchObject({ status: 401, title: 'Unauthorized' });
  });

  it('lets a token with audit:read in', async () => {
    const { status, headers } = await read(server, path, token);
    expect([200, 404]).toContain(status);
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('refuses a token for this server that lacks the scope', async () => {
    const machine = await server.register('machine', { scope: 'reports' });
    const foreign = await clientToken(server, machine, { resource: `${server.issuer}/admin` });
    const { status, headers } = await read(server, path, foreign);
    expect(status).toBe(403);
    expect(headers.get('www-authenticate')).toContain('error="insufficient_scope"');
  });

  it('refuses a token that is meant for somebody else', async () => {
    const machine = await server.register('machine', { scope: 'reports' });
    const foreign = await clientToken(server, machine, { resource: 'https://reports.example' });
    expect((await read(server, path, foreign)).status).toBe(401);
  });

  it('answers a post with a problem', async () => {
    const { status } = await post(server, path, {}, { authorization: `Bearer ${token}` });
    expect(status).toBe(404);
  });
});

describe('a token that was good', () => {
  const path = '/audit/events?limit=1';

  it('is refused once it was revoked', async () => {
    const auditor = await server.register('auditor');
    const revoked = await clientToken(server, auditor);
    expect((await read(server, path, revoked)).status).toBe(200);
    await post(server, '/oauth/revoke', { token: revoked }, basic(auditor));
    const { status, headers } = await read(server, path, revoked);
    expect(status).toBe(401);
    expect(headers.get('www-authenticate')).toContain('error="invalid_token"');
  });

  it('is refused once its client was disabled', async () => {
    const auditor = await server.register('auditor');
    const orphan = await clientToken(server, auditor);
    const attribution = { actor: 'operator', correlationId: newUuid() };
    await server.execute(new DisableClient(auditor.clientId, attribution));
    expect((await read(server, path, orphan)).status).toBe(401);
  });

  it('is refused once it expired', async () => {
    const expired = await clientToken(server, await server.register('auditor'));
    clock.pass(601_000);
    expect((await read(server, path, expired)).status).toBe(401);
    token = await clientToken(server, await server.register('auditor'));
  });

  it('is refused when it is altered, or is something else', async () => {
    const altered = `${token.slice(0, -4)}AAAA`;
    for (const text of [altered, 'garbage', 'tlr_AAAA', `${token}.x`]) {
      expect((await read(server, path, text)).status).toBe(401);
    }
  });

  it('is not taken from the query, and not repeated in the answer', async () => {
    const { status, text } = await read(server, `/audit/events?access_token=${token}`, undefined);
    expect(status).toBe(401);
    expect(text).not.toContain(token);
  });
});

describe('the name of an unknown parameter', () => {
  it.each([
    'tlr_AQEAAACrZGVmYXVsdAAAAAAAAZqjwrfwfFGhssPU5fYHGA',
    'eyJhbGciOiJFUzI1NiJ9',
    'a.b',
    'x'.repeat(33),
    encodeURIComponent('<b>'),
  ])('is not repeated where it may be a secret: %s', async (name) => {
    const { status, body, text } = await read(server, `/audit/events?${name}=1`, token);
    expect(status).toBe(400);
    expect(body).toMatchObject({
      parameter: 'the request',
      detail: 'the request has a parameter that is unknown here',
    });
    expect(text).not.toContain(decodeURIComponent(name));
  });
});

describe('a wrong parameter is named, and its value is not repeated', () => {
  const refusals: readonly (readonly [path: string, parameter: string, detail: RegExp])[] = [
    ['/audit/events?limit=0', 'limit', /from 1 to 1000/],
    ['/audit/events?limit=1001', 'limit', /from 1 to 1000/],
    ['/audit/events?limit=ten', 'limit', /whole number/],
    ['/audit/events?limit=1e2', 'limit', /whole number/],
    ['/audit/events?limit=', 'limit', /whole number/],
    ['/audit/events?limit=1&limit=2', 'limit', /must be given once/],
    ['/audit/events?after=-1', 'after', /whole number/],
    ['/audit/events?after=1.5', 'after', /whole number/],
    ['/audit/events?after=99999999999999999999', 'after', /whole number/],
    ['/audit/events?type=Zebra', 'type', /type of event/],
    ['/audit/events?stream=zebra:1', 'stream', /<kind>:<id>/],
    ['/audit/events?stream=family:%00', 'stream', /<kind>:<id>/],
    ['/audit/events?cursor=zebra', 'cursor', /not a cursor/],
    ['/audit/events?token=zebra', 'token', /not a parameter/],
    ['/audit/incidents?cursor=zebra', 'cursor', /not a cursor/],
    ['/audit/incidents?cursor=YWZ0ZXI6MTIwNA', 'cursor', /not a cursor/],
    ['/audit/incidents?cursor=a&cursor=b', 'cursor', /once/],
    ['/audit/incidents?cursor=', 'cursor', /not a cursor/],
    ['/audit/incidents?limit=-5', 'limit', /whole number/],
    ['/audit/incidents?after=1', 'after', /not a parameter/],
    ['/audit/incidents/zebra', 'id', /hexadecimal/],
    [`/audit/incidents/${ID}?x=1`, 'x', /not a parameter/],
    ['/audit/families/tlr_zebra', 'id', /hexadecimal/],
    [`/audit/families/${ID.toUpperCase()}`, 'id', /hexadecimal/],
    [`/audit/families/${ID}?limit=1`, 'limit', /not a parameter/],
    [`/audit/families/${ID}/events?limit=5000`, 'limit', /from 1 to 1000/],
    [`/audit/families/${ID}/events?cursor=zebra`, 'cursor', /not a cursor/],
    [`/audit/families/${ID}/events?cursor=YWZ0ZXI6MDE`, 'cursor', /not a cursor/],
    [`/audit/families/${ID}/events?cursor=YWZ0ZXI6MTIwNB`, 'cursor', /not a cursor/],
    [`/audit/families/${ID}/events?cursor=YWZ0ZXI6MTIwNA==`, 'cursor', /not a cursor/],
    [`/audit/families/${ID}/events?after=1`, 'after', /not a parameter/],
    [`/audit/families/${ID}/events?type=IncidentOpened`, 'type', /family's own/],
    [`/audit/families/${ID}/events?outcome=directory`, 'outcome', /family's own/],
    ['/audit/events?family=zebra', 'family', /hexadecimal/],
    ['/audit/events?subject=zebra%00', 'subject', /letters, digits/],
    ['/audit/events?client=', 'client', /letters, digits/],
    ['/audit/events?outcome=zebra', 'outcome', /an outcome/],
    ['/audit/events?reason=zebra', 'reason', /a reason/],
    ['/audit/events?from=2026-11-21T03:00:00Z&to=2026-11-21T02:00:00Z', 'from', /later than to/],
    ['/audit/families?from=2026-11-21T03:00:00Z&to=2026-11-21T02:00:00Z', 'from', /later than to/],
    ['/audit/incidents?from=2026-11-21T03:00:00Z&to=2026-11-21T02:00:00Z', 'from', /later than to/],
    ['/audit/events?address=zebra', 'address', /IP address/],
    ['/audit/events?incident=zebra', 'incident', /hexadecimal/],
    ['/audit/events?order=zebra', 'order', /newest or oldest/],
    ['/audit/events?from=zebra', 'from', /RFC 3339/],
    ['/audit/events?from=5', 'from', /RFC 3339/],
    ['/audit/events?to=2026-11-21', 'to', /RFC 3339/],
    ['/audit/events?at=zebra', 'at', /RFC 3339 time or a position/],
    ['/audit/events?at=1&at=2', 'at', /once/],
    ['/audit/events?at=99999999', 'at', /beyond the newest/],
    ['/audit/events?at=1970-01-01T00:00:00Z', 'at', /before the first/],
    ['/audit/events?after=1&order=newest', 'after', /oldest first/],
    ['/audit/families?cursor=zebra', 'cursor', /not a cursor/],
    ['/audit/families?status=zebra', 'status', /a status/],
    ['/audit/families?incident=zebra', 'incident', /true or false/],
    ['/audit/families?reason=zebra', 'reason', /revocation/],
    ['/audit/families?family=zebra', 'family', /hexadecimal/],
    ['/audit/families?type=ClientRegistered', 'type', /event of a family/],
    ['/audit/families?outcome=directory', 'outcome', /outcome of a family/],
    ['/audit/families?address=zebra', 'address', /IP address/],
    ['/audit/families?blocked=zebra', 'blocked', /true or false/],
    ['/audit/families?kind=zebra', 'kind', /not a parameter/],
    ['/audit/incidents?kind=zebra', 'kind', /kind of incident/],
    ['/audit/incidents?type=GrantIssued', 'type', /incident is opened for/],
    ['/audit/incidents?outcome=rotated', 'outcome', /incident is opened for/],
    ['/audit/incidents?reason=signed_out', 'reason', /reason of a refusal/],
    ['/audit/incidents?verdict=zebra', 'verdict', /verdict/],
    [`/audit/families/${ID}?at=zebra`, 'at', /RFC 3339/],
    [`/audit/families/${ID}/lineage?limit=0`, 'limit', /from 1/],
    [`/audit/families/${ID}/lineage?cursor=zebra`, 'cursor', /not a cursor/],
    [`/audit/incidents/${ID}?at=zebra`, 'at', /RFC 3339/],
    ['/audit/clients?cursor=zebra', 'cursor', /not a cursor/],
    ['/audit/clients?from=2026-11-21T03:00:00Z&to=2026-11-21T02:00:00Z', 'from', /before to/],
    ['/audit/clients?from=2001-11-21T03:00:00Z', 'from', /366 days/],
    ['/audit/clients/zebra%20', 'id', /letters, digits/],
    ['/audit/subjects/zebra?x=1', 'x', /not a parameter/],
    ['/audit/activity?client=%00', 'client', /letters, digits/],
    ['/audit/validity', 'jti', /must be given/],
    ['/audit/validity?jti=zebra', 'jti', /jti of an access token/],
    [`/audit/validity?jti=${ID}.1&subject=zebra`, 'jti', /only one/],
    [`/audit/validity?family=${ID}`, 'generation', /with family/],
    ['/audit/validity?subject=zebra&generation=1', 'generation', /goes with family/],
    [`/audit/validity?family=${ID}&generation=-1`, 'generation', /whole number/],
  ];

  it.each(refusals)('%s', async (path, parameter, detail) => {
    const { status, headers, body, text } = await read<{ detail: string }>(server, path, token);
    expect(status).toBe(400);
    expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(body).toMatchObject({
      type: 'about:blank',
      status: 400,
      title: 'Bad Request',
      parameter,
    });
    expect(body.detail).toMatch(detail);
    expect(text).not.toContain('zebra');
  });

  it.each([
    [`/audit/families/${ID}`, 'family'],
    [`/audit/families/${ID}/events`, 'family'],
    [`/audit/incidents/${ID}`, 'incident'],
    [`/audit/families/${ID}/lineage`, 'family'],
    ['/audit/clients/nobody', 'client'],
    ['/audit/subjects/nobody', 'subject'],
  ])('%s: there is none', async (path, what) => {
    const { status, body } = await read(server, path, token);
    expect(status).toBe(404);
    expect(body).toMatchObject({ title: 'Not Found', detail: `The ledger has no such ${what}.` });
    const stream = await read(server, path, token, { accept: 'application/x-ndjson' });
    expect(stream.status).toBe(404);
  });
});

describe('whatever is asked', () => {
  const names = [
    'family',
    'subject',
    'client',
    'stream',
    'type',
    'outcome',
    'reason',
    'address',
    'incident',
    'order',
    'from',
    'to',
    'at',
    'limit',
    'cursor',
    'after',
    'status',
    'session',
    'kind',
    'verdict',
    'jti',
    'generation',
    '__proto__',
    'constructor',
  ];
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom('1', '0', 'newest', '2026-11-21T02:14:07Z', '2026-11-21T02:14:07+99:99', ID),
    fc.nat().map((upTo) => Buffer.from(`pinned:${upTo}:0:0:1:x`).toString('base64url')),
  );
  const question = fc.array(fc.tuple(fc.constantFrom(...names), value), { maxLength: 3 });

  it('is answered or refused, and never fails', async () => {
    const paths = DOORS.map((door) => door.split('?')[0] ?? door);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), question, async (path, asked) => {
        const query = new URLSearchParams(asked).toString();
        const { status } = await read(server, `${path}?${query}`, token);
        expect([200, 400, 404]).toContain(status);
      }),
      { numRuns: 250 },
    );
  }, 60_000);

  it('is answered or refused in a body, and never fails', async () => {
    const body = fc.oneof(fc.jsonValue(), fc.record({ token: fc.string({ unit: 'binary' }) }));
    await fc.assert(
      fc.asyncProperty(body, async (asked) => {
        const { status } = await send(server, '/audit/lookup', token, asked);
        expect([400, 404]).toContain(status);
      }),
      { numRuns: 100 },
    );
  }, 60_000);
});
