import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newUuid } from '../../src/config/random-identifiers.js';
import { EraseAccount } from '../../src/directory/erase-account.handler.js';
import { RecordAdministration } from '../../src/directory/record-administration.handler.js';
import type { Subject } from '../../src/domain/identifiers.js';
import { Ledger } from '../../src/ledger/ledger.port.js';
import { verifyBundle } from '../../src/replay/bundle/bundle.verification.js';
import { Vault } from '../../src/vault/vault.port.js';
import { ViewsReader } from '../../src/views/views.port.js';
import { clientToken, read } from '../audit/audit-stage.js';
import { bundleOf, verifierKeyOf } from '../replay/bundle-stage.js';
import { isSignIn } from '../support/http-browser.js';
import { authorizePath, beginFamily, newPkce, post, refresh } from '../support/http-flow.js';
import {
  HttpServer,
  PASSWORD,
  type TestAccount,
  type TestClient,
  TestClock,
} from '../support/http-server.js';
import { placesInStore } from '../support/server-store.js';

const ADDRESS = '198.51.100.77';
const AGENT = 'Zebra-Browser/77.1';
const SECRETS = ['zebra-ana', 'zebra-ana@mail.example', 'Zebra Ana', ADDRESS, AGENT];

const clock = new TestClock();
let server: HttpServer;
let app: TestClient;
let ana: TestAccount;
let ben: TestAccount;
let familyId: string;
let consumed: string;
let current: string;
let auditor: string;

const operator = () => ({ actor: 'operator', correlationId: newUuid() });
const erase = (subject: Subject) => server.execute(new EraseAccount(subject, operator()));

const places = (texts: readonly string[]) => placesInStore(server.settings, texts);

/** Presents a refresh token from where this person is. */
async function refreshFrom(refreshToken: string): Promise<string> {
  const fields = {
    grant_type: 'refresh_token',
    client_id: app.clientId,
    refresh_token: refreshToken,
  };
  const headers = { 'x-forwarded-for': ADDRESS, 'user-agent': AGENT };
  const { body } = await post<{ refresh_token?: string }>(server, '/oauth/token', fields, headers);
  return body.refresh_token ?? '';
}

async function untilViewed(position: number): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (((await server.get(ViewsReader).progress()).position ?? -1) < position - 1) {
    if (performance.now() > deadline) throw new Error('the views do not follow');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

beforeAll(async () => {
  server = await HttpServer.start({ TOKEN_LEDGER_SEAL_SECONDS: '1' });
  app = await server.register('native', { redirectUris: ['com.example.app:/cb'] });
  ana = await server.createAccount('zebra-ana', {
    email: 'zebra-ana@mail.example',
    name: 'Zebra Ana',
  });
  ben = await server.createAccount('ben');
  const browser = server.browser({ address: ADDRESS, userAgent: AGENT });
  const page = await browser.open(authorizePath(app, newPkce()));
  expect(isSignIn(page)).toBe(true);
  await browser.submit(page, { username: ana.username, password: PASSWORD });
  ({ refresh_token: consumed } = await beginFamily(server, app, ana));
  const [family] = await server.get(Ledger).streamsOfKind('family', null, 1);
  familyId = String(family?.streamId.slice('family:'.length));
  clock.pass(40_000);
  current = await refreshFrom(await refreshFrom(consumed));
  await beginFamily(server, app, ben);
  const origin = { address: ADDRESS, userAgent: AGENT, requestId: 'request-1' };
  const attribution = { actor: `account:${ana.subject}`, correlationId: newUuid(), origin };
  await server.execute(new RecordAdministration('test.act', undefined, attribution));
  auditor = await clientToken(server, await server.register('auditor'));
});

afterAll(() => server.close());

describe('erasing an account while the server runs', () => {
  it('is refused for one that does not exist', async () => {
    const outcome = await erase('nobody' as Subject);
    expect(outcome).toEqual({ kind: 'refused', reason: 'unknown_account' });
  });

  it('leaves nothing of the person in any file', async () => {
    await untilViewed(await server.get(Ledger).size());
    const before = await places(SECRETS);
    expect(before.join()).toContain(ADDRESS);
    expect(before.join()).toContain(AGENT);
    const outcome = await erase(ana.subject);
    expect(outcome).toMatchObject({ kind: 'erased', isSettled: true });
    await untilViewed(await server.get(Ledger).size());
    const deadline = performance.now() + 10_000;
    while ((await places(SECRETS)).length > 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(await places(SECRETS)).toEqual([]);
    expect(await server.get(Vault).profile(ana.subject)).toBeUndefined();
  });

  it('can be asked for again, and adds nothing then', async () => {
    const { result, events } = await server.recorded(() => erase(ana.subject));
    expect(result).toMatchObject({ kind: 'already_erased', isSettled: true });
    expect(events).toEqual([]);
  });

  it('completes one that was cut short after its event', async () => {
    const token = await beginFamily(server, app, ben).then((one) => one.refresh_token);
    await refreshFrom(token);
    await server.get(Ledger).execute({
      kind: 'account',
      streamId: `account:${ben.subject}` as never,
      project: 'default' as never,
      attribution: operator(),
      decide: () => ({ events: [{ type: 'AccountErased', data: {} }], outcome: undefined }),
    });
    expect(await places([AGENT])).not.toEqual([]);
    expect(await erase(ben.subject)).toMatchObject({ kind: 'already_erased', isSettled: true });
    expect(await server.get(Vault).profile(ben.subject)).toBeUndefined();
    const left = await places([AGENT]);
    expect(left.filter((place) => place.includes('ledger'))).toEqual([]);
  });

  it('records what comes for this person later without its origin', async () => {
    const { events } = await server.recorded(() => refreshFrom(current));
    expect(events.map(({ type }) => type)).toContain('RefreshRejected');
    for (const event of events) expect(event.originCommitment).toBeUndefined();
    const origins = await server.get(Ledger).origins(events.map(({ position }) => position));
    expect(origins.size).toBe(0);
  });

  it('records what this person still does to what is not theirs without its origin', async () => {
    const origin = { address: ADDRESS, userAgent: AGENT, requestId: 'request-2' };
    const act = async (actor: string): Promise<string | undefined> => {
      const attribution = { actor, correlationId: newUuid(), origin };
      const { events } = await server.recorded(() =>
        server.execute(new RecordAdministration('test.act', undefined, attribution)),
      );
      expect(events).toHaveLength(1);
      return events[0]?.originCommitment;
    };
    expect(await act(`account:${ana.subject}`)).toBeUndefined();
    expect(await places([ADDRESS])).toEqual([]);
    expect(await act('operator')).toMatch(/^[\w-]{43}$/);
  });

  it('still records where others come from', async () => {
    const cleo = await server.createAccount('cleo');
    const { refresh_token: token } = await beginFamily(server, app, cleo);
    const { events } = await server.recorded(() => refresh(server, app, token));
    expect(events[0]?.originCommitment).toMatch(/^[\w-]{43}$/);
  });

  it('shows the origins as erased in the audit', async () => {
    const path = `/audit/families/${familyId}/events`;
    const { body } = await read<{ events: Record<string, unknown>[] }>(server, path, auditor);
    const rotated = body.events.filter(({ type }) => type === 'RefreshTokenRotated');
    expect(rotated).toHaveLength(2);
    for (const event of rotated) expect(event).toMatchObject({ origin: null, erased: true });
  });

  it('still lets a bundle be exported and verified, which says so', async () => {
    const { file } = await bundleOf(server, 'subject', ana.subject);
    const verdict = verifyBundle(file, await verifierKeyOf(server));
    expect(verdict).toMatchObject({ kind: 'verified', exported: { newer: [] } });
    expect(verdict.kind === 'verified' && verdict.originsAbsent).toBeGreaterThan(3);
    expect(file).toContain('<td>erased</td>');
    expect(SECRETS.filter((secret) => file.includes(secret))).toEqual([]);
  });
});
