import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CommandBus } from '@nestjs/cqrs';
import { Test } from '@nestjs/testing';
import { ServiceModule } from '../../src/app.module.js';
import { closeResources, openResources } from '../../src/cli/resources.js';
import { newFamilyId, newUuid } from '../../src/config/random-identifiers.js';
import { DirectoryReader } from '../../src/directory/directory.reader.js';
import { DisableClient } from '../../src/directory/disable-client.handler.js';
import { SigningKeys } from '../../src/directory/signing-keys.service.js';
import { DEFAULT_PROJECT } from '../../src/domain/identifiers.js';
import { IssueClientToken } from '../../src/grants/issue-client-token.command.js';
import { PresentationCounter } from '../../src/grants/presentation-counter.service.js';
import { SigningKeyRing } from '../../src/tokens/signing-key-ring.js';
import { type DecodedToken, TokenCodec } from '../../src/tokens/token-codec.js';
import {
  type Answer,
  basic,
  beginFamily,
  type Fields,
  grantCode,
  post,
  redemption,
  refresh,
  type Tokens,
  traceOf,
} from '../support/http-flow.js';
import { HttpServer, type TestAccount, type TestClient } from '../support/http-server.js';

const operator = { actor: 'operator', correlationId: newUuid() };
let server: HttpServer;
let ana: TestAccount;
let spa: TestClient;
let web: TestClient;
let machine: TestClient;

beforeAll(async () => {
  server = await HttpServer.start();
  ana = await server.createAccount('ana');
  spa = await server.register('spa');
  web = await server.register('web');
  machine = await server.register('machine', { mayIntrospect: true });
});

afterAll(() => server.close());

interface Revoked {
  readonly status: number;
  readonly error: unknown;
  readonly trace: readonly string[];
}

async function revoke(fields: Fields, headers: Record<string, string> = {}): Promise<Revoked> {
  const { result, events } = await server.recorded<Answer>(() =>
    post(server, '/oauth/revoke', fields, headers),
  );
  if (result.status === 200) expect(result.text).toBe('');
  return { status: result.status, error: result.body?.error, trace: traceOf(events) };
}

const byClient = ({ clientId }: TestClient, token: string): Fields => ({
  client_id: clientId,
  token,
});
const done = (...trace: string[]): Revoked => ({ status: 200, error: undefined, trace });
const failed = (...trace: string[]): Revoked => ({ status: 401, error: 'invalid_client', trace });

/** A genuine token that says something else than this one. */
function reminted(token: string, change: Partial<DecodedToken>): string {
  const codec = server.get(TokenCodec);
  const decoded = codec.decode('refresh', token);
  if (decoded === undefined) throw new Error('not a refresh token');
  return codec.encode({ ...decoded, ...change });
}

async function familyOfWeb(): Promise<Tokens> {
  const fields = { ...redemption(web, await grantCode(server, web, ana)), client_id: undefined };
  return (await post<Tokens>(server, '/oauth/token', fields, basic(web))).body;
}

const alarms = () => server.logged.filter((line) => line.includes('is unknown to this ledger'));

describe('a refresh token that the ledger cannot have issued', () => {
  beforeAll(() => server.expectError(/is unknown to this ledger/));

  it('opens the incident of a lost family once, raises the alarm, and is answered as ever', async () => {
    const { refresh_token } = await beginFamily(server, spa, ana);
    const unknown = reminted(refresh_token, { id: newFamilyId() });
    const before = alarms().length;
    expect(await revoke(byClient(spa, unknown))).toEqual(
      done('IncidentOpened ledger_rollback', 'LedgerRollbackSuspected refresh'),
    );
    expect(await revoke(byClient(spa, unknown))).toEqual(done());
    expect(alarms()).toHaveLength(before + 2);
  });

  it.each([
    ['of a generation that is still to come', { number: 3 }],
    ['of another epoch', { epoch: 1 }],
  ])('ends its family: %s', async (_which, change) => {
    const tokens = await beginFamily(server, spa, ana);
    const token = reminted(tokens.refresh_token, change);
    const before = alarms().length;
    expect(await revoke(byClient(spa, token))).toEqual(
      done(
        'LedgerRollbackSuspected refresh',
        'FamilyRevoked ledger_rollback',
        'IncidentOpened ledger_rollback',
      ),
    );
    expect(alarms()).toHaveLength(before + 1);
    expect(await revoke(byClient(spa, token))).toEqual(done());
    const dead = await refresh(server, spa, tokens.refresh_token);
    expect([dead.status, dead.body.error]).toEqual([400, 'invalid_grant']);
  });
});

describe('a refresh token of another client', () => {
  it('is evidence: recorded once, then counted, and its family lives on', async () => {
    const tokens = await beginFamily(server, spa, ana);
    const stranger = await server.register('spa');
    const refused = { status: 400, error: 'invalid_grant' };
    expect(await revoke(byClient(stranger, tokens.refresh_token))).toEqual({
      ...refused,
      trace: ['RefreshRejected foreign_client', 'IncidentOpened foreign_client'],
    });
    expect(await revoke(byClient(stranger, tokens.refresh_token))).toEqual({
      ...refused,
      trace: [],
    });
    const { events } = await server.recorded(() => server.get(PresentationCounter).write());
    const familyId = server.get(TokenCodec).decode('refresh', tokens.refresh_token)?.id;
    expect(events.filter(({ streamId }) => streamId === `family:${familyId}`)).toMatchObject([
      {
        type: 'PresentationsCounted',
        data: { outcome: 'rejected', reason: 'foreign_client', generation: 0, count: 1 },
      },
    ]);
    expect((await refresh(server, spa, tokens.refresh_token)).status).toBe(200);
  });
});

describe('whoever is not the client that it names', () => {
  const wrongSecret = () => basic({ ...web, clientSecret: 'wrong' });

  it('revokes nothing, and a genuine refresh token in its hands is evidence', async () => {
    const tokens = await familyOfWeb();
    expect(await revoke({ token: tokens.refresh_token }, wrongSecret())).toEqual(
      failed(
        'RefreshRejected client_authentication_failed',
        'IncidentOpened client_authentication_failed',
      ),
    );
    for (const token of [tokens.access_token, 'tlr_x', 'e30.e30.x', undefined]) {
      expect(await revoke({ token }, wrongSecret())).toEqual(failed());
    }
    expect(await revoke({ token: tokens.access_token }, basic(web))).toEqual(
      done('AccessTokenRevoked client_request'),
    );
    expect(await revoke({ token: tokens.refresh_token }, basic(web))).toEqual(
      done('FamilyRevoked client_request'),
    );
  });

  it('revokes nothing once it is disabled', async () => {
    const client = await server.register('spa');
    const tokens = await beginFamily(server, client, ana);
    await server.execute(new DisableClient(client.clientId, operator));
    expect(await revoke(byClient(client, tokens.refresh_token))).toEqual(
      failed('RefreshRejected client_disabled'),
    );
    for (const token of [tokens.access_token, 'x']) {
      expect(await revoke(byClient(client, token))).toEqual(failed());
    }
  });

  it('is told so before it is told that the token is missing', async () => {
    expect(await revoke({}, wrongSecret())).toEqual(failed());
    const missing = await revoke({}, basic(web));
    expect(missing).toEqual({ status: 400, error: 'invalid_request', trace: [] });
  });
});

describe('an access token', () => {
  it('of a client for itself is revoked by that client alone', async () => {
    const answer = await post(
      server,
      '/oauth/token',
      { grant_type: 'client_credentials' },
      basic(machine),
    );
    const token = String(answer.body.access_token);
    expect(await revoke({ token }, basic(web))).toEqual({
      status: 400,
      error: 'invalid_grant',
      trace: [],
    });
    expect(await revoke({ token }, basic(machine))).toEqual(
      done('AccessTokenRevoked client_request'),
    );
    expect(await revoke({ token }, basic(machine))).toEqual(done());
  });

  it('is revoked although another process made the key that signed it', async () => {
    const resources = await openResources(server.settings, 'command_line');
    const module = await Test.createTestingModule({
      imports: [ServiceModule.of(resources)],
    }).compile();
    try {
      module.useLogger(false);
      await module.init();
      const made = await module
        .get(SigningKeys, { strict: false })
        .create({ activate: true, attribution: operator, project: DEFAULT_PROJECT });
      const keyId = made.kind === 'created' ? made.keyId : '';
      const state = await server.get(DirectoryReader).client(machine.clientId);
      const caller = {
        clientId: machine.clientId,
        authMethod: 'client_secret_basic',
        provenSecretId: state?.secretId,
      } as const;
      const request = { receivedAt: Date.now(), correlationId: newUuid(), origin: undefined };
      const outcome = await module
        .get(CommandBus, { strict: false })
        .execute(new IssueClientToken({ caller }, request));
      if (outcome.kind === 'refused') throw new Error(outcome.reason);
      const [header = ''] = outcome.accessToken.split('.');
      expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toMatchObject({ kid: keyId });
      expect(server.get(SigningKeyRing).verificationKey(keyId)).toBeUndefined();

      expect(await revoke({ token: outcome.accessToken }, basic(machine))).toEqual(
        done('AccessTokenRevoked client_request'),
      );
    } finally {
      await module.close();
      await closeResources(resources);
    }
  });
});
