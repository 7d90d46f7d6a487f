import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ledger } from '../../src/ledger/ledger.port.js';
import { streamIdOf } from '../../src/domain/identifiers.js';
import type { ExportedBundle } from '../../src/replay/bundle/export-bundle.query.js';
import { verifyBundle } from '../../src/replay/bundle/bundle.verification.js';
import { clientToken } from '../audit/audit-stage.js';
import { append } from '../support/ledger-executions.js';
import { refresh } from '../support/http-flow.js';
import { HttpServer, TestClock } from '../support/http-server.js';
import {
  bundleOf,
  exportBundle,
  positionsIn,
  type StolenFamily,
  stealFamily,
  verifierKeyOf,
} from './bundle-stage.js';
import { responderToken } from './replay-stage.js';

const clock = new TestClock();
let server: HttpServer;
let stolen: StolenFamily;
let key: string;
let token: string;

beforeAll(async () => {
  server = await HttpServer.start({ TOKEN_LEDGER_SEAL_SECONDS: '1' });
  stolen = await stealFamily(server, clock, 'ana');
  key = await verifierKeyOf(server);
  token = await responderToken(server);
});

afterAll(() => server.close());

async function positionsOf(...streamIds: readonly string[]): Promise<number[]> {
  const { events } = await server.get(Ledger).eventsAfter(null, 1000);
  return events
    .filter(({ streamId }) => streamIds.includes(streamId))
    .map(({ position }) => position);
}

describe('a bundle', () => {
  it('of a family holds it with its incidents, and verifies', async () => {
    const { file, events, newer } = await bundleOf(server, 'family', stolen.familyId);
    expect(newer).toEqual([]);
    const { familyId, incidentId } = stolen;
    const own = await positionsOf(
      streamIdOf('family', familyId),
      streamIdOf('incident', incidentId),
    );
    expect(positionsIn(file)).toEqual(own);
    expect(verifyBundle(file, key)).toMatchObject({
      kind: 'verified',
      asked: { kind: 'family', id: familyId },
      events,
      originsAbsent: 0,
    });
  });

  it('is the same text again but for when it was exported', async () => {
    const { file } = await bundleOf(server, 'family', stolen.familyId);
    const { file: again } = await bundleOf(server, 'family', stolen.familyId);
    const untimed = (text: string): string => text.replaceAll(/\d{4}-[^"<]*\d{3}Z(?=["<])/g, '');
    expect(untimed(again)).toBe(untimed(file));
  });

  it('of an incident holds its family too, and says what it most likely comes from', async () => {
    const { file } = await bundleOf(server, 'incident', stolen.incidentId);
    const streams = [`family:${stolen.familyId}`, `incident:${stolen.incidentId}`];
    expect(positionsIn(file)).toEqual(await positionsOf(...streams));
    expect(verifyBundle(file, key).kind).toBe('verified');
    expect(file).toMatch(/<h2>Incident <span class="id">[0-9a-f]{32}<\/span><\/h2>/);
    expect(file).toContain('This supports a verdict and is none.');
    expect(file).toContain('The two sides');
  });

  it('of a person holds all that is theirs, and nothing of others', async () => {
    const { file } = await bundleOf(server, 'subject', stolen.account.subject);
    const { events } = await server.get(Ledger).eventsAfter(null, 1000);
    const own = events.filter(
      ({ streamId, data }) =>
        streamId === `account:${stolen.account.subject}` ||
        streamId === `family:${stolen.familyId}` ||
        data['subject'] === stolen.account.subject,
    );
    expect(positionsIn(file)).toEqual(own.map(({ position }) => position));
    expect(verifyBundle(file, key)).toMatchObject({ kind: 'verified', asked: { kind: 'subject' } });
  });

  it('of an incident about a family that the ledger lost holds what there is', async () => {
    const id = 'a'.repeat(32);
    const familyId = 'b'.repeat(32);
    await append(server.get(Ledger), 'incident', id, [
      { type: 'IncidentOpened', data: { kind: 'ledger_rollback', familyId } },
      {
        type: 'LedgerRollbackSuspected',
        data: {
          clientAuthenticated: false,
          authMethod: 'none',
          policyRevision: 'revision',
          receivedAt: Date.now(),
          kind: 'refresh',
          presentedGeneration: 3,
          keyId: '1',
          incidentId: id,
        },
      },
    ]);
    const { file, events } = await bundleOf(server, 'incident', id);
    expect(events).toBe(2);
    expect(file).toContain('an old copy was restored');
    expect(verifyBundle(file, key).kind).toBe('verified');
  });

  it('is none where it would hold more than it may', async () => {
    const terms = { eventsMax: 6 };
    expect(await exportBundle(server, 'family', stolen.familyId, terms)).toEqual({
      kind: 'none',
      reason: 'too_many_events',
    });
  });

  it('names what no checkpoint covered in time, and leaves it out', async () => {
    const idle = await HttpServer.start({ TOKEN_LEDGER_SEAL_SECONDS: '3600' });
    const { familyId, app, consumed } = await stealFamily(idle, clock, 'ben');
    const none = { kind: 'none', reason: 'not_sealed' };
    expect(await exportBundle(idle, 'family', familyId, { patience: 0 })).toEqual(none);
    await idle.restart();
    const presented: number[] = [];
    let bundle: ExportedBundle | undefined;
    // What comes before the first seal of a start, that one covers.
    while (bundle === undefined || bundle.newer.length === 0) {
      const { events } = await idle.recorded(() => refresh(idle, app, consumed));
      presented.push(...events.map(({ position }) => position));
      bundle = await bundleOf(idle, 'family', familyId, { patience: 0 });
    }
    const { file, newer } = bundle;
    expect(newer).toEqual([presented.at(-1)]);
    expect(file).toContain(`Events at positions ${newer.join()} were younger than the checkpoint`);
    expect(positionsIn(file)).not.toContain(newer[0]);
    expect(verifyBundle(file, await verifierKeyOf(idle)).kind).toBe('verified');
    await idle.close();
  });
});

describe('GET /replay/bundles', () => {
  const get = (query: string, bearer: string | undefined): Promise<Response> =>
    server.fetch(`/replay/bundles?${query}`, {
      headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
    });

  it.each(['incident', 'family', 'subject'] as const)('is the file of one %s', async (kind) => {
    const { incidentId, familyId, account } = stolen;
    const id = { incident: incidentId, family: familyId, subject: account.subject }[kind];
    const response = await get(`${kind}=${id}`, token);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-store');
    const name = `token-ledger-${kind}-${id}.html`;
    expect(response.headers.get('content-disposition')).toBe(`attachment; filename="${name}"`);
    expect(verifyBundle(await response.text(), key)).toMatchObject({
      kind: 'verified',
      asked: { kind, id },
      exported: { by: expect.stringMatching(/^client:[\w-]{22}$/), newer: [] },
    });
  });

  const refusals: readonly (readonly [query: string, status: number, parameter: string | null])[] =
    [
      ['', 400, 'incident'],
      [`family=${'0'.repeat(32)}&incident=${'0'.repeat(32)}`, 400, 'family'],
      ['family=zebra', 400, 'family'],
      ['incident=1', 400, 'incident'],
      ['subject=<script>', 400, 'subject'],
      [`family=${'0'.repeat(32)}&x=1`, 400, 'x'],
      [`family=${'0'.repeat(32)}`, 404, null],
      ['subject=nobody', 404, null],
    ];
  it.each(refusals)('refuses %s with %d', async (query, status, parameter) => {
    const response = await get(query, token);
    expect(response.status).toBe(status);
    const { parameter: named } = (await response.json()) as { parameter?: string };
    expect(named ?? null).toBe(parameter);
  });

  it('needs the scope replay:run', async () => {
    const auditor = await clientToken(server, await server.register('auditor'));
    expect((await get(`family=${stolen.familyId}`, auditor)).status).toBe(403);
    expect((await get(`family=${stolen.familyId}`, undefined)).status).toBe(401);
  });
});
