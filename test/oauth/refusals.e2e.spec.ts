import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newUuid } from '../../src/config/random-identifiers.js';
import { DisableAccount } from '../../src/directory/disable-account.handler.js';
import { DisableClient } from '../../src/directory/disable-client.handler.js';
import {
  type Answer,
  answerOf,
  basic,
  beginFamily,
  type Fields,
  grantCode,
  type GrantedCode,
  post,
  query,
  redemption,
  refresh,
  type Tokens,
  traceOf,
} from '../support/http-flow.js';
import {
  HttpServer,
  type TestAccount,
  type TestClient,
  TestClock,
} from '../support/http-server.js';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const operator = { actor: 'operator', correlationId: newUuid() };
const clock = new TestClock();
let server: HttpServer;
let ana: TestAccount;
let spa: TestClient;
let web: TestClient;
let posting: TestClient;
let machine: TestClient;

beforeAll(async () => {
  server = await HttpServer.start();
  ana = await server.createAccount('ana');
  spa = await server.register('spa');
  web = await server.register('web');
  posting = await server.registerWith({
    metadata: {
      redirect_uris: [spa.redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'client_secret_post',
    },
  });
  machine = await server.register('machine', { scope: 'photos:read' });
});

afterAll(() => server.close());

/** What a refused request must look like, whatever was wrong with it. */
function expectRefusal(answer: Answer, status: number, error: string, sent: string): void {
  expect([answer.status, answer.body?.error]).toEqual([status, error]);
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  expect(Object.keys(answer.body).sort()).toEqual(['error', 'error_description']);
  expect(answer.body.error_description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
  expect(answer.text).not.toMatch(/node_modules|\.[jt]s:\d|Error:|FST_|SQLITE/);
  for (const [, value] of new URLSearchParams(sent)) {
    const isSecret = value.length > 20;
    if (isSecret) expect(answer.text).not.toContain(value.slice(0, 20));
  }
}

/** The types and reasons of what was appended. */
type Trace = readonly string[];

async function traced(doing: () => Promise<Answer>): Promise<{ answer: Answer; trace: Trace }> {
  const { result, events } = await server.recorded(doing);
  return { answer: result, trace: traceOf(events) };
}

const send = async (
  fields: Fields | string,
  headers: Record<string, string> = {},
): Promise<{ answer: Answer; trace: Trace; sent: string }> => {
  const sent = typeof fields === 'string' ? fields : query(fields);
  return { ...(await traced(() => post(server, '/oauth/token', sent, headers))), sent };
};

const refreshFields = (client: TestClient, refreshToken: string, more: Fields = {}): Fields => ({
  grant_type: 'refresh_token',
  client_id: client.clientId,
  refresh_token: refreshToken,
  ...more,
});

/** A family of a client with a secret. */
async function confidentialFamily(client: TestClient): Promise<Tokens> {
  const granted = await grantCode(server, client, ana);
  const isPosting = client === posting;
  const { status, text, body } = await post<Tokens>(
    server,
    '/oauth/token',
    {
      ...redemption(client, granted),
      ...(isPosting ? { client_secret: client.clientSecret } : { client_id: undefined }),
    },
    isPosting ? {} : basic(client),
  );
  if (status !== 200) throw new Error(`${status} ${text}`);
  return body;
}

describe('a request that is no form', () => {
  it.each<
    [name: string, body: string | Buffer<ArrayBuffer> | undefined, headers: Record<string, string>]
  >([
    ['JSON', '{"grant_type":"refresh_token"}', { 'content-type': 'application/json' }],
    ['broken JSON', '{', { 'content-type': 'application/json' }],
    ['text', 'grant_type=refresh_token', { 'content-type': 'text/plain' }],
    ['multipart', '--x\r\n', { 'content-type': 'multipart/form-data; boundary=x' }],
    ['no type', Buffer.from('grant_type=refresh_token'), {}],
    ['a type that only begins well', 'a=b', { 'content-type': `${FORM['content-type']}x` }],
    ['no type and no body', undefined, {}],
    ['an impossible type', 'a=b', { 'content-type': ';;;' }],
    ['a NUL byte', 'grant_type=\0', FORM],
    ['an encoded NUL byte', 'grant_type=refresh_token%00', FORM],
    ['a control character', 'grant_type=refresh%01token', FORM],
    ['a control character in a name', 'grant%1ftype=refresh_token', FORM],
    ['DEL', 'grant_type=%7f', FORM],
    ['bytes that are no UTF-8', Buffer.from('grant_type=\xff\xfe', 'latin1'), FORM],
    ['encoded bytes that are no UTF-8', 'grant_type=%c3%28', FORM],
    ['an encoded surrogate', 'grant_type=%ed%a0%80', FORM],
    ['broken percent-encoding', 'grant_type=%zz', FORM],
    ['unfinished percent-encoding', 'grant_type=%2', FORM],
    ['an endless name', `${'n'.repeat(500)}=1`, FORM],
    ['an endless value', `grant_type=${'v'.repeat(9000)}`, FORM],
    ['a repeated grant_type', 'grant_type=refresh_token&grant_type=refresh_token', FORM],
    ['a repeated client_id', 'grant_type=refresh_token&client_id=a&client_id=a', FORM],
    ['an empty repetition', 'grant_type=refresh_token&scope=&scope=', FORM],
    ['a repeated unknown parameter', 'grant_type=refresh_token&x=1&x=2', FORM],
    ['nothing', '', FORM],
    ['no grant_type', 'client_id=x&refresh_token=y', FORM],
    ['an empty grant_type', 'grant_type=&client_id=x', FORM],
    ['names that objects have', '__proto__=1&constructor=2&toString=3', FORM],
  ])('is refused: %s', async (_name, body, headers) => {
    for (const path of ['token', 'revoke', 'introspect']) {
      const { answer, trace } = await traced(async () => {
        const init = { method: 'POST', headers, ...(body === undefined ? {} : { body }) };
        return answerOf(await server.fetch(`/oauth/${path}`, init));
      });
      const isReadable =
        headers === FORM && !/repe|byte|control|DEL|percent|endless|surrogate/.test(_name);
      const isClientAsked = isReadable && path !== 'token';
      const [status, error] = isClientAsked ? [401, 'invalid_client'] : [400, 'invalid_request'];
      expectRefusal(answer, status, error, '');
      expect(trace).toEqual([]);
    }
  });

  it.each(['token', 'revoke', 'introspect', 'register', 'userinfo'])(
    'is refused by %s: more than 64 KiB',
    async (path) => {
      const { answer, trace } = await traced(() =>
        post(server, `/oauth/${path}`, `grant_type=${'x'.repeat(65_536)}`),
      );
      expectRefusal(answer, 413, 'invalid_request', '');
      expect(trace).toEqual([]);
    },
  );

  it('may have as much as 64 KiB', async () => {
    const filler = Array.from({ length: 8 }, (_, index) => `f${index}=${'x'.repeat(8100)}`);
    const { answer } = await send(`grant_type=refresh_token&client_id=x&${filler.join('&')}`);
    expect(answer.status).toBe(400);
  });
});

describe('a client', () => {
  let genuine: Tokens;
  let genuineOfWeb: Tokens;
  let genuineOfPosting: Tokens;
  beforeAll(async () => {
    genuine = await beginFamily(server, spa, ana);
    genuineOfWeb = await confidentialFamily(web);
    genuineOfPosting = await confidentialFamily(posting);
  });

  const CHALLENGE = 'Basic realm="token-ledger"';
  const badBasic = (text: string): Record<string, string> => ({
    authorization: `Basic ${Buffer.from(text, 'latin1').toString('base64')}`,
  });
  const withoutId = { client_id: undefined };

  it.each<
    [
      name: string,
      request: () => [fields: Fields, headers?: Record<string, string>],
      challenge: string | null,
    ]
  >([
    ['unknown', () => [refreshFields({ ...spa, clientId: 'x' as never }, 'tlr_x')], null],
    [
      'absurd',
      () => [refreshFields({ ...spa, clientId: 'ü/../\n'.repeat(99) as never }, 'x')],
      null,
    ],
    ['not named', () => [refreshFields(spa, 'tlr_x', withoutId)], null],
    [
      'with a wrong secret',
      () => [refreshFields(web, 'x', withoutId), basic({ ...web, clientSecret: 'wrong' })],
      CHALLENGE,
    ],
    [
      'with an empty secret',
      () => [refreshFields(web, 'x', withoutId), basic({ ...web, clientSecret: '' })],
      CHALLENGE,
    ],
    [
      'with an endless secret',
      () => [refreshFields(web, 'x', withoutId), basic({ ...web, clientSecret: 's'.repeat(4000) })],
      CHALLENGE,
    ],
    [
      'with a wrong posted secret',
      () => [refreshFields(posting, 'x', { client_secret: 'wrong' })],
      null,
    ],
    [
      "with another client's secret",
      () => [
        refreshFields(web, 'x', withoutId),
        basic({ ...web, clientSecret: posting.clientSecret }),
      ],
      CHALLENGE,
    ],
    [
      'that posts what belongs into the header',
      () => [refreshFields(web, 'x', { client_secret: web.clientSecret })],
      null,
    ],
    [
      'that has in the header what it should post',
      () => [refreshFields(posting, 'x', withoutId), basic(posting)],
      CHALLENGE,
    ],
    ['that leaves its secret out', () => [refreshFields(web, 'x')], null],
    [
      'that has no secret but sends one',
      () => [refreshFields(spa, 'x', { client_secret: 'made up' })],
      null,
    ],
    [
      'that has no secret but sends one in the header',
      () => [refreshFields(spa, 'x', withoutId), basic({ ...spa, clientSecret: 'made up' })],
      CHALLENGE,
    ],
    [
      'whose header is no base64',
      () => [refreshFields(web, 'x', withoutId), { authorization: 'Basic !!!' }],
      CHALLENGE,
    ],
    [
      'whose header is empty',
      () => [refreshFields(web, 'x', withoutId), { authorization: 'Basic' }],
      CHALLENGE,
    ],
    [
      'whose header has no colon',
      () => [refreshFields(web, 'x', withoutId), badBasic('abc')],
      CHALLENGE,
    ],
    [
      'whose header has no client',
      () => [refreshFields(web, 'x', withoutId), badBasic(':secret')],
      CHALLENGE,
    ],
    [
      'whose header is broken percent-encoding',
      () => [refreshFields(web, 'x', withoutId), badBasic('%zz:%zz')],
      CHALLENGE,
    ],
    [
      'whose header is no UTF-8',
      () => [refreshFields(web, 'x', withoutId), badBasic('\xff\xfe:\xff')],
      CHALLENGE,
    ],
    ['with an assertion', () => [refreshFields(web, 'x', { client_assertion: 'e30.e30.x' })], null],
  ])('is refused: %s', async (_name, request, challenge) => {
    const [fields, headers] = request();
    const grants: Fields[] = [
      fields,
      { ...fields, grant_type: 'authorization_code', code: 'x', refresh_token: undefined },
      { ...fields, grant_type: 'client_credentials', refresh_token: undefined },
    ];
    for (const grant of grants) {
      const { answer, trace, sent } = await send(grant, headers);
      const isPublicAsking = fields.client_id === spa.clientId && grant.client_secret === undefined;
      expect(isPublicAsking).toBe(false);
      expectRefusal(answer, 401, 'invalid_client', sent);
      expect(answer.headers.get('www-authenticate')).toBe(challenge);
      expect(trace).toEqual([]);
    }
    for (const path of ['revoke', 'introspect']) {
      const { answer } = await traced(() =>
        post(server, `/oauth/${path}`, { ...fields, token: 'x' }, headers),
      );
      expectRefusal(answer, 401, 'invalid_client', '');
      expect(answer.headers.get('www-authenticate')).toBe(challenge);
    }
  });

  it.each<[name: string, fields: () => Fields, headers: () => Record<string, string>]>([
    [
      'in two ways',
      () => refreshFields(web, 'x', { client_secret: web.clientSecret }),
      () => basic(web),
    ],
    [
      'in two ways, one an assertion',
      () => refreshFields(web, 'x', { client_assertion: 'x' }),
      () => basic(web),
    ],
    ['as two clients', () => refreshFields(spa, 'x'), () => basic(web)],
  ])('is refused that proves itself %s', async (_name, fields, headers) => {
    const { answer, trace, sent } = await send(fields(), headers());
    expectRefusal(answer, 400, 'invalid_request', sent);
    expect(trace).toEqual([]);
  });

  it('that fails with a genuine token leaves evidence, and the token works on', async () => {
    const wrong = basic({ ...web, clientSecret: 'wrong' });
    const withoutClient = { client_id: undefined };
    const fields = refreshFields(web, genuineOfWeb.refresh_token, withoutClient);
    const first = await send(fields, wrong);
    expectRefusal(first.answer, 401, 'invalid_client', first.sent);
    expect(first.trace).toEqual([
      'RefreshRejected client_authentication_failed',
      'IncidentOpened client_authentication_failed',
    ]);
    const second = await send(fields, wrong);
    expectRefusal(second.answer, 401, 'invalid_client', second.sent);
    expect(second.trace).toEqual([]);
    const right = await send(fields, basic(web));
    expect(right.answer.status).toBe(200);

    const posted = refreshFields(posting, genuineOfPosting.refresh_token);
    const refused = await send({ ...posted, client_secret: 'wrong' });
    expectRefusal(refused.answer, 401, 'invalid_client', refused.sent);
    expect(refused.answer.headers.has('www-authenticate')).toBe(false);
    const taken = await send({ ...posted, client_secret: posting.clientSecret });
    expect(taken.answer.status).toBe(200);
  });

  it('cannot use the token of another', async () => {
    const stranger = await server.register('spa');
    const { answer, trace, sent } = await send(refreshFields(stranger, genuine.refresh_token));
    expectRefusal(answer, 400, 'invalid_grant', sent);
    expect(trace).toEqual(['RefreshRejected foreign_client', 'IncidentOpened foreign_client']);
    expect((await refresh(server, spa, genuine.refresh_token)).status).toBe(200);
  });

  it('cannot use a grant that it did not register', async () => {
    const { answer, trace, sent } = await send({
      grant_type: 'client_credentials',
      client_id: spa.clientId,
    });
    expectRefusal(answer, 400, 'unauthorized_client', sent);
    expect(trace).toEqual([]);
    const noRefresh = await server.registerWith({
      metadata: {
        redirect_uris: [spa.redirectUri],
        grant_types: ['authorization_code'],
        token_endpoint_auth_method: 'none',
      },
    });
    const other = await beginFamily(server, spa, ana);
    const refused = await send(refreshFields(noRefresh, other.refresh_token));
    expectRefusal(refused.answer, 400, 'unauthorized_client', refused.sent);
    expect(refused.trace).toEqual([
      'RefreshRejected foreign_client',
      'IncidentOpened foreign_client',
    ]);
    expect((await refresh(server, spa, other.refresh_token)).status).toBe(200);
    const itself = await send({ grant_type: 'client_credentials' }, basic(web));
    expectRefusal(itself.answer, 400, 'unauthorized_client', itself.sent);
  });

  it.each([
    'password',
    'implicit',
    'urn:ietf:params:oauth:grant-type:token-exchange',
    'urn:ietf:params:oauth:grant-type:device_code',
    'refresh_token ',
    'REFRESH_TOKEN',
    '__proto__',
  ])('cannot use the grant type %s', async (grant_type) => {
    const fields = { grant_type, client_id: spa.clientId, username: 'ana', password: 'x' };
    const { answer, trace, sent } = await send(fields);
    expectRefusal(answer, 400, 'unsupported_grant_type', sent);
    expect(trace).toEqual([]);
  });

  it('that is disabled gets nothing, and its families end', async () => {
    const client = await server.register('spa');
    const robot = await server.register('machine');
    const tokens = await beginFamily(server, client, ana);
    const granted = await grantCode(server, client, ana);
    await server.execute(new DisableClient(client.clientId, operator));
    await server.execute(new DisableClient(robot.clientId, operator));
    const refused = await send(refreshFields(client, tokens.refresh_token));
    expectRefusal(refused.answer, 400, 'invalid_grant', refused.sent);
    expect(refused.trace).toEqual(['RefreshRejected client_disabled']);
    const code = await send(redemption(client, granted));
    expectRefusal(code.answer, 400, 'invalid_grant', code.sent);
    const itself = await send({ grant_type: 'client_credentials' }, basic(robot));
    expectRefusal(itself.answer, 401, 'invalid_client', itself.sent);
  });

  it.each<[name: string, fields: Fields, error: string]>([
    ['scope that it did not register', { scope: 'photos:write' }, 'invalid_scope'],
    ['operator scope', { scope: 'audit:read' }, 'invalid_scope'],
    ['a person', { scope: 'openid' }, 'invalid_scope'],
    ['offline access', { scope: 'offline_access' }, 'invalid_scope'],
    ['scope that is none', { scope: 'a"b' }, 'invalid_scope'],
    ['a relative resource', { resource: 'photos' }, 'invalid_target'],
    ['a resource with a fragment', { resource: 'https://p.example#x' }, 'invalid_target'],
  ])('for itself cannot have %s', async (_name, fields, error) => {
    const { answer, trace, sent } = await send(
      { grant_type: 'client_credentials', ...fields },
      basic(machine),
    );
    expectRefusal(answer, 400, error, sent);
    expect(trace).toEqual([]);
  });
});

describe('an authorization code', () => {
  let granted: GrantedCode;
  beforeAll(async () => {
    granted = await grantCode(server, spa, ana);
  });

  it.each<[name: string, more: () => Fields | Promise<Fields>, reason: string]>([
    [
      'of another client',
      async () => ({ client_id: (await server.register('spa')).clientId }),
      'foreign_client',
    ],
    [
      'with another redirect URI',
      () => ({ redirect_uri: `${spa.redirectUri}/` }),
      'redirect_mismatch',
    ],
    ['with a wrong verifier', () => ({ code_verifier: 'x'.repeat(43) }), 'pkce_mismatch'],
  ])('is refused %s, and still works for its own', async (_name, more, reason) => {
    const { answer, trace, sent } = await send({ ...redemption(spa, granted), ...(await more()) });
    expectRefusal(answer, 400, 'invalid_grant', sent);
    const opensIncident = reason === 'foreign_client';
    expect(trace).toEqual([
      `RefreshRejected ${reason}`,
      ...(opensIncident ? [`IncidentOpened ${reason}`] : []),
    ]);
  });

  it.each<[name: string, more: () => Fields]>([
    ['without a verifier', () => ({ code_verifier: undefined })],
    ['with a short verifier', () => ({ code_verifier: 'x' })],
    ['with the challenge as verifier', () => ({ code_verifier: granted.pkce.challenge })],
    ['with an endless verifier', () => ({ code_verifier: 'x'.repeat(5000) })],
    ['without a redirect URI', () => ({ redirect_uri: undefined })],
  ])('is refused %s, counted, and still works for its own', async (_name, more) => {
    const { answer, sent } = await send({ ...redemption(spa, granted), ...more() });
    expectRefusal(answer, 400, 'invalid_grant', sent);
  });

  it('works after all these, once; a second time its family dies', async () => {
    const first = await send(redemption(spa, granted));
    expect(first.answer.status).toBe(200);
    expect(Object.fromEntries(first.answer.headers)).toMatchObject({
      'cache-control': 'no-store',
      'content-type': 'application/json; charset=utf-8',
      'x-content-type-options': 'nosniff',
    });
    const tokens = first.answer.body as unknown as Tokens;
    const renewed = await refresh(server, spa, tokens.refresh_token);
    const wrong = await send({ ...redemption(spa, granted), code_verifier: 'y'.repeat(50) });
    expectRefusal(wrong.answer, 400, 'invalid_grant', wrong.sent);
    const alive = await refresh(server, spa, renewed.body.refresh_token);
    expect(alive.status).toBe(200);
    const second = await send(redemption(spa, granted));
    expectRefusal(second.answer, 400, 'invalid_grant', second.sent);
    expect(second.trace).toEqual([
      'RefreshTokenReuseDetected code_redeemed_twice',
      'FamilyRevoked code_reuse',
      'IncidentOpened code_reuse',
    ]);
    const dead = await refresh(server, spa, alive.body.refresh_token);
    expect(dead).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect((await userinfo(`Bearer ${alive.body.access_token}`)).status).toBe(401);
  });

  it('is redeemed by one of twenty that come at once, and then none has anything', async () => {
    const another = await grantCode(server, spa, ana);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        post<Tokens>(server, '/oauth/token', redemption(spa, another)),
      ),
    );
    const taken = answers.filter(({ status }) => status === 200);
    expect(taken).toHaveLength(1);
    const dead = await refresh(server, spa, taken[0]!.body.refresh_token);
    expect(dead).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  it('is worth nothing after a minute', async () => {
    const late = await grantCode(server, spa, ana);
    const soon = await grantCode(server, spa, ana);
    clock.pass(58_000);
    expect((await send(redemption(spa, soon))).answer.status).toBe(200);
    clock.pass(3000);
    const { answer, trace, sent } = await send(redemption(spa, late));
    expectRefusal(answer, 400, 'invalid_grant', sent);
    expect(trace).toEqual(['RefreshRejected code_expired']);
  });

  it('is worth nothing once its person is disabled', async () => {
    const bo = await server.createAccount();
    const code = await grantCode(server, spa, bo);
    const tokens = await beginFamily(server, spa, bo);
    await server.execute(new DisableAccount(bo.subject, operator));
    for (const fields of [redemption(spa, code), refreshFields(spa, tokens.refresh_token)]) {
      const { answer, trace, sent } = await send(fields);
      expectRefusal(answer, 400, 'invalid_grant', sent);
      expect(trace).toEqual(['RefreshRejected account_disabled']);
    }
    expect((await userinfo(`Bearer ${tokens.access_token}`)).status).toBe(401);
  });

  it('must be there', async () => {
    const { answer, sent } = await send({ ...redemption(spa, granted), code: undefined });
    expectRefusal(answer, 400, 'invalid_request', sent);
    const without = await send(refreshFields(spa, ''));
    expectRefusal(without.answer, 400, 'invalid_request', without.sent);
  });
});

/** Texts that look like this token and are none. */
function forgeries(token: string): string[] {
  const flips = Array.from({ length: token.length - 4 }, (_, index) => index + 4).map((at) => {
    const other = token[at] === 'A' ? 'B' : 'A';
    return `${token.slice(0, at)}${other}${token.slice(at + 1)}`;
  });
  return [
    ...flips,
    token.slice(0, -1),
    token.slice(0, 40),
    `${token}A`,
    `${token}=`,
    ` ${token}`,
    token.toLowerCase(),
    token.slice(4),
    'tlr_',
    'x',
    '\u{1f511}'.repeat(200),
  ];
}

describe('a token that is none', () => {
  it('is refused without a trace, however little it differs', async () => {
    const granted = await grantCode(server, spa, ana);
    const tokens = await beginFamily(server, spa, ana);
    const { result, events } = await server.recorded(async () => {
      const codes = forgeries(granted.code).map((code) => redemption(spa, { ...granted, code }));
      const refreshes = forgeries(tokens.refresh_token).map((text) => refreshFields(spa, text));
      return Promise.all(
        [...codes, ...refreshes].map(async (fields) => ({
          answer: await post(server, '/oauth/token', fields),
          sent: query(fields),
        })),
      );
    });
    for (const { answer, sent } of result) expectRefusal(answer, 400, 'invalid_grant', sent);
    expect(events).toEqual([]);
    expect((await send(redemption(spa, granted))).answer.status).toBe(200);
    expect((await refresh(server, spa, tokens.refresh_token)).status).toBe(200);
  });

  it('is refused where another kind belongs', async () => {
    const granted = await grantCode(server, spa, ana);
    const tokens = await beginFamily(server, spa, ana);
    const swapped = granted.code.replace('tlc_', 'tlr_');
    const { result, events } = await server.recorded(() =>
      Promise.all([
        send(redemption(spa, { ...granted, code: tokens.refresh_token })),
        send(redemption(spa, { ...granted, code: tokens.access_token })),
        send(refreshFields(spa, granted.code)),
        send(refreshFields(spa, tokens.access_token)),
        send(refreshFields(spa, tokens.id_token)),
        send(refreshFields(spa, swapped)),
      ]),
    );
    for (const { answer, sent } of result) expectRefusal(answer, 400, 'invalid_grant', sent);
    expect(events).toEqual([]);
  });
});

describe('a refresh token', () => {
  it.each<[name: string, more: Fields, error: string, trace: Trace]>([
    [
      'more scope',
      { scope: 'openid photos:write' },
      'invalid_scope',
      ['RefreshRejected scope_exceeded'],
    ],
    ['scope that is none', { scope: '"' }, 'invalid_scope', ['RefreshRejected scope_exceeded']],
    [
      'another resource',
      { resource: 'https://other.example' },
      'invalid_target',
      ['RefreshRejected target_exceeded'],
    ],
    [
      'the issuer as resource',
      { audience: 'http://localhost:1' },
      'invalid_target',
      ['RefreshRejected target_exceeded'],
    ],
    [
      'a relative resource',
      { resource: 'photos' },
      'invalid_target',
      ['RefreshRejected target_exceeded'],
    ],
  ])('is not spent by a request for %s', async (_name, more, error, expected) => {
    const tokens = await beginFamily(server, spa, ana, { resources: ['https://photos.example'] });
    const { answer, trace, sent } = await send(refreshFields(spa, tokens.refresh_token, more));
    expectRefusal(answer, 400, error, sent);
    expect(trace).toEqual(expected);
    const renewed = await send(refreshFields(spa, tokens.refresh_token));
    expect(renewed.answer.status).toBe(200);
    expect(renewed.trace).toHaveLength(1);
  });

  it('expires when it is not used', async () => {
    const short = await server.registerWith({
      metadata: {
        redirect_uris: [spa.redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'none',
      },
      policy: { idle: 100_000, absolute: 250_000 },
    });
    const tokens = await beginFamily(server, short, ana);
    expect(tokens.refresh_token_expires_in).toBe(100);
    clock.pass(90_000);
    const renewed = await refresh(server, short, tokens.refresh_token);
    clock.pass(90_000);
    const last = await refresh(server, short, renewed.body.refresh_token);
    expect(last.body.refresh_token_expires_in).toBeLessThanOrEqual(70);
    clock.pass(71_000);
    const ended = await send(refreshFields(short, last.body.refresh_token));
    expectRefusal(ended.answer, 400, 'invalid_grant', ended.sent);
    expect(ended.trace).toEqual(['RefreshRejected expired_absolute']);
    const idle = await beginFamily(server, short, ana);
    clock.pass(101_000);
    const unused = await send(refreshFields(short, idle.refresh_token));
    expectRefusal(unused.answer, 400, 'invalid_grant', unused.sent);
    expect(unused.trace).toEqual(['RefreshRejected expired_idle']);
  });
});

async function userinfo(authorization?: string, form?: Fields): Promise<Answer> {
  const headers = authorization === undefined ? {} : { authorization };
  if (form !== undefined) return post(server, '/oauth/userinfo', form, headers);
  return answerOf(await server.fetch('/oauth/userinfo', { headers }));
}

describe('userinfo', () => {
  const realm = 'Bearer realm="token-ledger"';

  it('takes the token in the header or in the form, by GET and POST', async () => {
    const { access_token: token } = await beginFamily(server, spa, ana);
    const posted = await server.fetch('/oauth/userinfo', {
      method: 'POST',
      headers: { authorization: `bearer ${token}` },
    });
    for (const answer of [
      await userinfo(`Bearer ${token}`),
      await userinfo(undefined, { access_token: token }),
      await answerOf(posted),
    ]) {
      expect([answer.status, answer.body]).toEqual([200, { sub: ana.subject }]);
      expect(answer.headers.get('cache-control')).toBe('no-store');
    }
    const inUrl = await server.fetch(`/oauth/userinfo?access_token=${token}`);
    expect(inUrl.status).toBe(401);
  });

  it.each<
    [name: string, request: () => Promise<Answer>, status: number, error: string, challenge: string]
  >([
    ['nothing', () => userinfo(), 401, 'invalid_token', realm],
    [
      'an empty bearer',
      () => userinfo('Bearer '),
      400,
      'invalid_request',
      `${realm}, error="invalid_request"`,
    ],
    ['another scheme', () => userinfo('Basic abc'), 401, 'invalid_token', realm],
    [
      'characters that no token has',
      () => userinfo('Bearer a"b'),
      400,
      'invalid_request',
      `${realm}, error="invalid_request"`,
    ],
    [
      'garbage',
      () => userinfo('Bearer garbage'),
      401,
      'invalid_token',
      `${realm}, error="invalid_token"`,
    ],
    [
      'an endless token',
      () => userinfo(`Bearer ${'a'.repeat(8000)}`),
      401,
      'invalid_token',
      `${realm}, error="invalid_token"`,
    ],
    [
      'an empty JWT',
      () => userinfo('Bearer e30.e30.'),
      401,
      'invalid_token',
      `${realm}, error="invalid_token"`,
    ],
    [
      'an unsigned JWT',
      async () => userinfo(`Bearer ${await resigned({ alg: 'none' })}`),
      401,
      'invalid_token',
      `${realm}, error="invalid_token"`,
    ],
    [
      'a JWT signed with the public key',
      async () => userinfo(`Bearer ${await resigned({ alg: 'HS256' })}`),
      401,
      'invalid_token',
      `${realm}, error="invalid_token"`,
    ],
    [
      'a JWT of an unknown key',
      async () => userinfo(`Bearer ${await resigned({ alg: 'ES256', kid: 'x' })}`),
      401,
      'invalid_token',
      `${realm}, error="invalid_token"`,
    ],
    [
      'an ID token',
      async () => userinfo(`Bearer ${(await beginFamily(server, spa, ana)).id_token}`),
      401,
      'invalid_token',
      `${realm}, error="invalid_token"`,
    ],
    [
      'a refresh token',
      async () => userinfo(`Bearer ${(await beginFamily(server, spa, ana)).refresh_token}`),
      401,
      'invalid_token',
      `${realm}, error="invalid_token"`,
    ],
    [
      'a token without openid',
      async () =>
        userinfo(
          `Bearer ${(await beginFamily(server, spa, ana, { scope: ['photos:read'] })).access_token}`,
        ),
      403,
      'insufficient_scope',
      `${realm}, error="insufficient_scope"`,
    ],
    [
      'a token of a client for itself',
      async () => userinfo(`Bearer ${await ownToken()}`),
      403,
      'insufficient_scope',
      `${realm}, error="insufficient_scope"`,
    ],
    [
      'a token in two places',
      () => userinfo('Bearer x', { access_token: 'x' }),
      400,
      'invalid_request',
      `${realm}, error="invalid_request"`,
    ],
  ])('refuses %s', async (_name, request, status, error, challenge) => {
    const answer = await request();
    expectRefusal(answer, status, error, '');
    expect(answer.headers.get('www-authenticate')).toBe(challenge);
  });

  async function ownToken(): Promise<string> {
    const { answer } = await send({ grant_type: 'client_credentials' }, basic(machine));
    return String(answer.body.access_token);
  }

  /** A token of ours under another header, signed with what everybody has. */
  async function resigned(header: { alg: string; kid?: string }): Promise<string> {
    const { access_token: token } = await beginFamily(server, spa, ana);
    const [own = '', payload = ''] = token.split('.');
    const before = JSON.parse(Buffer.from(own, 'base64url').toString()) as object;
    const after = Buffer.from(JSON.stringify({ ...before, ...header })).toString('base64url');
    const jwks = await (await server.fetch('/oauth/jwks')).text();
    const mac = createHmac('sha256', jwks).update(`${after}.${payload}`).digest('base64url');
    return `${after}.${payload}.${header.alg === 'none' ? '' : mac}`;
  }

  it('refuses a token that has expired or was revoked', async () => {
    const revoked = await beginFamily(server, spa, ana);
    const { result, events } = await server.recorded(() =>
      post(server, '/oauth/revoke', { client_id: spa.clientId, token: revoked.access_token }),
    );
    expect([result.status, result.text]).toEqual([200, '']);
    expect(events.map(({ type }) => type)).toEqual(['AccessTokenRevoked']);
    expect((await userinfo(`Bearer ${revoked.access_token}`)).status).toBe(401);
    expect((await refresh(server, spa, revoked.refresh_token)).status).toBe(200);
    const old = await beginFamily(server, spa, ana);
    clock.pass(602_000);
    expect((await userinfo(`Bearer ${old.access_token}`)).status).toBe(401);
  });
});

describe('revocation and introspection', () => {
  it('leave the tokens of others alone', async () => {
    const tokens = await beginFamily(server, spa, ana);
    const stranger = await server.register('spa');
    for (const [token, evidence] of [
      [tokens.refresh_token, ['RefreshRejected foreign_client', 'IncidentOpened foreign_client']],
      [tokens.access_token, []],
    ] as const) {
      const { answer, trace } = await traced(() =>
        post(server, '/oauth/revoke', { client_id: stranger.clientId, token }),
      );
      expectRefusal(answer, 400, 'invalid_grant', '');
      expect(trace).toEqual(evidence);
      const asked = await post(server, '/oauth/introspect', { token }, basic(web));
      expect([asked.status, asked.body]).toEqual([200, { active: false }]);
    }
    expect((await refresh(server, spa, tokens.refresh_token)).status).toBe(200);
  });

  it('say of what is no token what they say of a dead one', async () => {
    const tokens = await beginFamily(server, spa, ana);
    const granted = await grantCode(server, spa, ana);
    for (const token of [
      ...forgeries(tokens.refresh_token).slice(-10),
      granted.code,
      'e30.e30.x',
    ]) {
      const { answer, trace } = await traced(() =>
        post(server, '/oauth/revoke', { client_id: spa.clientId, token }),
      );
      expect([answer.status, answer.text]).toEqual([200, '']);
      expect(trace).toEqual([]);
      const asked = await post(server, '/oauth/introspect', { token }, basic(web));
      expect([asked.status, asked.body]).toEqual([200, { active: false }]);
      expect(asked.headers.get('cache-control')).toBe('no-store');
    }
  });

  it('of a refresh token ends its family whatever its generation', async () => {
    const tokens = await beginFamily(server, spa, ana);
    const renewed = await refresh(server, spa, tokens.refresh_token);
    const revoke = () =>
      traced(() =>
        post(server, '/oauth/revoke', {
          client_id: spa.clientId,
          token: tokens.refresh_token,
          token_type_hint: 'access_token',
        }),
      );
    expect((await revoke()).trace).toEqual(['FamilyRevoked client_request']);
    expect(await revoke()).toMatchObject({ answer: { status: 200 }, trace: [] });
    const dead = await refresh(server, spa, renewed.body.refresh_token);
    expect(dead).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  it('need a token, and introspection a client with a secret', async () => {
    const missing = await post(server, '/oauth/revoke', { client_id: spa.clientId });
    expectRefusal(missing, 400, 'invalid_request', '');
    expectRefusal(
      await post(server, '/oauth/introspect', {}, basic(web)),
      400,
      'invalid_request',
      '',
    );
    const asPublic = { client_id: spa.clientId, token: 'x' };
    expectRefusal(await post(server, '/oauth/introspect', asPublic), 401, 'invalid_client', '');
  });
});

describe('failing calls', () => {
  it('are limited for an address that does nothing else; good ones never are', async () => {
    const address = { 'x-forwarded-for': server.newAddress() };
    const tokens = await beginFamily(server, spa, ana);
    const fail = () => post(server, '/oauth/token', refreshFields(spa, 'tlr_x'), address);
    const answers = await Promise.all(Array.from({ length: 310 }, fail));
    // They arrive in any order, and the first three hundred are told what is wrong.
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(300);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(10);
    const limited = await fail();
    expectRefusal(limited, 429, 'temporarily_unavailable', '');
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
    const fields = refreshFields(spa, tokens.refresh_token);
    expect((await post(server, '/oauth/token', fields, address)).status).toBe(200);
    clock.pass(61_000);
    expect((await fail()).status).toBe(400);
  });
});
