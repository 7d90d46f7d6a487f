import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ledger } from '../../src/ledger/ledger.port.js';
import { Seals } from '../../src/ledger/seals.port.js';
import { parseEntryBundle } from '../../src/tlog/entry-bundle.js';
import { openNote } from '../../src/tlog/signed-note.js';
import { parseVerifierKey } from '../../src/tlog/verifier-key.js';
import { clientToken } from '../audit/audit-stage.js';
import { append, recorded } from '../support/ledger-executions.js';
import { HttpServer } from '../support/http-server.js';

let closed: HttpServer;
let open: HttpServer;
let authorization: string;

beforeAll(async () => {
  closed = await HttpServer.start();
  open = await HttpServer.start({ TOKEN_LEDGER_PUBLIC_CHECKPOINTS: 'true' });
  const auditor = await closed.register('auditor');
  authorization = `Bearer ${await clientToken(closed, auditor)}`;
  await closed.restart();
  await open.restart();
});

afterAll(async () => {
  await closed.close();
  await open.close();
});

const get = (server: HttpServer, path: string, bearer?: string): Promise<Response> =>
  server.fetch(path, bearer === undefined ? {} : { headers: { authorization: bearer } });

describe('GET /ledger/0/checkpoint', () => {
  it('is the newest signed note, and verifies with the key that the ledger names', async () => {
    const response = await get(closed, '/ledger/0/checkpoint', authorization);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-store');
    const note = await response.text();
    expect(note).toBe((await closed.get(Seals).latest())?.note);
    const log = await closed.get(Ledger).load('log', '0');
    const key = parseVerifierKey(log?.verifierKey ?? '');
    expect(key.kind === 'parsed' && openNote(note, [key.verifier]).kind).toBe('opened');
    expect(note.split('\n')[0]).toBe(log?.origin);
  });
});

describe('GET /ledger/0/tile', () => {
  it('has hashes and entries as they were sealed', async () => {
    const size = (await closed.get(Seals).latest())?.size ?? 0;
    const hashes = await get(closed, `/ledger/0/tile/0/000.p/${size}`, authorization);
    expect(hashes.status).toBe(200);
    expect(hashes.headers.get('content-type')).toBe('application/octet-stream');
    expect(hashes.headers.get('cache-control')).toBe('private, max-age=60');
    const bytes = Buffer.from(await hashes.arrayBuffer());
    expect(bytes).toEqual(await closed.get(Seals).tile(0, 0, size));
    const entries = await get(closed, `/ledger/0/tile/entries/000.p/${size}`, authorization);
    expect(entries.headers.get('content-type')).toBe('application/octet-stream');
    const bodies = parseEntryBundle(Buffer.from(await entries.arrayBuffer()), size) ?? [];
    const types = bodies.map((body) => (JSON.parse(body.toString()) as { type: string }).type);
    expect(types.slice(0, 2)).toEqual(['LogOpened', 'ProjectCreated']);
  });

  it('lets no tile be kept for long: after a recovery another one has its path', async () => {
    const ledger = open.get(Ledger);
    const some = Array.from({ length: 256 }, () => recorded('something'));
    await append(ledger, 'administration', 'default', some);
    await open.restart();
    const response = await get(open, '/ledger/0/tile/0/000');
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('public, max-age=60');
    expect(Buffer.from(await response.arrayBuffer())).toHaveLength(8192);
    expect((await get(open, '/ledger/0/tile/1/000.p/1')).status).toBe(200);
  });

  it.each([
    '/ledger/0/tile/0/000.p/0',
    '/ledger/0/tile/0/00',
    '/ledger/0/tile/0/x001/000',
    '/ledger/0/tile/0/999',
    '/ledger/0/tile/64/000.p/1',
    '/ledger/0/tile/0/000.p/257',
    '/ledger/0/tile/-1/000',
    '/ledger/0/tile/%2e%2e/000',
  ])('answers %s with 404', async (path) => {
    const response = await get(open, path);
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(response.headers.get('cache-control')).toBe('no-store');
    await response.arrayBuffer();
  });

  it.each([
    ['gzip', 'gzip'],
    ['br, GZIP;q=0.5', 'gzip'],
    ['identity', null],
    ['gzip;q=0, identity', null],
    ['gzip;q=0.000', null],
    ['x-gzip', null],
  ])(
    'compresses entries for who accepts `%s` as %s, and never hashes',
    async (accepted, coding) => {
      const headers = { authorization, 'accept-encoding': accepted };
      const entries = await closed.fetch('/ledger/0/tile/entries/000.p/2', { headers });
      expect(entries.headers.get('content-encoding')).toBe(coding);
      expect(entries.headers.get('vary')).toBe('accept-encoding');
      // Whoever fetches takes the coding off.
      expect(parseEntryBundle(Buffer.from(await entries.arrayBuffer()), 2)).toHaveLength(2);
      const hashes = await closed.fetch('/ledger/0/tile/0/000.p/2', { headers });
      expect(hashes.headers.get('content-encoding')).toBeNull();
    },
  );

  it('answers entries beyond the last checkpoint with 404', async () => {
    const path = '/ledger/0/tile/entries/000.p/255';
    expect((await get(closed, path, authorization)).status).toBe(404);
  });
});

describe('who may read them', () => {
  it.each(['checkpoint', 'tile/0/000.p/1', 'tile/entries/000.p/1'])(
    'needs the scope audit:read: %s',
    async (path) => {
      const anonymous = await get(closed, `/ledger/0/${path}`);
      expect(anonymous.status).toBe(401);
      expect(anonymous.headers.get('www-authenticate')).toContain('scope="audit:read"');
      const machine = await closed.register('machine', { scope: 'reports' });
      const other = `Bearer ${await clientToken(closed, machine)}`;
      expect((await get(closed, `/ledger/0/${path}`, other)).status).toBe(401);
      expect((await get(closed, `/ledger/0/${path}`, authorization)).status).toBe(200);
    },
  );

  it('is everybody where checkpoints are public, but never for entries', async () => {
    expect((await get(open, '/ledger/0/checkpoint')).status).toBe(200);
    expect((await get(open, '/ledger/0/tile/0/000.p/1')).status).toBe(200);
    expect((await get(open, '/ledger/0/tile/entries/000.p/1')).status).toBe(401);
  });
});

describe('the metrics', () => {
  it('tell how far the ledger was sealed', async () => {
    await open.restart();
    const text = await (await open.fetch('/metrics')).text();
    const value = (name: string): number =>
      Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
    const size = (await open.get(Seals).latest())?.size;
    expect(value('token_ledger_sealed_size_events')).toBe(size);
    expect(value('token_ledger_seal_lag_events')).toBe(0);
    expect(value('token_ledger_seal_age_seconds')).toBeGreaterThanOrEqual(0);
  });
});
