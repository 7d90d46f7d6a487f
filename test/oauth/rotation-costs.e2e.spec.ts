import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { streamIdOf } from '../../src/domain/identifiers.js';
import { Ledger } from '../../src/ledger/ledger.port.js';
import { SigningKeyRing } from '../../src/tokens/signing-key-ring.js';
import { beginFamily, claimsOf, refresh } from '../support/http-flow.js';
import { HttpServer, type TestAccount, type TestClient } from '../support/http-server.js';

/** The most that one rotation may write, in bytes: its event, and the state of its family. */
const EVENT_BYTES_MAX = 1100;
const STATE_BYTES_MAX = 1280;

let server: HttpServer;
let ana: TestAccount;
let app: TestClient;
let signatures = 0;

beforeAll(async () => {
  server = await HttpServer.start();
  ana = await server.createAccount('ana');
  app = await server.register('native', { redirectUris: ['com.example.app:/cb'] });
  const ring = server.get(SigningKeyRing);
  const asOfNow = ring.asOfNow.bind(ring);
  ring.asOfNow = () => {
    const signer = asOfNow();
    return {
      signJwt: (...content) => {
        signatures += 1;
        return signer.signJwt(...content);
      },
    };
  };
});

afterAll(() => server.close());

async function rotate(token: string, times: number): Promise<string> {
  let newest = token;
  for (let rotation = 0; rotation < times; rotation += 1) {
    const { status, body } = await refresh(server, app, newest);
    expect(status).toBe(200);
    newest = body.refresh_token;
  }
  return newest;
}

async function signaturesOf(scope: string): Promise<number> {
  const { refresh_token: first } = await beginFamily(server, app, ana, { scope: scope.split(' ') });
  signatures = 0;
  await rotate(first, 3);
  return signatures / 3;
}

/** Bytes of the newest event of the only family, and of its state. */
async function written(familyId: string): Promise<{ event: number; state: number }> {
  const ledger = server.get(Ledger);
  const { events } = await ledger.streamEvents(streamIdOf('family', familyId), null, 1);
  const [evidence] = await ledger.evidenceAt([events[0]?.position ?? -1]);
  const state = await ledger.load('family', familyId);
  return {
    event: Buffer.byteLength(evidence?.body ?? ''),
    state: Buffer.byteLength(JSON.stringify(state)),
  };
}

describe('a rotation', () => {
  it('costs one signature, and another one only for an ID token', async () => {
    expect(await signaturesOf('offline_access')).toBe(1);
    expect(await signaturesOf('openid offline_access')).toBe(2);
  });

  it('writes a bounded number of bytes, at generation 100 as at generation 20', async () => {
    const begun = await beginFamily(server, app, ana, { scope: ['offline_access'] });
    const [familyId = ''] = String(claimsOf(begun.access_token)['jti']).split('.');
    let token = await rotate(begun.refresh_token, 20);
    const early = await written(familyId);
    token = await rotate(token, 80);
    const late = await written(familyId);
    expect(early.event).toBeGreaterThan(300);
    expect(late.event).toBeLessThanOrEqual(EVENT_BYTES_MAX);
    expect(late.state).toBeLessThanOrEqual(STATE_BYTES_MAX);
    // Only numbers of three digits, where there were two.
    expect(late.event - early.event).toBeLessThanOrEqual(8);
    expect(late.state - early.state).toBeLessThanOrEqual(8);
  });
});
