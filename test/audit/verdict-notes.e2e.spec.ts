import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { IncidentList } from '../../src/audit/incident.answer.js';
import { type IncidentAnswer, incidentAnswer } from '../../src/audit/investigation.answer.js';
import { newUuid } from '../../src/config/random-identifiers.js';
import { EraseAccount } from '../../src/directory/erase-account.handler.js';
import { beginFamily, refresh } from '../support/http-flow.js';
import { HttpServer, type TestAccount, TestClock } from '../support/http-server.js';
import { placesInStore, sealedInVault } from '../support/server-store.js';
import { adminToken, clientToken, familyOf, read, send } from './audit-stage.js';

const NOTE = 'Ana says: “it was Zebra, my sister”.\nShe will call again.';

const clock = new TestClock();
let server: HttpServer;
let ana: TestAccount;
let admin: string;
let auditor: string;
let path: string;

beforeAll(async () => {
  server = await HttpServer.start({ TOKEN_LEDGER_LOG_LEVEL: 'debug' });
  const shop = await server.register('native', { name: 'Shop' });
  ana = await server.createAccount();
  const first = await beginFamily(server, shop, ana);
  await refresh(server, shop, first.refresh_token);
  clock.pass(60_000);
  await refresh(server, shop, first.refresh_token);
  admin = await adminToken(server);
  auditor = await clientToken(server, await server.register('auditor'));
  const list = `/audit/incidents?family=${familyOf(first)}`;
  const { body } = await read<IncidentList>(server, list, auditor);
  path = `/audit/incidents/${body.incidents[0]?.id}`;
});

afterAll(() => server.close());

function judge(body: Readonly<Record<string, string>>) {
  return send<IncidentAnswer>(server, `${path}/verdict`, admin, body);
}

async function incident(at = ''): Promise<IncidentAnswer> {
  return incidentAnswer.strict().parse((await read(server, `${path}${at}`, auditor)).body);
}

async function notesKept(): Promise<number> {
  return (await sealedInVault(server.settings, 'verdict_notes')).length;
}

describe('a note on a verdict', () => {
  it('is shown with the incident, and stands neither in an event nor in a log nor in plain text', async () => {
    expect((await incident()).note).toBeNull();
    const { result, events } = await server.recorded(() => judge({ verdict: 'theft', note: NOTE }));
    const noteId = expect.stringMatching(/^[0-9a-f-]{36}$/);
    expect(events.map(({ data }) => data)).toEqual([{ verdict: 'theft', noteId }]);
    expect(result.body).toMatchObject({ incident: { verdict: 'theft' }, note: { text: NOTE } });
    expect((await incident()).note).toEqual({ id: events[0]?.data['noteId'], text: NOTE });
    expect(server.logged.join()).toContain('/audit/incidents/:id/verdict');
    expect(server.logged.join()).not.toContain('Zebra');
    expect(await placesInStore(server.settings, ['Zebra'])).toEqual([]);
  });

  it('belongs to its verdict: another one takes it back, and then is as it was', async () => {
    const { events } = await server.recorded(() => judge({ verdict: 'unclear' }));
    expect((await incident()).note).toBeNull();
    const before = Number(events[0]?.position) - 1;
    expect((await incident(`?at=${before}`)).note).toMatchObject({ text: NOTE });
    expect((await judge({ verdict: 'unclear', note: 'Another' })).status).toBe(200);
    expect((await incident()).note).toMatchObject({ text: 'Another' });
  });

  it('is not kept for an incident that is not there', async () => {
    const none = `/audit/incidents/${'0'.repeat(32)}/verdict`;
    const kept = await notesKept();
    const answer = await send(server, none, admin, { verdict: 'theft', note: NOTE });
    expect(answer.status).toBe(404);
    expect(await notesKept()).toBe(kept);
  });

  it('is erased with the account that it is about, and no other can be made', async () => {
    expect(await notesKept()).toBe(2);
    const attribution = { actor: 'operator', correlationId: newUuid() };
    await server.execute(new EraseAccount(ana.subject, attribution));
    expect(await notesKept()).toBe(0);
    expect((await incident()).note).toMatchObject({ text: null });
    const refused = await judge({ verdict: 'theft', note: NOTE });
    expect(refused.status).toBe(409);
    expect(refused.text).not.toContain('Zebra');
    expect(await notesKept()).toBe(0);
    expect((await judge({ verdict: 'theft' })).status).toBe(200);
  });
});
