import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readSettings } from '../../src/config/settings.js';
import { storedEvents } from '../support/server-store.js';
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

interface Key {
  readonly keyId: string;
  readonly status: string;
  readonly signs: boolean;
}

let directory: string;
let issuer: string;
let environment: Record<string, string>;
let server: BuiltServer;
let machine: { readonly clientId: string; readonly clientSecret: string };
/** The key of the first start, and the one that takes its place. */
let old: string;
let young: string;
/** A token of the first. */
let before: string;

beforeAll(async () => {
  directory = newDirectory();
  environment = await settingsIn(directory);
  issuer = `http://localhost:${environment['PORT'] ?? ''}`;
  server = await startBuilt({ directory, environment });
  machine = await json('client', 'create', '--preset', 'machine');
  old = (await json<Key[]>('key', 'list'))[0]?.keyId ?? '';
});
afterAll(() => server.stop());

function run(...words: readonly string[]): Promise<Ended> {
  return runBuilt('cli.js', words, { directory, environment });
}

async function json<Answer = Record<string, unknown>>(
  ...words: readonly string[]
): Promise<Answer> {
  const { code, stdout, stderr } = await run(...words, '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Answer;
}

async function asMachine<Answer>(
  path: string,
  fields: Readonly<Record<string, string>>,
): Promise<Answer> {
  const answer = await fetch(`${issuer}${path}`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${machine.clientId}:${machine.clientSecret}`)}` },
    body: new URLSearchParams(fields),
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Answer;
}

async function newToken(): Promise<string> {
  const fields = { grant_type: 'client_credentials' };
  return (await asMachine<{ access_token: string }>('/oauth/token', fields)).access_token;
}

function keyOf(token: string): string {
  return decodeProtectedHeader(token).kid ?? '';
}

async function published(): Promise<JSONWebKeySet> {
  return (await (await fetch(`${issuer}/oauth/jwks`)).json()) as JSONWebKeySet;
}

async function publishedIds(): Promise<string[]> {
  return (await published()).keys.map(({ kid = '' }) => kid).toSorted();
}

/** What a resource server and the service itself make of a token. */
async function standing(token: string): Promise<unknown> {
  const { protectedHeader } = await jwtVerify(token, createLocalJWKSet(await published()));
  const { active } = await asMachine<{ active: boolean }>('/oauth/introspect', { token });
  return { verifiedWith: protectedHeader.kid, active };
}

describe('signing keys, while the server runs', () => {
  it('begin with one that signs', async () => {
    expect(await json('key', 'list')).toEqual([
      {
        keyId: expect.stringMatching(/^[\w-]{43}$/),
        status: 'active',
        signs: true,
        algorithm: 'ES256',
        createdAt: expect.any(String),
      },
    ]);
    expect(await publishedIds()).toEqual([old]);
  });

  it('are published before they sign', async () => {
    before = await newToken();
    expect(await standing(before)).toEqual({ verifiedWith: old, active: true });
    const created = await json<{ keyId: string }>('key', 'create');
    young = created.keyId;
    expect(created).toEqual({ keyId: expect.stringMatching(/^[\w-]{43}$/), status: 'published' });
    await lookedFor();
    expect(await publishedIds()).toEqual([old, young].toSorted());
    expect(keyOf(await newToken())).toBe(old);
  });

  it('sign once they are active, and the tokens of the one before still verify', async () => {
    expect(await json('key', 'activate', young)).toEqual({
      keyId: young,
      outcome: 'activated',
      signingKeyId: young,
    });
    let after = await newToken();
    // The server looks by itself.
    while (keyOf(after) !== young) {
      await new Promise((done) => setTimeout(done, 100));
      after = await newToken();
    }
    expect(await standing(after)).toEqual({ verifiedWith: young, active: true });
    expect(await standing(before)).toEqual({ verifiedWith: old, active: true });
  });

  it('are retired, and what they signed still verifies', async () => {
    expect(await json('key', 'retire', old)).toEqual({ keyId: old, outcome: 'retired' });
    await lookedFor();
    expect(await publishedIds()).toEqual([old, young].toSorted());
    expect(await standing(before)).toEqual({ verifiedWith: old, active: true });
    expect(keyOf(await newToken())).toBe(young);
  });

  it('are listed with the one that signs, for people too', async () => {
    expect(await json<Key[]>('key', 'list')).toMatchObject([
      { keyId: old, status: 'retired', signs: false },
      { keyId: young, status: 'active', signs: true },
    ]);
    const { stdout } = await run('key', 'list');
    expect(stdout).toMatch(/│ Key ID +│ Status +│ Created +│\n│ +│ Algorithm +│ +│\n/);
    expect(stdout).toMatch(new RegExp(`│ ${young} │ active, signs │ [^\\n]+\\n│ +│ ES256 +│`));
    expect(stdout).toMatch(/\n2 keys\n$/);
  });

  it('are not retired while they sign, and not activated again', async () => {
    expect(await run('key', 'retire', young)).toEqual({
      code: 1,
      stdout: '',
      stderr: 'error: new tokens are signed with this key: let another one sign first\n',
    });
    expect(await run('key', 'activate', old)).toEqual({
      code: 1,
      stdout: '',
      stderr: 'error: the key is retired for good: create another one\n',
    });
    expect((await run('key', 'retire', old)).stdout).toBe('The key was retired already.\n');
    expect((await run('key', 'activate', young)).stdout).toBe(
      'The key was active already.\nNew tokens are signed with it.\n',
    );
  });

  it('sign no more than a younger active one: that is said', async () => {
    const { stdout } = await run('key', 'create');
    const [, first = ''] = /^Key ID +(\S+)$/m.exec(stdout) ?? [];
    expect(stdout).toContain(`  token-ledger key activate ${first}\n`);
    const second = (await json<{ keyId: string }>('key', 'create')).keyId;
    expect((await run('key', 'activate', second)).stdout).toContain('are signed with it');
    expect((await run('key', 'activate', first)).stdout).toBe(
      `The key is active.\nNew tokens are signed with a younger one: ${second}\n`,
    );
    expect((await run('key', 'retire', first)).stdout).toContain('signs nothing any more');
  });

  it('leave what was done to them in the administration stream', async () => {
    const events = await storedEvents(readSettings(environment), 'AdministrationRecorded');
    const recorded = events.map(({ data }) => data);
    expect(recorded.slice(1, 4)).toEqual([
      { action: 'key.create', target: young },
      { action: 'key.activate', target: young },
      { action: 'key.retire', target: old },
    ]);
  });
});

/** A token of a key that nobody knows makes the server look for keys before it answers. */
async function lookedFor(): Promise<void> {
  const [header = '', ...others] = (await newToken()).split('.');
  const decoded = JSON.parse(Buffer.from(header, 'base64url').toString()) as object;
  const forged = Buffer.from(JSON.stringify({ ...decoded, kid: 'unknown' })).toString('base64url');
  const answer = await fetch(`${issuer}/oauth/userinfo`, {
    headers: { authorization: `Bearer ${[forged, ...others].join('.')}` },
  });
  expect(answer.status).toBe(401);
}
