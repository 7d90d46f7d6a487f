import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newFamilyId } from '../../src/config/random-identifiers.js';
import { Ledger } from '../../src/ledger/ledger.port.js';
import { type DecodedToken, TokenCodec } from '../../src/tokens/token-codec.js';
import {
  type Answer,
  basic,
  beginFamily,
  claimsOf,
  type Fields,
  grantCode,
  post,
  redemption,
  refresh,
  traceOf,
} from '../support/http-flow.js';
import {
  HttpServer,
  type TestAccount,
  type TestClient,
  TestClock,
} from '../support/http-server.js';
import { append } from '../support/ledger-executions.js';

const WINDOW = 30_000;
const clock = new TestClock();
let server: HttpServer;
let ana: TestAccount;
let spa: TestClient;
let web: TestClient;
/** May redeem codes, and has refresh tokens that it may not use. */
let codesOnly: TestClient;

beforeAll(async () => {
  server = await HttpServer.start();
  ana = await server.createAccount('ana');
  spa = await server.register('spa');
  web = await server.register('web');
  codesOnly = await server.registerWith({
    metadata: {
      redirect_uris: [spa.redirectUri],
      grant_types: ['authorization_code'],
      token_endpoint_auth_method: 'none',
    },
  });
});

afterAll(() => server.close());

interface Asked {
  readonly status: number;
  readonly error: unknown;
  readonly trace: readonly string[];
}

async function ask(fields: Fields, headers: Record<string, string> = {}): Promise<Asked> {
  const { result, events } = await server.recorded<Answer>(() =>
    post(server, '/oauth/token', fields, headers),
  );
  return { status: result.status, error: result.body.error, trace: traceOf(events) };
}

const refreshing = (client: TestClient, refreshToken: string, more: Fields = {}): Fields => ({
  grant_type: 'refresh_token',
  client_id: client.clientId,
  refresh_token: refreshToken,
  ...more,
});

/** A genuine token that says something else than this one. */
function reminted(token: string, change: Partial<DecodedToken>): string {
  const codec = server.get(TokenCodec);
  const decoded = codec.decode('refresh', token);
  if (decoded === undefined) throw new Error('not a refresh token');
  return codec.encode({ ...decoded, ...change });
}

const foreign = ['RefreshRejected foreign_client', 'IncidentOpened foreign_client'];
const lost = ['IncidentOpened ledger_rollback', 'LedgerRollbackSuspected refresh'];
const rolledBack = [
  'LedgerRollbackSuspected refresh',
  'FamilyRevoked ledger_rollback',
  'IncidentOpened ledger_rollback',
];

describe('a client that may not refresh', () => {
  const unauthorized = { status: 400, error: 'unauthorized_client' };

  it('gets nothing for its own token, which is not spent', async () => {
    const tokens = await beginFamily(server, codesOnly, ana);
    for (let time = 0; time < 3; time += 1) {
      const asked = await ask(refreshing(codesOnly, tokens.refresh_token));
      expect(asked).toEqual({ ...unauthorized, trace: [] });
    }
    const active = await post(
      server,
      '/oauth/introspect',
      { token: tokens.access_token },
      basic(await server.register('machine', { mayIntrospect: true })),
    );
    expect(active.body.active).toBe(true);
  });

  it('is answered alike whatever it presents, and what is evidence is kept', async () => {
    const own = await beginFamily(server, codesOnly, ana);
    const other = await beginFamily(server, spa, ana);
    const dead = await beginFamily(server, codesOnly, ana);
    const unknown = reminted(other.refresh_token, { id: newFamilyId() });
    server.expectError(/is unknown to this ledger/);
    for (const [token, trace] of [
      ['tlr_x', []],
      [`${own.refresh_token}A`, []],
      [own.refresh_token, []],
      [other.refresh_token, foreign],
      [unknown, lost],
      [unknown, []],
      [reminted(dead.refresh_token, { number: 4 }), rolledBack],
      [dead.refresh_token, ['RefreshRejected family_revoked']],
    ] as const) {
      expect(await ask(refreshing(codesOnly, token))).toEqual({ ...unauthorized, trace });
    }
    const malformedScope = refreshing(codesOnly, own.refresh_token, { scope: '"' });
    expect(await ask(malformedScope)).toEqual({
      ...unauthorized,
      trace: ['RefreshRejected scope_exceeded'],
    });
    expect((await refresh(server, spa, other.refresh_token)).status).toBe(200);
  });

  it('is not told so before it is known to be that client', async () => {
    const machine = await server.register('machine');
    const tokens = await beginFamily(server, spa, ana);
    const fields = { ...refreshing(machine, tokens.refresh_token), client_id: undefined };
    const wrong = basic({ ...machine, clientSecret: 'wrong' });
    expect(await ask(fields, wrong)).toEqual({
      status: 401,
      error: 'invalid_client',
      trace: [
        'RefreshRejected client_authentication_failed',
        'IncidentOpened client_authentication_failed',
      ],
    });
    expect(await ask(fields, basic(machine))).toEqual({ ...unauthorized, trace: foreign });
  });
});

describe('a client that may not redeem codes', () => {
  it('leaves evidence with the code of another, and gets the same for what is none', async () => {
    const machine = await server.register('machine');
    const granted = await grantCode(server, spa, ana);
    const unauthorized = { status: 400, error: 'unauthorized_client' };
    const fields = { ...redemption(spa, granted), client_id: undefined };
    expect(await ask(fields, basic(machine))).toEqual({ ...unauthorized, trace: foreign });
    const garbage = { ...fields, code: 'tlc_x' };
    expect(await ask(garbage, basic(machine))).toEqual({ ...unauthorized, trace: [] });
    expect((await ask(redemption(spa, granted))).status).toBe(200);
  });
});

describe('a scope or resource that is none', () => {
  const faults: readonly Fields[] = [{ scope: '"' }, { resource: 'photos' }, { audience: '#' }];

  it('hides neither reuse nor a stolen token', async () => {
    const stranger = await server.register('spa');
    for (const fault of faults) {
      const tokens = await beginFamily(server, spa, ana);
      const stolen = await ask(refreshing(stranger, tokens.refresh_token, fault));
      expect(stolen).toEqual({ status: 400, error: 'invalid_grant', trace: foreign });
      expect((await refresh(server, spa, tokens.refresh_token)).status).toBe(200);
      clock.pass(WINDOW + 1);
      expect(await ask(refreshing(spa, tokens.refresh_token, fault))).toEqual({
        status: 400,
        error: 'invalid_grant',
        trace: [
          'RefreshTokenReuseDetected retry_window_passed',
          'FamilyRevoked refresh_token_reuse',
          'IncidentOpened refresh_token_reuse',
        ],
      });
    }
  });

  it('comes after the client and after the token', async () => {
    const tokens = await beginFamily(server, spa, ana);
    const webWrong = basic({ ...web, clientSecret: 'wrong' });
    for (const fault of faults) {
      const garbage = await ask(refreshing(spa, 'tlr_x', fault));
      expect(garbage).toEqual({ status: 400, error: 'invalid_grant', trace: [] });
      const unknown = { ...refreshing(web, 'tlr_x', fault), client_id: undefined };
      const noClient = { status: 401, error: 'invalid_client', trace: [] };
      expect(await ask(unknown, webWrong)).toEqual(noClient);
      const itself = { grant_type: 'client_credentials', ...fault };
      expect(await ask(itself, webWrong)).toEqual(noClient);
      expect(await ask(itself, basic(web))).toMatchObject({ error: 'unauthorized_client' });
    }
    expect(await ask(refreshing(spa, tokens.refresh_token))).toMatchObject({ status: 200 });
  });

  it('does not spend a code, and hides no second redemption', async () => {
    const granted = await grantCode(server, spa, ana);
    const faulty = { ...redemption(spa, granted), resource: 'photos' };
    expect(await ask(faulty)).toEqual({
      status: 400,
      error: 'invalid_target',
      trace: ['RefreshRejected target_exceeded'],
    });
    expect((await ask({ ...redemption(spa, granted), scope: '"' })).status).toBe(200);
    expect(await ask(faulty)).toEqual({
      status: 400,
      error: 'invalid_grant',
      trace: [
        'RefreshTokenReuseDetected code_redeemed_twice',
        'FamilyRevoked code_reuse',
        'IncidentOpened code_reuse',
      ],
    });
  });
});

describe('a code whose family lasts as long as the session', () => {
  const ended = { status: 400, error: 'invalid_grant', trace: ['RefreshRejected session_ended'] };

  async function signedIn(id: string): Promise<string> {
    const now = Date.now();
    await append(server.get(Ledger), 'session', id, [
      {
        type: 'SessionStarted',
        data: { subject: ana.subject, authTime: now, amr: ['pwd'], expiresAt: now + 3_600_000 },
      },
    ]);
    return id;
  }

  it('is worth nothing once its person signed out', async () => {
    const sessionId = await signedIn('ana-1');
    const [before, after, offline] = [
      await grantCode(server, spa, ana, { scope: ['openid'], sessionId }),
      await grantCode(server, spa, ana, { scope: ['openid'], sessionId }),
      await grantCode(server, spa, ana, { sessionId }),
    ];
    expect((await ask(redemption(spa, before))).status).toBe(200);
    await append(server.get(Ledger), 'session', sessionId, [
      { type: 'SessionEnded', data: { reason: 'signed_out' } },
    ]);
    expect(await ask(redemption(spa, after))).toEqual(ended);
    expect((await ask(redemption(spa, offline))).status).toBe(200);
  });
});

describe('an access token', () => {
  it('ends no later than its family', async () => {
    const brief = await server.registerWith({
      metadata: {
        redirect_uris: [spa.redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'none',
      },
      policy: { idle: 100_000, absolute: 250_000 },
    });
    const { result: first, events } = await server.recorded(() => beginFamily(server, brief, ana));
    const grant = events.find(({ type }) => type === 'GrantIssued');
    const end = Math.floor(Number(grant?.data.absoluteExpiresAt) / 1000);
    expect(claimsOf(first.access_token).exp).toBe(end);
    expect(first.expires_in).toBeLessThanOrEqual(250);
    clock.pass(90_000);
    const { body: renewed } = await refresh(server, brief, first.refresh_token);
    expect(claimsOf(renewed.access_token).exp).toBe(end);
    expect(renewed.expires_in).toBeLessThanOrEqual(160);
  });
});
