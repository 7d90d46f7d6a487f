import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { IncidentList } from '../../src/audit/incident.answer.js';
import type { IncidentAnswer } from '../../src/audit/investigation.answer.js';
import { fillViews } from '../../src/cli/replay-until.js';
import { Ledger } from '../../src/ledger/ledger.port.js';
import { beginFamily, refresh } from '../support/http-flow.js';
import { HttpServer, TestClock, type TestClient } from '../support/http-server.js';
import { adminToken, clientToken, familyOf, read, send } from './audit-stage.js';

const clock = new TestClock();
let server: HttpServer;
let directory: string;
let auditor: TestClient;
let incidentId: string;
/** The newest event that the file knows. */
let newest: number;
/** What the server told of that moment while it followed its ledger. */
let told: readonly (readonly [path: string, text: string])[];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'token-ledger-views-file-'));
  server = await HttpServer.start();
  auditor = await server.register('auditor');
  const shop = await server.register('native', { name: 'Shop' });
  const ana = await server.createAccount();
  const first = await beginFamily(server, shop, ana);
  await refresh(server, shop, first.refresh_token);
  clock.pass(60_000);
  await refresh(server, shop, first.refresh_token);
  const token = await clientToken(server, auditor);
  newest = (await server.get(Ledger).size()) - 1;
  // What is counted by the hour is only told for the newest state: later it holds what came since.
  const byTheHour = ['/audit/clients', `/audit/clients/${shop.clientId}`, '/audit/activity'];
  const counted = await Promise.all(byTheHour.map((path) => tell(path, path, token)));
  await beginFamily(server, shop, ana);
  const familyId = familyOf(first);
  const list = await read<IncidentList>(server, `/audit/incidents?family=${familyId}`, token);
  incidentId = String(list.body.incidents[0]?.id);
  await send(server, `/audit/incidents/${incidentId}/verdict`, await adminToken(server), {
    verdict: 'theft',
  });
  const paths = [
    '/audit/events?limit=1000',
    `/audit/events?family=${familyId}`,
    '/audit/events?stream=log:0',
    '/audit/families?status=active',
    '/audit/families',
    `/audit/families/${familyId}`,
    `/audit/families/${familyId}/lineage`,
    `/audit/families/${familyId}/events`,
    '/audit/incidents?verdict=none',
    `/audit/incidents/${incidentId}`,
    `/audit/validity?family=${familyId}&generation=0`,
    `/audit/subjects/${ana.subject}`,
  ];
  const then = paths.map((path) => `${path}${path.includes('?') ? '&' : '?'}at=${newest}`);
  const shown = paths.map((path, index) => tell(path, String(then[index]), token));
  told = [...counted, ...(await Promise.all(shown))];
  const viewsFile = join(directory, 'then.sqlite');
  const { dataDirectory } = server.settings;
  await fillViews(server.settings, { position: newest }, viewsFile, true);
  const forget = (): void => rmSync(join(dataDirectory, 'views'), { recursive: true });
  await server.restart(forget, { viewsFile });
});

afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true });
});

async function tell(path: string, asked: string, token: string): Promise<(typeof told)[number]> {
  return [path, (await read(server, asked, token)).text];
}

describe('a server of a views file', () => {
  it('answers everything as of its newest event, as one that follows the ledger does with at', async () => {
    const token = await clientToken(server, auditor);
    for (const [path, then] of told) {
      const { status, text, body } = await read(server, path, token);
      expect([path, status, text]).toEqual([path, 200, then]);
      expect(body).toMatchObject({ asOf: { position: newest } });
      expect(body['asOf']).not.toHaveProperty('lag');
    }
  });

  it('goes through its lists page by page, and reads them as a whole', async () => {
    const token = await clientToken(server, auditor);
    const seen: unknown[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: { body: { events: unknown[]; cursor: string | null } } = await read(
        server,
        `/audit/events?limit=5${cursor === '' ? '' : `&cursor=${cursor}`}`,
        token,
      );
      seen.push(...page.body.events);
      ({ cursor } = page.body);
    }
    expect(seen).toHaveLength(newest + 1);
    for (const path of ['/audit/events', '/audit/families', '/audit/incidents']) {
      const whole = await read(server, path, token, { accept: 'application/x-ndjson' });
      expect(whole.headers.get('token-ledger-as-of')).toContain(`position=${newest},`);
    }
  });

  it('tells of what lies before, and names its newest event to who asks beyond', async () => {
    const token = await clientToken(server, auditor);
    const before = await read(server, `/audit/families?at=${newest - 1}`, token);
    expect(before.body).toMatchObject({ asOf: { position: newest - 1 } });
    const later = new Date(Date.now()).toISOString();
    for (const at of [newest + 1, newest + 1000, later]) {
      for (const path of ['/audit/families', '/audit/events', `/audit/incidents/${incidentId}`]) {
        const { status, body } = await read(server, `${path}?at=${at}`, token);
        expect([path, at, status]).toEqual([path, at, 400]);
        expect(body['detail']).toContain(`beyond position ${newest},`);
      }
    }
  });

  it('issues tokens and takes verdicts, which its reads do not show', async () => {
    const admin = await adminToken(server);
    const verdict = { verdict: 'false_alarm' };
    const path = `/audit/incidents/${incidentId}`;
    const given = await send<IncidentAnswer>(server, `${path}/verdict`, admin, verdict);
    expect(given.body).toMatchObject({ incident: verdict });
    const shown = await read<IncidentAnswer>(server, path, await clientToken(server, auditor));
    expect(shown.body.incident.verdict).toBeNull();
  });

  it('ends no tokens by a selector, as it does not know whom that means now', async () => {
    const token = await clientToken(server, auditor);
    const client = auditor.clientId;
    const path = `/admin/revocations/preview?client=${client}`;
    const position = newest + 1;
    for (const answer of [
      await read(server, path, token),
      await read(server, `${path}&position=${position}`, token),
      await send(server, '/admin/revocations', await adminToken(server), { client, position }),
    ]) {
      expect(answer).toMatchObject({
        status: 400,
        body: {
          parameter: 'position',
          detail: expect.stringMatching(/one past state that this server shows/),
        },
      });
    }
    const then = await read(server, `${path}&position=${newest}`, token);
    expect(then).toMatchObject({ status: 200, body: { position: newest } });
  });
});
