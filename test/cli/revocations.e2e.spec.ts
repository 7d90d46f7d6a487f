import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeProtectedHeader } from 'jose';
import type { RevocationAnswer, RevocationListAnswer } from '../../src/admin/revocation.answer.js';
import type { RevocationPreviewAnswer } from '../../src/admin/revocation-preview.answer.js';
import { readSettings } from '../../src/config/settings.js';
import { familyIdOf, seedFamilies } from '../support/seeded-families.js';
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

const FAMILIES = 3;

useBuild();
const newDirectory = temporaryDirectories();
afterAll(endProcesses);

let directory: string;
let environment: Record<string, string>;
let issuer: string;
let clientId: string;
let refreshTokens: readonly string[];
let server: BuiltServer;

beforeAll(async () => {
  directory = newDirectory();
  environment = await settingsIn(directory);
  issuer = `http://localhost:${environment['PORT'] ?? ''}`;
  ({ clientId, refreshTokens } = await seedFamilies(readSettings(environment), FAMILIES));
  server = await startBuilt({ directory, environment });
});
afterAll(() => server.stop());

function run(...words: readonly string[]): Promise<Ended> {
  return runBuilt('cli.js', ['revocation', ...words], { directory, environment });
}

async function json<Answer>(...words: readonly string[]): Promise<Answer> {
  const { code, stdout, stderr } = await run(...words, '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Answer;
}

async function refreshed(refreshToken: string): Promise<number> {
  const answer = await fetch(`${issuer}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      client_id: clientId,
    }),
  });
  return answer.status;
}

describe('revocations, while the server runs', () => {
  it('are previewed, page by page', async () => {
    const preview = await json<RevocationPreviewAnswer>('preview', '--account', 'seed');
    expect(preview).toMatchObject({
      counts: { families: FAMILIES },
      reach: { accessTokens: FAMILIES },
    });
    const told = await run('preview', '--client', clientId, '--limit', '1');
    expect(told.stdout).toMatch(/^Families +3 would end; 0 have ended already$/m);
    expect(told.stdout).toMatch(/^1 family; --position \d+ --after [0-9a-f]{32} goes on$/m);
    const [, place = ''] = /(--position .+) goes on$/m.exec(told.stdout) ?? [];
    const others = await run('preview', '--client', clientId, ...place.split(' '));
    expect(others.stdout).toMatch(/^2 families$/m);
    const unpinned = ['--client', clientId, ...place.split(' ').slice(2)];
    expect((await run('preview', ...unpinned)).stderr).toMatch(/--after goes with the --position/);
    expect(await refreshed(refreshTokens[0] ?? '')).toBe(200);
  });

  it('are started and shown', async () => {
    const preview = await json<RevocationPreviewAnswer>('preview', '--account', 'seed');
    const position = String(preview.position);
    const words = ['--account', 'seed', '--position', position];
    const done = await json<RevocationAnswer>('start', ...words);
    expect(done).toMatchObject({
      status: 'completed',
      setDigest: preview.setDigest,
      result: { familiesRevoked: FAMILIES, familiesEnded: 0, setDigest: preview.setDigest },
    });
    expect(decodeProtectedHeader(done.record ?? '').typ).toBe('revocation-record+jwt');
    for (const token of refreshTokens) expect(await refreshed(token)).toBe(400);
    expect(await json('start', ...words)).toMatchObject({ id: done.id, result: done.result });
    expect(await json('show', done.id)).toMatchObject({ id: done.id, result: done.result });
    expect((await run('show', done.id)).stdout).toMatch(/^Revoked +3 by this revocation$/m);

    const family = ['family', 'show', familyIdOf(refreshTokens[1] ?? '')];
    const shown = await runBuilt('cli.js', family, { directory, environment });
    expect(shown.stdout).toMatch(new RegExp(`^Revocation +${done.id}$`, 'm'));
    expect(shown.stdout).toMatch(/│ FamilyRevoked +│ operator +│/);
    expect(shown.stdout).toContain(`revoked by an operator: revocation ${done.id}`);
  });

  it('are listed, the newest first', async () => {
    const start = (address: string): Promise<RevocationAnswer> =>
      json('start', '--address', address, '--position', '5');
    const first = await start('192.0.2.0/24');
    const later = await start('198.51.100.0/24');
    const list = await json<RevocationListAnswer>('list');
    expect(list.revocations.slice(0, 2).map(({ id }) => id)).toEqual([later.id, first.id]);
    expect(list.revocations[1]).toMatchObject({ result: first.result });
    expect(list.next).toBeNull();
    const page = await json<RevocationListAnswer>('list', '--limit', '1');
    expect(page).toEqual({ revocations: list.revocations.slice(0, 1), next: later.id });
    const rest = await json<RevocationListAnswer>('list', '--before', later.id);
    expect(rest.revocations).toEqual(list.revocations.slice(1));
    const { stdout } = await run('list', '--limit', '1');
    expect(stdout).toContain(later.id);
    expect(stdout).toMatch(/^1 revocation; there are more: --before [0-9a-f]{32} goes on$/m);
  });

  it.each([
    [['preview'], 'give one of --client, --account, --signing-key and --address'],
    [['preview', '--client', 'x'], 'there is no such client, account or key'],
    [['start', '--client', 'x', '--account', 'seed', '--position', '0'], 'give one of'],
    [['start', '--account', 'seed', '--position', '9999'], 'lies beyond the newest event'],
    [
      [
        'preview',
        '--client',
        'x',
        '--from',
        '2026-11-21T00:00:00Z',
        '--to',
        '2026-11-20T00:00:00Z',
      ],
      '--from must not be later than --to',
    ],
    [['preview', '--address', '10.1.2.3/8'], 'must begin with the first address of the range'],
    [['list', '--before', '0'.repeat(32)], 'there is no such revocation'],
    [['list', '--before', 'x'], 'a revocation id has 32 digits'],
    [['show', '0'.repeat(32)], 'there is no such revocation'],
    [['show', 'x'], 'a revocation id has 32 digits'],
  ])('are refused in one line: %j', async (words, why) => {
    const { code, stderr } = await run(...words);
    expect(code).toBe(1);
    expect(stderr).toContain(why);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});
