import { cpSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readSettings } from '../../src/config/settings.js';
import { seedFamilies } from '../support/seeded-families.js';
import { freePort } from '../support/server-process.js';
import {
  type BuiltServer,
  type Ended,
  endProcesses,
  runBuilt,
  startBuilt,
  temporaryDirectories,
  useBuild,
} from './built-processes.js';

useBuild();
const newDirectory = temporaryDirectories();
afterAll(endProcesses);

interface Shown {
  readonly family: { readonly status: string; readonly end: { readonly reason: string } | null };
  readonly events: readonly { readonly type: string; readonly actor: string }[];
}

let directory: string;
let environment: Record<string, string>;
let issuer: string;
let clientId: string;
let server: BuiltServer;
/** A family whose first refresh token was stolen, and one that is well. */
let stolen: string;
let well: string;

beforeAll(async () => {
  directory = newDirectory();
  const port = String(await freePort());
  issuer = `http://localhost:${port}`;
  environment = {
    PORT: port,
    TOKEN_LEDGER_DATA_DIR: join(directory, 'data'),
    TOKEN_LEDGER_MASTER_KEY_FILE: join(directory, 'keys/master.key'),
    TOKEN_LEDGER_ADMIN_PASSWORD: 'correct horse battery',
    TOKEN_LEDGER_RETRY_WINDOW_SECONDS: '0',
  };
  const seeded = await seedFamilies(readSettings(environment), 2);
  const [first = '', second = ''] = seeded.refreshTokens;
  ({ clientId } = seeded);
  stolen = familyIdOf(first);
  well = familyIdOf(second);
  server = await startBuilt({ directory, environment });
  const successor = await refresh(first, 'Shop/1.0');
  await refresh(successor, 'Shop/1.0');
  await refresh(first, 'Thief/6.66\u009b31m');
});
afterAll(() => server.stop());

/** The family's id as the token carries it: 16 bytes after version, kind, key id, epoch and log. */
function familyIdOf(refreshToken: string): string {
  const bytes = Buffer.from(refreshToken.slice('tlr_'.length), 'base64url');
  const match = /[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}/.exec(bytes.toString('hex'));
  return match?.[0] ?? '';
}

async function refresh(refreshToken: string, userAgent: string): Promise<string> {
  const answer = await fetch(`${issuer}/oauth/token`, {
    method: 'POST',
    headers: { 'user-agent': userAgent },
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      client_id: clientId,
    }),
  });
  return ((await answer.json()) as Record<string, string>)['refresh_token'] ?? '';
}

function run(...words: readonly string[]): Promise<Ended> {
  return runBuilt('cli.js', words, { directory, environment });
}

async function shown(...words: readonly string[]): Promise<Shown> {
  const { stdout, stderr } = await run('family', 'show', ...words, '--json');
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Shown;
}

describe('a family, while the server runs', () => {
  it('is shown to scripts as the audit has it, with all its events', async () => {
    const { family, events } = await shown(stolen);
    expect(family).toMatchObject({
      id: stolen,
      status: 'revoked',
      end: { reason: 'refresh_token_reuse', incidentId: expect.any(String) },
      client: { id: clientId },
      scope: ['api', 'offline_access'],
      lineage: { generation: 2 },
    });
    expect(events.map(({ type }) => type)).toEqual([
      'GrantIssued',
      'GrantRedeemed',
      'RefreshTokenRotated',
      'RefreshTokenRotated',
      'RefreshTokenReuseDetected',
      'FamilyRevoked',
    ]);
    expect(events[2]).toMatchObject({ actor: `client:${clientId}`, who: { clientId } });
    expect(JSON.stringify(events[2])).toContain('Shop/1.0');
  });

  it('is shown to people as a timeline with who and from where', async () => {
    const { code, stdout } = await run('family', 'show', stolen);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Status +revoked \(refresh_token_reuse, \d{4}-/m);
    expect(stdout).toMatch(/^Account +seed \(/m);
    expect(stdout).toMatch(/│ Position │ When +│ Event +│ Who +│ From +│/);
    expect(stdout).toMatch(/│ RefreshTokenRotated +│ Unnamed client +│ \S+ +│\n/);
    expect(stdout).toMatch(/│ generation 0 is succeeded by 1 +│ +│ Shop\/1\.0 +│\n/);
    expect(stdout).toMatch(/generation 0 when 2 was current: superseded_generation/);
    expect(stdout).toContain('Shop/1.0');
    expect(stdout).toContain('Thief/6.66\\u{9b}31m');
  });

  it('can be shown by its newest events', async () => {
    const { stdout } = await run('family', 'show', stolen, '--last', '2');
    expect(stdout).not.toContain('GrantIssued');
    expect(stdout).toContain('The newest 2 of 6 events; --last 6 shows all.');
    expect((await shown(stolen, '--last', '1')).events).toHaveLength(1);
  });

  it('is revoked once, by the operator', async () => {
    const revoke = ['family', 'revoke', well, '--json'];
    const outcome = async (): Promise<unknown> => JSON.parse((await run(...revoke)).stdout);
    expect(await outcome()).toEqual({ familyId: well, outcome: 'revoked' });
    expect(await outcome()).toEqual({ familyId: well, outcome: 'already_revoked' });
    const { family, events } = await shown(well);
    expect(family).toMatchObject({ status: 'revoked', end: { reason: 'operator_request' } });
    expect(events.at(-1)).toMatchObject({ type: 'FamilyRevoked', actor: 'operator' });
    expect((await run('family', 'revoke', well)).stdout).toBe('The family had ended already.\n');
  });
});

describe('administration', () => {
  it('is recorded, with the correlation id of what was done', async () => {
    const created = await run('client', 'create', '--preset', 'machine', '--json');
    const target = (JSON.parse(created.stdout) as { clientId: string }).clientId;
    const events = eventsOf(join(directory, 'data/ledger.sqlite'));
    const recorded = events.filter(({ streamId }) => streamId === 'administration:default');
    expect(recorded.map(({ data }) => data)).toEqual([
      { action: 'family.revoke', target: well },
      { action: 'family.revoke', target: well },
      { action: 'family.revoke', target: well },
      { action: 'client.create', target },
    ]);
    const registered = events.find(({ streamId }) => streamId === `client:${target}`);
    expect(recorded.at(-1)).toMatchObject({
      type: 'AdministrationRecorded',
      actor: 'operator',
      correlationId: registered?.correlationId,
    });
  });
});

interface StoredBody {
  readonly streamId: string;
  readonly correlationId: string;
  readonly data: unknown;
}

function eventsOf(file: string): StoredBody[] {
  const handle = new Database(file, { readonly: true });
  const bodies = handle.prepare<[], string>('SELECT body FROM events ORDER BY position').pluck();
  const events = bodies.all().map((body) => JSON.parse(body) as StoredBody);
  handle.close();
  return events;
}

describe('verify', () => {
  it('finds the ledger intact while the server runs', async () => {
    const { code, stdout, stderr } = await run('verify');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^The ledger is intact: \d+ events in \d+ streams\.\n$/);
    const report: unknown = JSON.parse((await run('verify', '--json')).stdout);
    expect(report).toEqual({
      file: join(directory, 'data/ledger.sqlite'),
      ok: true,
      events: expect.any(Number),
      streams: expect.any(Number),
      problems: [],
    });
  });

  it('finds what was changed in a copy, needs no settings for it, and fails', async () => {
    const copy = join(newDirectory(), 'copy.sqlite');
    const live = new Database(join(directory, 'data/ledger.sqlite'), { readonly: true });
    await live.backup(copy);
    live.close();
    const handle = new Database(copy);
    handle.exec(`UPDATE streams SET state = replace(state, 'revoked', 'active')
      WHERE stream_id = 'family:${well}'`);
    handle.close();
    const wrong = { directory, environment: { PORT: 'wrong' } };
    const ended = await runBuilt('cli.js', ['verify', '--file', copy], wrong);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toBe('error: the ledger is not intact: 1 problem\n');
    expect(ended.stdout).toMatch(new RegExp(`│ family:${well} +│ .*state.* │`));
    const scripted = await runBuilt('cli.js', ['verify', '--file', copy, '--json'], wrong);
    expect(scripted.code).toBe(1);
    expect(JSON.parse(scripted.stdout)).toMatchObject({
      ok: false,
      problems: [{ streamId: `family:${well}` }],
    });
  });

  it('says in one line that a file is no ledger', async () => {
    const file = join(newDirectory(), 'not-a-ledger');
    cpSync(import.meta.filename, file);
    const { code, stderr } = await run('verify', '--file', file);
    expect(code).toBe(1);
    expect(stderr).toBe(`error: ${file} is not an intact database: file is not a database\n`);
  });
});
