import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  basic,
  beginFamily,
  grantCode,
  type GrantedCode,
  newPkce,
  query,
  redemption,
  refresh,
  type Tokens,
  authorizePath,
} from '../support/http-flow.js';
import { type SocketAnswer, overSocket } from '../support/http-socket.js';
import { HttpServer, type TestClient } from '../support/http-server.js';

/** Another one every time; to repeat a run, set FUZZ_SEED to the one in the test's name. */
const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
const RUNS = Number(process.env.FUZZ_RUNS ?? 300);
const TIMEOUT = 120_000;

let server: HttpServer;
let spa: TestClient;
let web: TestClient;
/** Values that mean something to the server, to be found in the wrong places. */
let genuine: string[];
let tokens: Tokens;
let granted: GrantedCode;

beforeAll(async () => {
  server = await HttpServer.start({ TOKEN_LEDGER_REGISTRATION: 'open' });
  const ana = await server.createAccount('ana');
  spa = await server.register('spa');
  web = await server.register('web');
  tokens = await beginFamily(server, spa, ana);
  granted = await grantCode(server, spa, ana);
  const browser = server.browser();
  const page = await browser.open(authorizePath(spa, newPkce()));
  const { csrf = '', interaction = '' } = Object.fromEntries(page.forms[0]?.fields ?? []);
  genuine = [
    spa.clientId,
    web.clientId,
    web.clientSecret ?? '',
    spa.redirectUri,
    tokens.access_token,
    tokens.refresh_token,
    tokens.id_token,
    granted.code,
    granted.pkce.verifier,
    granted.pkce.challenge,
    csrf,
    interaction,
    'ana',
    'authorization_code',
    'refresh_token',
    'client_credentials',
    'code',
    'S256',
    'openid offline_access',
  ];
});

afterAll(() => server.close());

const PATHS = [
  '/oauth/token',
  '/oauth/authorize',
  '/oauth/revoke',
  '/oauth/introspect',
  '/oauth/userinfo',
  '/oauth/register',
  '/oauth/logout',
  '/oauth/jwks',
  '/sign-in',
  '/consent',
  '/.well-known/openid-configuration',
];
const NAMES = [
  'access_token',
  'audience',
  'client_assertion',
  'client_id',
  'client_secret',
  'code',
  'code_challenge',
  'code_challenge_method',
  'code_verifier',
  'csrf',
  'decision',
  'grant_type',
  'id_token_hint',
  'interaction',
  'max_age',
  'nonce',
  'password',
  'post_logout_redirect_uri',
  'prompt',
  'redirect_uri',
  'refresh_token',
  'request',
  'resource',
  'response_type',
  'scope',
  'state',
  'token',
  'username',
  '__proto__',
];

const text = fc.oneof(
  fc.nat(40).map((index) => genuine[index % genuine.length] ?? ''),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 60 }).map((value) => value.toWellFormed()),
  fc.constantFrom('', '\0', '\u2028', '%', '../', 'a'.repeat(9000), '🔑'.repeat(500), '1', '-1'),
  fc.webUrl(),
);
const fields = fc
  .array(fc.tuple(fc.oneof(fc.constantFrom(...NAMES), fc.string({ maxLength: 12 })), text), {
    maxLength: 12,
  })
  .map((pairs) => {
    const form = new URLSearchParams();
    for (const [name, value] of pairs) form.append(name.toWellFormed(), value);
    return form;
  });
const headerText = fc
  .string({ maxLength: 60 })
  .map((value) => value.replaceAll(/[^\x20-\x7e\x80-\xff]/g, '?').trim());

interface HostileRequest {
  readonly method: string;
  readonly path: string;
  readonly search: string;
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array<ArrayBuffer>;
}

const hostileRequest: fc.Arbitrary<HostileRequest> = fc
  .record({
    method: fc.constantFrom('POST', 'POST', 'POST', 'GET', 'GET', 'PUT', 'HEAD', 'OPTIONS'),
    path: fc.constantFrom(...PATHS),
    search: fc.oneof(
      fc.constant(''),
      fields.map(String).map((value) => value.slice(0, 12_000)),
      fc.string({ maxLength: 80 }).map((value) => value.replaceAll(/[^\x21-\x7e]|#/g, '%')),
    ),
    body: fc.oneof(
      fields.map(String),
      fc.uint8Array({ maxLength: 400 }).map((bytes) => new Uint8Array(bytes)),
      fc.json(),
      fc.string({ maxLength: 200 }),
    ),
    type: fc.oneof(
      fc.constantFrom(
        'application/x-www-form-urlencoded',
        'application/x-www-form-urlencoded',
        'application/x-www-form-urlencoded; charset=utf-8',
        'application/json',
        'text/plain',
      ),
      headerText,
    ),
    authorization: fc.oneof(
      fc.constant(undefined),
      fc.nat(40).map((index) => `Bearer ${genuine[index % genuine.length] ?? ''}`),
      fc.tuple(text, text).map(([id, secret]) => `Basic ${encoded(`${id}:${secret}`)}`),
      fc.constant('Basic').map(() => basic(web).authorization),
      headerText,
    ),
    cookie: fc.oneof(
      fc.constant(undefined),
      headerText,
      fc
        .tuple(fc.constantFrom('session', 'browser', 'device'), headerText)
        .map(([name, value]) => `token-ledger-${name}=${value}`),
    ),
    forwarded: fc.oneof(fc.ipV4(), fc.ipV6(), headerText),
    agent: headerText,
  })
  .map(({ method, path, search, body, type, authorization, cookie, forwarded, agent }) => ({
    method,
    path,
    search,
    body,
    headers: {
      'content-type': type,
      'x-forwarded-for': forwarded,
      'user-agent': agent,
      ...(authorization === undefined ? {} : { authorization: authorization.slice(0, 6000) }),
      ...(cookie === undefined ? {} : { cookie }),
    },
  }));

function encoded(value: string): string {
  return Buffer.from(value, 'utf8').toString('base64');
}

/** What no answer may show, whatever was asked. */
function expectHarmless(status: number, body: string): void {
  expect(status).toBeLessThan(500);
  expect(body).not.toMatch(
    /node_modules|\.[jt]s:\d+:\d+|\n\s+at |FST_|SQLITE|TypeError|RangeError/,
  );
}

describe('whatever is sent', () => {
  it(
    `is answered, and never with a failure of ours (seed ${seed})`,
    async () => {
      const statuses = new Map<number, number>();
      await fc.assert(
        fc.asyncProperty(hostileRequest, async ({ method, path, search, headers, body }) => {
          const hasBody = method === 'POST' || method === 'PUT';
          const url = `${path}${search === '' ? '' : `?${search}`}`;
          const init = { method, headers, ...(hasBody ? { body } : {}) };
          const signal = AbortSignal.timeout(5000);
          const response = await server.fetch(url, { ...init, signal });
          expectHarmless(response.status, await response.text());
          statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
        }),
        { seed, numRuns: RUNS },
      );
      expect(statuses.size).toBeGreaterThan(4);
    },
    TIMEOUT,
  );

  it(
    `is answered where the right request was spoilt in one place (seed ${seed})`,
    async () => {
      const right: [path: string, parameters: () => Record<string, string | undefined>][] = [
        ['/oauth/token', () => redemption(spa, { code: 'tlc_x', pkce: granted.pkce })],
        [
          '/oauth/token',
          () => ({
            grant_type: 'refresh_token',
            client_id: spa.clientId,
            refresh_token: 'tlr_x',
            scope: 'openid',
          }),
        ],
        [
          '/oauth/revoke',
          () => ({ client_id: spa.clientId, token: 'tlr_x', token_type_hint: 'x' }),
        ],
        [
          '/oauth/authorize',
          () =>
            Object.fromEntries(
              new URLSearchParams(
                authorizePath(spa, granted.pkce, {
                  state: 's',
                  nonce: 'n',
                  max_age: '1',
                  prompt: 'login',
                }).split('?')[1],
              ),
            ),
        ],
        [
          '/sign-in',
          () => ({ interaction: genuine[11], csrf: genuine[10], username: 'ana', password: 'x' }),
        ],
        ['/consent', () => ({ interaction: genuine[11], csrf: genuine[10], decision: 'allow' })],
      ];
      await fc.assert(
        fc.asyncProperty(
          fc.nat(right.length - 1),
          fc.nat(10),
          text,
          fc.boolean(),
          async (which, place, value, isRepeated) => {
            const [path, parameters] = right[which]!;
            const all = Object.entries(parameters());
            const name = all[place % all.length]?.[0] ?? '';
            const body = new URLSearchParams(query(Object.fromEntries(all)));
            if (isRepeated) body.append(name, value);
            else body.set(name, value);
            const signal = AbortSignal.timeout(5000);
            const posted = await server.fetch(path, { method: 'POST', body, signal });
            expectHarmless(posted.status, await posted.text());
            if (path !== '/oauth/authorize' || String(body).length > 8000) return;
            const asked = await server.fetch(`${path}?${String(body)}`, { signal });
            expectHarmless(asked.status, await asked.text());
          },
        ),
        { seed, numRuns: RUNS },
      );
    },
    TIMEOUT,
  );

  it(
    `is answered where a client registers itself (seed ${seed})`,
    async () => {
      const member = fc.constantFrom(
        'redirect_uris',
        'grant_types',
        'response_types',
        'token_endpoint_auth_method',
        'application_type',
        'scope',
        'client_name',
        'client_uri',
        '__proto__',
        'constructor',
      );
      const value = fc.oneof(
        text,
        fc.array(text, { maxLength: 4 }),
        fc.jsonValue(),
        fc.constantFrom(
          ['https://a.example/cb'],
          ['authorization_code'],
          ['code'],
          'none',
          'native',
        ),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(fc.tuple(member, value), { maxLength: 8 }), async (pairs) => {
          const json = `{${pairs
            .map(([name, one]) => `${JSON.stringify(name)}:${JSON.stringify(one)}`)
            .join(',')}}`;
          const headers = { 'content-type': 'application/json' };
          const response = await server.fetch('/oauth/register', {
            method: 'POST',
            body: json,
            headers,
            signal: AbortSignal.timeout(5000),
          });
          expectHarmless(response.status, await response.text());
          expect([201, 400, 413]).toContain(response.status);
        }),
        { seed, numRuns: RUNS },
      );
    },
    TIMEOUT,
  );
});

describe('what is no HTTP, or lies about itself', () => {
  const HOST = 'Host: localhost\r\n';
  const POST = `POST /oauth/token HTTP/1.1\r\n${HOST}Content-Type: application/x-www-form-urlencoded\r\n`;

  async function expectRefused(answer: SocketAnswer, ...allowed: (number | undefined)[]) {
    expect(allowed).toContain(answer.status);
    expectHarmless(answer.status ?? 400, answer.text);
    const alive = await server.fetch('/oauth/jwks', { signal: AbortSignal.timeout(2000) });
    expect(alive.status).toBe(200);
  }

  it.each<[name: string, pieces: readonly (string | Buffer)[], ...allowed: (number | undefined)[]]>(
    [
      ['bytes', [Buffer.from([0, 1, 2, 255, 254, 13, 10, 13, 10])], 400],
      ['TLS', [Buffer.from('1603010200010001fc0303', 'hex')], 400, undefined],
      ['another protocol', ['SSH-2.0-OpenSSH_9.2\r\n'], 400],
      ['no version', ['GET /oauth/jwks\r\n\r\n'], 200, 400],
      ['another version', [`GET /oauth/jwks HTTP/9.9\r\n${HOST}\r\n`], 400],
      ['no host', ['GET /oauth/jwks HTTP/1.1\r\n\r\n'], 400],
      ['a header without a colon', [`GET /oauth/jwks HTTP/1.1\r\n${HOST}Nonsense\r\n\r\n`], 400],
      ['a NUL byte in a header', [`GET /oauth/jwks HTTP/1.1\r\n${HOST}A: \0\r\n\r\n`], 400],
      ['a header name with spaces', [`GET /oauth/jwks HTTP/1.1\r\n${HOST}A B: c\r\n\r\n`], 400],
      [
        'a header of 20 kB',
        [`GET /oauth/jwks HTTP/1.1\r\n${HOST}A: ${'a'.repeat(20_000)}\r\n\r\n`],
        431,
      ],
      ['a URL of 20 kB', [`GET /${'a'.repeat(20_000)} HTTP/1.1\r\n${HOST}\r\n`], 431],
      [
        'two thousand headers',
        [`GET /oauth/jwks HTTP/1.1\r\n${HOST}${'A: b\r\n'.repeat(2000)}\r\n`],
        200,
        431,
      ],
      ['a length that is no number', [`${POST}Content-Length: abc\r\n\r\na=b`], 400],
      ['a negative length', [`${POST}Content-Length: -1\r\n\r\na=b`], 400],
      ['two lengths', [`${POST}Content-Length: 3\r\nContent-Length: 4\r\n\r\na=b`], 400],
      ['an endless length', [`${POST}Content-Length: 99999999999999999999\r\n\r\na=b`], 400, 413],
      [
        'a length and chunks',
        [`${POST}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
        400,
      ],
      [
        'chunks of no size',
        [`${POST}Transfer-Encoding: chunked\r\n\r\nzz\r\na=b\r\n0\r\n\r\n`],
        400,
      ],
      [
        'a chunk that is longer than it says',
        [`${POST}Transfer-Encoding: chunked\r\n\r\n1\r\nabcdef\r\n0\r\n\r\n`],
        400,
      ],
      ['another transfer encoding', [`${POST}Transfer-Encoding: gzip\r\n\r\nabc`], 400],
      ['an expectation', [`${POST}Expect: miracles\r\nContent-Length: 3\r\n\r\na=b`], 417, 400],
      [
        'an upgrade',
        [`GET /oauth/jwks HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`],
        200,
        400,
        404,
      ],
      ['a tunnel', [`CONNECT localhost:22 HTTP/1.1\r\n${HOST}\r\n`], 400, 404, 405, undefined],
      ['TRACE', [`TRACE /oauth/token HTTP/1.1\r\n${HOST}Cookie: secret\r\n\r\n`], 400, 405],
      ['an asterisk', [`OPTIONS * HTTP/1.1\r\n${HOST}\r\n`], 400, 404],
      [
        'an absolute URL',
        [`GET http://evil.example/oauth/jwks HTTP/1.1\r\n${HOST}\r\n`],
        200,
        400,
        404,
      ],
      ['a broken URL', [`GET /oauth/%zz?a=%zz HTTP/1.1\r\n${HOST}\r\n`], 400],
      ['a URL with a NUL byte', [`GET /oauth/jwks%00 HTTP/1.1\r\n${HOST}\r\n`], 400, 404],
      ['a URL that climbs', [`GET /oauth/../../../etc/passwd HTTP/1.1\r\n${HOST}\r\n`], 404],
      ['a URL of slashes', [`GET //////// HTTP/1.1\r\n${HOST}\r\n`], 404],
      [
        'letters that are no ASCII in a URL',
        [`GET /oauth/jwks?\xff\xfe HTTP/1.1\r\n${HOST}\r\n`],
        200,
        400,
      ],
    ],
  )('is refused: %s', async (_name, pieces, ...allowed) => {
    await expectRefused(await overSocket(server.base, pieces), ...allowed);
  });

  it('is refused when its chunks come to more than 64 KiB', async () => {
    const chunk = `4000\r\n${'a'.repeat(0x4000)}\r\n`;
    const pieces = [`${POST}Transfer-Encoding: chunked\r\n\r\n`, chunk, chunk, chunk, chunk, chunk];
    const answer = await overSocket(server.base, pieces);
    await expectRefused(answer, 413);
    expect(answer.text).toContain('"error":"invalid_request"');
  });

  it('holds up nobody else when its body never comes', async () => {
    const promises = Array.from({ length: 50 }, () =>
      overSocket(server.base, [`${POST}Content-Length: 1000\r\n\r\ngrant_type=`], {
        patience: 1000,
      }),
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    const begun = performance.now();
    expect((await server.fetch('/oauth/jwks')).status).toBe(200);
    expect(performance.now() - begun).toBeLessThan(2000);
    for (const answer of await Promise.all(promises)) expect(answer.text).toBe('');
  });

  it.each(['end', 'reset'] as const)(
    'leaves no trace when the caller hangs up in the middle (%s)',
    async (hangUp) => {
      const { events } = await server.recorded(async () => {
        const bodies = ['', 'grant_type=', `grant_type=refresh_token&client_id=${spa.clientId}`];
        for (const path of ['/oauth/token', '/oauth/register', '/sign-in', '/audit/events']) {
          for (const body of bodies) {
            const head = POST.replace('/oauth/token', path);
            const pieces = [`${head}Content-Length: 5000\r\n\r\n${body}`];
            const answer = await overSocket(server.base, pieces, { hangUp, patience: 100 });
            await expectRefused(answer, undefined, 400, 404);
          }
        }
      });
      expect(events).toEqual([]);
    },
  );

  it('is decided as usual when the caller does not wait for the answer', async () => {
    const family = await beginFamily(server, spa, await server.createAccount());
    const fields = { grant_type: 'refresh_token', client_id: spa.clientId };
    const body = query({ ...fields, refresh_token: family.refresh_token });
    const { events } = await server.recorded(async () => {
      for (let attempt = 0; attempt < 20; attempt += 1) {
        const pieces = [`${POST}Content-Length: ${body.length}\r\n\r\n${body}`];
        await overSocket(server.base, pieces, { hangUp: 'reset', patience: 50 });
      }
    });
    const rotations = events.filter(({ type }) => type === 'RefreshTokenRotated');
    expect(rotations.length).toBeLessThanOrEqual(1);
    const answer = await refresh(server, spa, family.refresh_token);
    expect(answer.status).toBe(200);
  });

  it('is answered one by one when it comes all at once', async () => {
    const body = query({
      grant_type: 'refresh_token',
      client_id: spa.clientId,
      refresh_token: 'x',
    });
    const one = `${POST}Content-Length: ${body.length}\r\n\r\n${body}`;
    const { text: answers } = await overSocket(server.base, [one.repeat(5)]);
    expect(answers.match(/HTTP\/1\.1 400 Bad Request/g)).toHaveLength(5);
    expect(answers.match(/"error":"invalid_grant"/g)).toHaveLength(5);
  });

  it('cannot hold a connection for ever', () => {
    const { requestTimeout, headersTimeout } = server.httpServer;
    expect(requestTimeout).toBeGreaterThan(0);
    expect(requestTimeout).toBeLessThanOrEqual(60_000);
    expect(headersTimeout).toBeGreaterThan(0);
    expect(headersTimeout).toBeLessThanOrEqual(60_000);
  });
});
