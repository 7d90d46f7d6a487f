import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { readSettings } from '../../src/config/settings.js';
import { seedFamilies } from '../support/seeded-families.js';
import { isOnPostgres, placesInStore } from '../support/server-store.js';
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

const AGENT = 'Zebra-Thief/6.66';

let directory: string;
let environment: Record<string, string>;
let server: BuiltServer;
let familyId: string;
let incidentId: string;
let key: string;

const run = (...words: readonly string[]): Promise<Ended> =>
  runBuilt('cli.js', words, { directory, environment });

async function json<Answer>(...words: readonly string[]): Promise<Answer> {
  const { code, stdout, stderr } = await run(...words, '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Answer;
}

/** Without any ledger, from a directory that has nothing but the bundle. */
const verifyElsewhere = (file: string, ...words: readonly string[]): Promise<Ended> =>
  runBuilt('cli.js', ['verify-bundle', file, ...words], { directory: newDirectory() });

async function refresh(clientId: string, refreshToken: string): Promise<string> {
  const body = { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: clientId };
  const answer = await fetch(`http://localhost:${environment['PORT']}/oauth/token`, {
    method: 'POST',
    headers: { 'user-agent': AGENT },
    body: new URLSearchParams(body),
  });
  return ((await answer.json()) as Record<string, string>)['refresh_token'] ?? '';
}

beforeAll(async () => {
  directory = newDirectory();
  environment = {
    ...(await settingsIn(directory)),
    TOKEN_LEDGER_RETRY_WINDOW_SECONDS: '0',
    TOKEN_LEDGER_SEAL_SECONDS: '1',
  };
  const { clientId, refreshTokens } = await seedFamilies(readSettings(environment), 1);
  const [first = ''] = refreshTokens;
  server = await startBuilt({ directory, environment });
  await refresh(clientId, await refresh(clientId, first));
  await refresh(clientId, first);
  const { incidents } = await json<{ incidents: { id: string; familyId: string }[] }>(
    'incident',
    'list',
  );
  ({ id: incidentId, familyId } = incidents[0] ?? { id: '', familyId: '' });
  key = (await json<{ verifierKey: string }>('checkpoint', 'show')).verifierKey;
});
afterAll(() => server.stop());

describe('token-ledger bundle export', () => {
  it('writes a file for its owner alone, which verifies where there is no ledger', async () => {
    const out = join(directory, 'family.html');
    const exported = await json('bundle', 'export', '--family', familyId, '--out', out);
    expect(exported).toMatchObject({ file: out, asked: { kind: 'family', id: familyId } });
    expect(statSync(out).mode & 0o777).toBe(0o600);
    expect(readFileSync(out, 'utf8')).toContain(AGENT);
    const { code, stdout, stderr } = await verifyElsewhere(out, '--key', key);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/Bundle +verified\n/);
    const { stdout: told } = await verifyElsewhere(out, '--key', key, '--json');
    expect(JSON.parse(told)).toMatchObject({
      kind: 'verified',
      exported: { by: 'operator', newer: [] },
    });
  });

  it('takes an incident, and an account by its name', async () => {
    for (const [option, named] of [
      ['--incident', incidentId],
      ['--account', 'seed'],
    ] as const) {
      const out = join(directory, `${option}.html`);
      const { code, stdout } = await run('bundle', 'export', option, named, '--out', out);
      expect(code).toBe(0);
      expect(stdout).toMatch(
        /^\d+ events in .*, proved against the checkpoint over \d+ events\.\n$/,
      );
      expect((await verifyElsewhere(out, '--key', key)).code).toBe(0);
    }
  });

  const refused: readonly (readonly [words: string, why: string])[] = [
    ['--out x.html', 'give one of --family, --incident and --account'],
    [`--family ${'0'.repeat(32)} --account seed --out x.html`, 'give one of --family'],
    ['--family zebra --out x.html', 'a family id has 32 digits'],
    [`--family ${'0'.repeat(32)} --out x.html`, 'the ledger has nothing of that id'],
    ['--account seed', "required option '--out <file>' not specified"],
    ['--account seed --out no/such/directory', 'cannot be written (ENOENT)'],
  ];
  it.each(refused)('refuses %s', async (words, why) => {
    const { code, stderr } = await run('bundle', 'export', ...words.split(' '));
    expect(code).toBe(1);
    expect(stderr).toContain(why);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('never writes over a file', async () => {
    const out = join(directory, 'mine.txt');
    writeFileSync(out, 'mine');
    const { code, stderr } = await run('bundle', 'export', '--account', 'seed', '--out', out);
    expect({ code, stderr }).toEqual({ code: 1, stderr: `error: ${out} is there already\n` });
    expect(readFileSync(out, 'utf8')).toBe('mine');
  });
});

describe('token-ledger verify-bundle', () => {
  let bundle: string;

  beforeAll(async () => {
    bundle = join(directory, 'bundle.html');
    await json('bundle', 'export', '--incident', incidentId, '--out', bundle);
  });

  it('is UNPINNED and fails without a key', async () => {
    const { code, stdout, stderr } = await verifyElsewhere(bundle);
    expect(code).toBe(1);
    expect(stdout).toContain('UNPINNED');
    expect(stderr).toBe('error: UNPINNED: name the verifier key with --key\n');
  });

  it('refuses a copy in which one letter of the report differs', async () => {
    const tampered = join(directory, 'tampered.html');
    writeFileSync(tampered, readFileSync(bundle, 'utf8').replace('Timeline', 'timeline'));
    const { code, stdout, stderr } = await verifyElsewhere(tampered, '--key', key);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^error: the bundle is refused \(report_differs\): .*\n$/);
    const { stdout: told } = await verifyElsewhere(tampered, '--key', key, '--json');
    expect(JSON.parse(told)).toMatchObject({ kind: 'refused', fault: 'report_differs' });
  });

  it('refuses another key', async () => {
    const last = key.at(-2) === 'A' ? 'B' : 'A';
    const other = `${key.slice(0, -2)}${last}${key.at(-1)}`;
    const { code, stderr } = await verifyElsewhere(bundle, '--key', other);
    expect(code).toBe(1);
    expect(stderr).toContain('key_malformed');
  });

  const hostile: readonly (readonly [what: string, make: (file: string) => void, why: RegExp])[] = [
    ['nothing', () => undefined, /cannot be read \(ENOENT\)/],
    ['an empty file', (file) => writeFileSync(file, ''), /evidence_missing/],
    ['bytes that are no text', (file) => writeFileSync(file, Buffer.of(0xff, 0xfe)), /is no text/],
    ['a directory', (file) => symlinkSync(directory, file), /is no file/],
    ['a pipe', (file) => void execFileSync('mkfifo', [file]), /is no file/],
    [
      'a file without end',
      (file) => {
        writeFileSync(file, '');
        truncateSync(file, 2 ** 32);
      },
      /larger than any bundle/,
    ],
  ];
  it.each(hostile)('refuses %s in one line', async (_, make, why) => {
    const file = join(newDirectory(), 'hostile');
    make(file);
    const { code, stderr } = await verifyElsewhere(file, '--key', key);
    expect(code).toBe(1);
    expect(stderr).toMatch(why);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});

describe('token-ledger account erase', () => {
  it('asks first, and does nothing where nobody can answer', async () => {
    const { code, stderr } = await run('account', 'erase', 'seed');
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'error: nothing was done: say --yes to go on\n',
    });
  });

  it('says that it is not complete while somebody reads what the views held', async () => {
    expect(await placesInStore(readSettings(environment), [AGENT])).not.toEqual([]);
    const views = join(directory, 'data', 'views');
    const current = join(views, `${readFileSync(join(views, 'current'), 'utf8').trim()}.sqlite`);
    // As a killed rebuild leaves it.
    copyFileSync(current, join(views, '77.sqlite'));
    const reader = new Database(current, { readonly: true });
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM audit_events').get();
    const { code, stdout, stderr } = await run('account', 'erase', 'seed', '--yes', '--json');
    reader.close();
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'erased', complete: false });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: the account is erased, but .*: ask again later\n$/);
  }, 60_000);

  it('leaves no trace of the person in any file, while the server runs', async () => {
    const data = join(directory, 'data');
    const erased = await json('account', 'erase', 'seed', '--yes');
    expect(erased).toEqual({
      subject: expect.any(String),
      outcome: 'already_erased',
      complete: true,
    });
    const { stdout } = await run('account', 'erase', 'seed', '--yes');
    expect(stdout.includes('Every other node has views of its own')).toBe(isOnPostgres);
    const secrets = [AGENT, '"username":"seed"'];
    expect(await placesInStore(readSettings(environment), secrets)).toEqual([]);
    expect(existsSync(join(data, 'views', '77.sqlite'))).toBe(false);
    expect(await run('verify')).toMatchObject({ code: 0 });
  });

  it('lets evidence be exported still, which says that origins were erased', async () => {
    const out = join(directory, 'erased.html');
    await json('bundle', 'export', '--family', familyId, '--out', out);
    expect(readFileSync(out, 'utf8')).not.toContain(AGENT);
    const { code, stdout } = await verifyElsewhere(out, '--key', key);
    expect(code).toBe(0);
    expect(stdout).toMatch(/[1-9]\d* origins erased or left out/);
  });

  it('works while no server runs, and is recorded as done by the operator', async () => {
    const recorded = async (): Promise<number> => {
      const words = ['replay', 'state', 'administration:default'];
      return (await json<{ state: { count: number } }>(...words)).state.count;
    };
    await server.stop();
    const before = await recorded();
    const erased = await json('account', 'erase', 'admin', '--yes');
    expect(erased).toMatchObject({ outcome: 'erased', complete: true });
    expect(await recorded()).toBe(before + 1);
    server = await startBuilt({ directory, environment });
  });
});
