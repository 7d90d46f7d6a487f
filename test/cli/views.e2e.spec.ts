import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { viewsPlaceOf } from '../../src/cli/views-thread.js';
import { onDatabase } from '../support/ledger-sqlite.js';
import { damageTable } from '../support/views-stage.js';
import {
  type BuiltServer,
  type Ended,
  endProcesses,
  runBuilt,
  settingsIn,
  startBuilt,
  temporaryDirectories,
  useBuild,
} from './built-processes.js';

useBuild();
const newDirectory = temporaryDirectories();
afterAll(endProcesses);

const PATIENCE = 20_000;

async function eventually<Value>(look: () => Promise<Value | undefined>): Promise<Value> {
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    const value = await look();
    if (value !== undefined) return value;
    if (performance.now() > deadline) throw new Error('it did not come to that');
    await pause(20);
  }
}

describe('the views of a server that runs', () => {
  let directory: string;
  let base: string;
  let server: BuiltServer;
  let environment: Record<string, string>;

  beforeAll(async () => {
    directory = newDirectory();
    environment = await settingsIn(directory);
    base = `http://localhost:${environment['PORT'] ?? ''}`;
    server = await startBuilt({ directory, environment });
  });
  afterAll(() => server.stop());

  const run = (words: readonly string[]): Promise<Ended> =>
    runBuilt('cli.js', words, { directory, environment });

  async function json(words: readonly string[]): Promise<Record<string, unknown>> {
    const { code, stdout, stderr } = await run([...words, '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return JSON.parse(stdout) as Record<string, unknown>;
  }

  /** What the metrics say, by name without its prefix. */
  async function metrics(): Promise<Record<string, number>> {
    const text = await (await fetch(`${base}/metrics`)).text();
    const lines = text.matchAll(/^token_ledger_(size_events|views_\w+) (\S+)$/gm);
    return Object.fromEntries([...lines].map(([, name, value]) => [name, Number(value)]));
  }

  /** Waits until the views have every event of the ledger, and answers with their number. */
  async function eventsInViews(): Promise<number> {
    return eventually(async () => {
      const { size_events, views_events, views_lag_events, views_lag_seconds } = await metrics();
      if (views_events === undefined || views_events !== size_events) return undefined;
      expect({ views_lag_events, views_lag_seconds }).toEqual({
        views_lag_events: 0,
        views_lag_seconds: 0,
      });
      return size_events;
    });
  }

  it('are made by the first start, and follow what the command line writes', async () => {
    const events = await eventsInViews();
    expect(server.said.stdout).toContain('"msg":"the views are built from the ledger"');
    expect(server.said.stdout).not.toContain('"fault"');
    await json(['client', 'create', '--preset', 'machine', '--name', 'Reports']);
    expect(await eventsInViews()).toBeGreaterThan(events);
  });

  it('have a status', async () => {
    const events = await eventsInViews();
    expect(await json(['views', 'status'])).toEqual({
      number: expect.any(Number),
      position: events - 1,
      at: expect.stringMatching(/^\d{4}-.*Z$/),
      ledgerEvents: events,
      lagEvents: 0,
      fault: null,
    });
    const { stdout } = await run(['views', 'status']);
    expect(stdout).toMatch(/^Behind by +0 events$/m);
  });

  it('are replaced by a rebuild, and the server turns to the new ones', async () => {
    const before = await json(['views', 'status']);
    const rebuilt = await json(['views', 'rebuild']);
    expect(rebuilt).toEqual({
      number: Number(before['number']) + 1,
      events: before['ledgerEvents'],
    });
    await json(['client', 'create', '--preset', 'machine', '--name', 'Reports']);
    const events = await eventsInViews();
    const status = await json(['views', 'status']);
    expect(status).toMatchObject({ number: rebuilt['number'], position: events - 1, lagEvents: 0 });
    const { code, stdout } = await run(['views', 'rebuild']);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `The views are built from ${events} events.\n`,
    });
  });

  it('are built anew when a question finds them damaged', async () => {
    const { clientId, clientSecret } = await json(['client', 'create', '--preset', 'auditor']);
    const { number } = await json(['views', 'status']);
    const basic = Buffer.from(`${String(clientId)}:${String(clientSecret)}`).toString('base64');
    const granted = await fetch(`${base}/oauth/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${basic}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    });
    const { access_token: token } = (await granted.json()) as { access_token: string };
    await eventsInViews();
    const { viewsDirectory } = viewsPlaceOf({
      dataDirectory: join(directory, 'data'),
      ledgerFile: '',
    });
    damageTable(join(viewsDirectory, `${String(number)}.sqlite`), 'incidents');
    const ask = async (): Promise<number> => {
      const headers = { authorization: `Bearer ${token}` };
      return (await fetch(`${base}/audit/incidents`, { headers })).status;
    };
    expect(await ask()).toBe(503);
    await eventually(async () => ((await ask()) === 200 ? true : undefined));
    expect(await json(['views', 'status'])).toMatchObject({ number: Number(number) + 1 });
  });

  it('are built anew when somebody removes them, which is one warning', async () => {
    const told = server.said.stdout.length;
    rmSync(join(directory, 'data/views'), { recursive: true });
    const lines = await eventually(async () => {
      const said = server.said.stdout.slice(told).split('\n');
      const about = said.filter((line) => line.includes('the views'));
      return about.length > 0 && (await eventsInViews()) > 0 ? about : undefined;
    });
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({ level: 'warn', fault: 'missing' }),
    ]);
  });

  it('are let go of when it stops, with everything in their file', async () => {
    await eventsInViews();
    await server.stop();
    const files = readdirSync(join(directory, 'data/views')).filter((name) => /wal|shm/.test(name));
    expect(files).toEqual([]);
    expect(server.said.stdout).not.toContain('the views are late');
    server = await startBuilt({ directory, environment });
    await eventsInViews();
  });

  it('are built anew by a start that cannot use them', async () => {
    const { number } = await json(['views', 'status']);
    await server.stop();
    onDatabase(join(directory, `data/views/${String(number)}.sqlite`), (database) => {
      database.pragma('user_version = 999');
    });
    expect(await json(['views', 'status'])).toMatchObject({
      number: null,
      position: null,
      fault: 'other_schema',
    });
    expect((await run(['views', 'status'])).stdout).toContain('they are of another version');
    server = await startBuilt({ directory, environment });
    await eventsInViews();
    expect(await json(['views', 'status'])).toMatchObject({ lagEvents: 0, fault: null });
    expect(server.said.stdout).toContain('"fault":"other_schema"');
  });
});
