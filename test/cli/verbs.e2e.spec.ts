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
import { signIn } from './sign-in.js';

useBuild();
const newDirectory = temporaryDirectories();
afterAll(endProcesses);

const PASSWORD = 'correct horse battery';

let directory: string;
let issuer: string;
let environment: Record<string, string>;
let server: BuiltServer;

beforeAll(async () => {
  directory = newDirectory();
  environment = { ...(await settingsIn(directory)), TOKEN_LEDGER_ADMIN_PASSWORD: PASSWORD };
  issuer = `http://localhost:${environment['PORT'] ?? ''}`;
  server = await startBuilt({ directory, environment });
});
afterAll(() => server.stop());

function run(words: readonly string[], input?: string): Promise<Ended> {
  return runBuilt('cli.js', words, {
    directory,
    environment,
    ...(input === undefined ? {} : { input }),
  });
}

/** What a verb prints with `--json`; it must succeed and say nothing else. */
async function json<Answer = Record<string, unknown>>(
  words: readonly string[],
  input?: string,
): Promise<Answer> {
  const { code, stdout, stderr } = await run([...words, '--json'], input);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Answer;
}

/** What a verb prints for people. */
async function text(words: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await run(words, input);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

/** What an action was done to, each time that it was recorded. */
async function recorded(action: string): Promise<unknown[]> {
  return (await storedEvents(readSettings(environment)))
    .map(({ data }) => data)
    .filter((data) => data['action'] === action)
    .map((data) => data['target']);
}

interface Client {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** The answer of the token endpoint to a client that asks for itself. */
async function tokenFor({ clientId, clientSecret }: Client, scope?: string): Promise<Response> {
  return fetch(`${issuer}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      ...(scope === undefined ? {} : { scope, resource: `${issuer}/admin` }),
    }),
  });
}

describe('clients, while the server runs', () => {
  it('are registered by preset, with what the operator chose', async () => {
    const created = await json<Client>(
      [
        'client create --preset web --name Shop --first-party --may-introspect --rotation fixed',
        '--redirect-uri https://shop.example/a --redirect-uri https://shop.example/b',
        '--post-logout-redirect-uri https://shop.example/bye --resource urn:shop',
        '--scope openid profile --retry-window-seconds 10 --access-token-seconds 300',
        '--idle-seconds 86400 --absolute-seconds 604800',
      ]
        .join(' ')
        .split(' '),
    );
    const { clientId } = created;
    expect(created).toEqual({
      clientId: expect.stringMatching(/^[\w-]{22}$/),
      clientSecret: expect.stringMatching(/^[\w-]{43}$/),
      name: 'Shop',
      status: 'active',
      applicationType: 'web',
      authMethod: 'client_secret_basic',
      grantTypes: ['authorization_code', 'refresh_token'],
      redirectUris: ['https://shop.example/a', 'https://shop.example/b'],
      postLogoutRedirectUris: ['https://shop.example/bye'],
      scope: ['openid', 'profile'],
      operatorScopes: [],
      firstParty: true,
      verified: true,
      mayIntrospect: true,
      resources: ['urn:shop'],
      policy: {
        rotation: 'fixed',
        retryWindowSeconds: 10,
        accessTokenSeconds: 300,
        idleSeconds: 86_400,
        absoluteSeconds: 604_800,
      },
      registeredAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    });
    const { clientSecret: _secret, ...shown } = created;
    expect(await json(['client', 'show', clientId])).toEqual(shown);
    expect(await json<unknown[]>(['client', 'list'])).toContainEqual(shown);
  });

  it('are changed in what is given, and keep the rest', async () => {
    const words = ['client', 'create', '--preset', 'web', '--idle-seconds', '86400'];
    const uris = ['--redirect-uri', 'https://shop.example/a', 'https://shop.example/b'];
    const created = await json<Client>([...words, '--name', 'Shop', ...uris]);
    const { clientSecret: _secret, ...shown } = created;
    const update = ['client', 'update', created.clientId];
    const name = ['--name', 'Shop and more'];
    const scope = ['--scope', 'openid', 'profile', '--rotation', 'fixed'];
    const places = ['--redirect-uri', 'https://shop.example/c'];
    const afterwards = ['--post-logout-redirect-uri', 'https://shop.example/bye'];
    expect(await json([...update, ...name, ...places, ...scope, ...afterwards])).toEqual({
      ...shown,
      name: 'Shop and more',
      redirectUris: ['https://shop.example/c'],
      postLogoutRedirectUris: ['https://shop.example/bye'],
      scope: ['openid', 'profile'],
      policy: { rotation: 'fixed', idleSeconds: 86_400 },
      outcome: 'updated',
    });
    const back = [...update, '--name', 'Shop', '--any-scope', '--service-policy', ...uris];
    const postLogoutRedirectUris = ['https://shop.example/bye'];
    const asBefore = { ...shown, postLogoutRedirectUris, policy: {} };
    expect(await json(back)).toEqual({ ...asBefore, outcome: 'updated' });
    expect(await json(back)).toEqual({ ...asBefore, outcome: 'unchanged' });
    expect(await text(back)).toMatch(
      /^The client was so already\.\n\nClient ID +\S+\nName +Shop\n/,
    );
    expect(await recorded('client.update')).toEqual(Array(4).fill(created.clientId));
  });

  it('are given and taken what they may introspect', async () => {
    const create = ['client', 'create', '--preset', 'resource-server'];
    const [photos, albums] = ['https://api.example/photos', 'https://api.example/albums'] as const;
    const { clientId } = await json<Client>([...create, '--resource', photos]);
    const update = (...options: readonly string[]) =>
      json(['client', 'update', clientId, ...options]);
    expect(await update('--resource', albums, '--may-introspect')).toMatchObject({
      outcome: 'updated',
      resources: [albums],
      mayIntrospect: true,
    });
    expect(await update('--no-may-introspect')).toMatchObject({
      outcome: 'updated',
      resources: [albums],
      mayIntrospect: false,
    });
    expect(await update('--name', 'Gallery')).toMatchObject({ resources: [albums] });
    expect(await update('--no-resources')).toMatchObject({ outcome: 'updated', resources: [] });
    expect(await update('--no-resources')).toMatchObject({ outcome: 'unchanged' });
  });

  it('of the preset auditor get a token for the audit at once', async () => {
    const auditor = await json<Client>(['client', 'create', '--preset', 'auditor']);
    const answer = await tokenFor(auditor, 'audit:read');
    expect(answer.status).toBe(200);
    const { access_token: token } = (await answer.json()) as { access_token: string };
    const incidents = await fetch(`${issuer}/audit/incidents`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(incidents.status).toBe(200);
  });

  it('of the preset resource-server are shown with what they may introspect', async () => {
    const [photos, albums] = ['https://api.example/photos', 'https://api.example/albums'] as const;
    const create = ['client', 'create', '--preset', 'resource-server', '--name', 'Gallery'];
    const created = await text([...create, '--resource', photos, albums]);
    const [, clientId = ''] = /^Client ID +(\S+)$/m.exec(created) ?? [];
    const shown = await text(['client', 'show', clientId]);
    expect(shown).toMatch(/^Kind +machine, resource server$/m);
    expect(shown).toMatch(
      /^Resources +https:\/\/api.example\/albums\n +https:\/\/api.example\/photos$/m,
    );
    expect(shown).toMatch(/^Introspection +tokens for its resources$/m);
    expect(await json(['client', 'show', clientId])).toMatchObject({
      grantTypes: ['client_credentials'],
      redirectUris: [],
      postLogoutRedirectUris: [],
      resources: [albums, photos],
      mayIntrospect: false,
    });
  });

  it('get another secret, and lose the one before at once or after a while', async () => {
    const machine = await json<Client>(['client', 'create', '--preset', 'machine']);
    const { clientId } = machine;
    const rotate = ['client', 'rotate-secret', clientId];
    const second = await json<Client>([...rotate, '--overlap-seconds', '600']);
    expect(second.clientSecret).not.toBe(machine.clientSecret);
    expect((await tokenFor(machine)).status).toBe(200);
    const third = await json<Client>(rotate);
    expect((await tokenFor(second)).status).toBe(401);
    expect((await tokenFor(third)).status).toBe(200);
  });

  it('are disabled once', async () => {
    const machine = await json<Client>(['client', 'create', '--preset', 'machine']);
    const disable = ['client', 'disable', machine.clientId];
    const { clientId } = machine;
    expect(await json(disable)).toEqual({ clientId, outcome: 'disabled' });
    expect(await json(disable)).toEqual({ clientId, outcome: 'already_disabled' });
    expect((await tokenFor(machine)).status).toBe(401);
  });

  it('are shown to people in tables, their secrets once', async () => {
    const created = await text(['client', 'create', '--preset', 'machine', '--name', 'Night job']);
    expect(created).toMatch(/^Name +Night job$/m);
    expect(created).toMatch(/^Client secret +[\w-]{43}\nShown this once/m);
    const [, clientId = ''] = /^Client ID +(\S+)$/m.exec(created) ?? [];
    const shown = await text(['client', 'show', clientId]);
    expect(shown).toMatch(/^Kind +machine$/m);
    expect(shown).not.toContain('secret  ');
    const list = await text(['client', 'list']);
    expect(list).toMatch(/│ Client ID +│ Name +│ Kind +│/);
    expect(list).toContain('Night job');
    expect(await text(['client', 'rotate-secret', clientId])).toContain('no longer works');
    expect(await text(['client', 'disable', clientId])).toContain('is disabled');
  });
});

describe('accounts, while the server runs', () => {
  it('are created with a password from a pipe', async () => {
    const words = ['account', 'create', '--username', 'Ana', '--email', 'ana@example.com'];
    const roles = ['--role', 'auditor', '--role', 'responder'];
    const created = await json([...words, '--name', 'Ana Lima', ...roles], `${PASSWORD}\n`);
    expect(created).toEqual({
      subject: expect.stringMatching(/^[\w-]{22}$/),
      username: 'ana',
      email: 'ana@example.com',
      name: 'Ana Lima',
      roles: ['auditor', 'responder'],
      status: 'active',
      tokensNotBefore: null,
      createdAt: expect.any(String),
    });
    const accounts = await json<unknown[]>(['account', 'list']);
    expect(accounts[0]).toMatchObject({ username: 'admin', roles: ['administrator'] });
    expect(accounts).toContainEqual(created);
  });

  it('are signed out everywhere and disabled, by name or subject', async () => {
    const { subject } = await json(['account', 'create', '--username', 'ben'], PASSWORD);
    const signedOut = await json(['account', 'sign-out-everywhere', 'BEN']);
    expect(signedOut).toEqual({ subject, tokensNotBefore: expect.any(String) });
    const disable = ['account', 'disable', String(subject)];
    expect(await json(disable)).toEqual({ subject, outcome: 'disabled' });
    expect(await json(disable)).toEqual({ subject, outcome: 'already_disabled' });
    const accounts = await json<unknown[]>(['account', 'list']);
    const { tokensNotBefore } = signedOut;
    expect(accounts).toContainEqual(
      expect.objectContaining({ subject, status: 'disabled', tokensNotBefore }),
    );
  });

  it('get another password, which ends what was signed in unless that is kept', async () => {
    const { subject } = await json(['account', 'create', '--username', 'dee'], PASSWORD);
    const found = async (): Promise<Record<string, unknown> | undefined> =>
      (await json<Record<string, unknown>[]>(['account', 'list'])).find(
        (account) => account['subject'] === subject,
      );
    const words = ['account', 'set-password', 'Dee'];
    const kept = await json([...words, '--keep-sessions'], 'another horse\n');
    expect(kept).toEqual({ subject, signedOutEverywhere: false });
    expect(await found()).toMatchObject({ tokensNotBefore: null });
    expect(await json(words, 'a third horse\n')).toEqual({ subject, signedOutEverywhere: true });
    expect(await found()).toMatchObject({ tokensNotBefore: expect.any(String) });
    expect(await text(words, 'a fourth horse\n')).toContain('have ended');
    const signInAs = (password: string) => signIn(directory, 'dee', password, environment);
    expect(await signInAs('a third horse')).toEqual({ kind: 'refused' });
    expect(await signInAs('a fourth horse')).toMatchObject({ kind: 'proven' });
    expect(await recorded('account.set_password')).toEqual(Array(3).fill(subject));
  });

  it('are shown to people in tables', async () => {
    const created = await text(['account', 'create', '--username', 'cy'], `${PASSWORD}\n`);
    expect(created).toMatch(/^User name +cy$/m);
    expect(created).not.toContain(PASSWORD);
    const list = await text(['account', 'list']);
    expect(list).toMatch(/│ User name +│ Subject +│/);
    expect(list).toMatch(/│ cy +│/);
    expect(await text(['account', 'sign-out-everywhere', 'cy'])).toContain('has ended');
    expect(await text(['account', 'disable', 'cy'])).toContain('is disabled');
  });
});

describe('the registration token', () => {
  it('lets a client register itself', async () => {
    const { token, registrationEndpoint } = await json(['registration-token']);
    expect(await text(['registration-token'])).toBe(`${String(token)}\n`);
    const registered = await fetch(String(registrationEndpoint), {
      method: 'POST',
      headers: { authorization: `Bearer ${String(token)}`, 'content-type': 'application/json' },
      body: JSON.stringify({ redirect_uris: ['https://rp.example/'], client_name: 'Own' }),
    });
    expect(registered.status).toBe(201);
    expect(await text(['client', 'list'])).toContain('unverified');
  });

  it.each(['off', 'open'])('is not shown when registration is %s', async (registration) => {
    const ended = await runBuilt('cli.js', ['registration-token'], {
      directory,
      environment: { ...environment, TOKEN_LEDGER_REGISTRATION: registration },
    });
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toMatch(
      new RegExp(`^error: TOKEN_LEDGER_REGISTRATION is ${registration}.*\\n$`),
    );
  });
});
