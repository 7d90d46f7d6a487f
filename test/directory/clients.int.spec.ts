import { describe, expect, it } from '@jest/globals';
import {
  CLIENT_PRESETS,
  type ClientPreset,
  presetRegistration,
  SELF_REGISTERED,
} from '../../src/directory/client-registration.js';
import { ClientSecrets } from '../../src/directory/client-secrets.js';
import { DirectoryReader } from '../../src/directory/directory.reader.js';
import { DisableClient } from '../../src/directory/disable-client.handler.js';
import {
  type ClientRegistered,
  RegisterClient,
} from '../../src/directory/register-client.handler.js';
import { RotateClientSecret } from '../../src/directory/rotate-client-secret.handler.js';
import { UpdateClient } from '../../src/directory/update-client.handler.js';
import type { ClientChange } from '../../src/domain/directory/client-change.rules.js';
import type { ClientState } from '../../src/domain/directory/directory.state.js';
import type { ClientId } from '../../src/domain/identifiers.js';
import { directories, type OpenedDirectory, operator } from './opened-directory.js';

const { open, openWithProject } = directories();
const redirectUris = ['https://photos.example.com/callback'];

async function register(
  directory: OpenedDirectory,
  preset: ClientPreset = 'web',
): Promise<ClientRegistered> {
  const registration = presetRegistration(preset, { name: 'Photos', redirectUris });
  const outcome = await directory.execute(new RegisterClient(registration, operator));
  if (outcome.kind === 'refused') throw new Error(outcome.reason);
  return outcome;
}

async function client(directory: OpenedDirectory, clientId: ClientId): Promise<ClientState> {
  const state = await directory.get(DirectoryReader).client(clientId);
  if (state === undefined) throw new Error(`there is no client ${clientId}`);
  return state;
}

describe('a registered client', () => {
  it('is known by a random id, and proves itself with a secret that is shown once', async () => {
    const directory = await openWithProject();
    const { clientId, clientSecret = '', metadata, registeredAt } = await register(directory);
    expect(clientId).toMatch(/^[\w-]{22}$/);
    expect(clientSecret).toMatch(/^[\w-]{43}$/);
    const state = await client(directory, clientId);
    expect(state).toMatchObject({ clientId, metadata, registeredAt, verified: true });
    const secrets = directory.get(ClientSecrets);
    expect(await secrets.provenSecretId(state, clientSecret)).toBe(state.secretId);
    for (const wrong of ['', clientSecret.slice(1), `${clientSecret}=`, 'a'.repeat(100_000)]) {
      expect(await secrets.provenSecretId(state, wrong)).toBeUndefined();
    }
    expect(JSON.stringify(await directory.events())).not.toContain(clientSecret);
  });

  it('has no secret when it is public', async () => {
    const directory = await openWithProject();
    const { clientId, clientSecret } = await register(directory, 'spa');
    expect(clientSecret).toBeUndefined();
    const state = await client(directory, clientId);
    expect(state.secretId).toBeUndefined();
    expect(await directory.get(ClientSecrets).provenSecretId(state, '')).toBeUndefined();
  });

  it.each(CLIENT_PRESETS)('can be made from the preset %s', async (preset) => {
    const directory = await openWithProject();
    const { clientId, metadata } = await register(directory, preset);
    const isPublic = preset === 'spa' || preset === 'native';
    expect(metadata).toMatchObject({
      name: 'Photos',
      authMethod: isPublic ? 'none' : 'client_secret_basic',
      applicationType: preset === 'native' ? 'native' : 'web',
      grantTypes: ['auditor', 'machine', 'resource-server'].includes(preset)
        ? ['client_credentials']
        : ['authorization_code', 'refresh_token'],
    });
    expect(await client(directory, clientId)).toMatchObject(
      preset === 'auditor'
        ? { firstParty: true, operatorScopes: ['audit:read'] }
        : { firstParty: false, operatorScopes: [] },
    );
  });

  it('takes from a preset what the operator chose besides', () => {
    const choices = { scope: 'openid', firstParty: true, mayIntrospect: true, policy: { idle: 1 } };
    const postLogoutRedirectUris = ['https://photos.example.com/bye'];
    const resources = ['https://api.example.com'];
    expect(
      presetRegistration('web', { ...choices, postLogoutRedirectUris, resources }),
    ).toMatchObject({
      metadata: { scope: 'openid', post_logout_redirect_uris: postLogoutRedirectUris },
      firstParty: true,
      mayIntrospect: true,
      resources,
      policy: { idle: 1 },
    });
  });
});

describe('a resource server', () => {
  const environment = { TOKEN_LEDGER_RESOURCES: 'https://api.example.com urn:example:albums' };
  const registration = (resources: readonly string[], preset: ClientPreset = 'resource-server') =>
    presetRegistration(preset, { name: 'Photos', resources });

  it('has the resources that an operator assigned to it, each once and sorted', async () => {
    const directory = await openWithProject({ environment });
    const resources = ['urn:example:albums', 'https://api.example.com', 'urn:example:albums'];
    const outcome = await directory.execute(new RegisterClient(registration(resources), operator));
    if (outcome.kind === 'refused') throw new Error(outcome.reason);
    expect(await client(directory, outcome.clientId)).toMatchObject({
      resources: ['https://api.example.com', 'urn:example:albums'],
    });
  });

  it.each([
    ['no absolute URI', ['/photos']],
    ['a URI with a fragment', ['https://api.example.com#photos']],
    ['one that nobody can ask for', ['https://other.example.com']],
    ['one bad of two', ['https://api.example.com', 'photos']],
  ])('has no resource that is %s', async (_what, resources) => {
    const directory = await openWithProject({ environment });
    const before = await directory.events();
    expect(await directory.execute(new RegisterClient(registration(resources), operator))).toEqual({
      kind: 'refused',
      reason: 'resource_refused',
    });
    expect(await directory.events()).toEqual(before);
  });
});

describe('a client that registers itself', () => {
  it('is not verified, and gets nothing that an operator would vouch for', async () => {
    const directory = await openWithProject();
    const metadata = { redirect_uris: redirectUris, client_name: 'Stranger' };
    const outcome = await directory.execute(
      new RegisterClient({ ...SELF_REGISTERED, metadata }, operator),
    );
    const { clientId } = outcome as ClientRegistered;
    expect(await client(directory, clientId)).toMatchObject({
      verified: false,
      firstParty: false,
      operatorScopes: [],
      mayIntrospect: false,
      resources: [],
    });
  });

  it.each([
    [{ redirect_uris: ['http://photos.example.com/'] }, 'invalid_redirect_uri'],
    [{ redirect_uris: redirectUris, scope: 'audit:read' }, 'invalid_client_metadata'],
  ])('is refused by RFC 7591’s code, and nothing is recorded', async (metadata, reason) => {
    const directory = await openWithProject();
    const before = await directory.events();
    const registration = { ...SELF_REGISTERED, metadata };
    expect(await directory.execute(new RegisterClient(registration, operator))).toEqual({
      kind: 'refused',
      reason,
      description: expect.any(String),
    });
    expect(await directory.events()).toEqual(before);
  });

  it('is refused when its scopes and those assigned to it are too many for one token', async () => {
    const directory = await openWithProject();
    const scope = Array.from({ length: 64 }, (_, index) => `s${index}`).join(' ');
    const registration = { ...presetRegistration('auditor'), operatorScopes: ['audit:read'] };
    const metadata = { grant_types: ['client_credentials'], scope };
    expect(
      await directory.execute(new RegisterClient({ ...registration, metadata }, operator)),
    ).toMatchObject({ kind: 'refused', reason: 'invalid_client_metadata' });
  });

  it('needs a project', async () => {
    const directory = await open();
    const registration = presetRegistration('web', { redirectUris });
    expect(await directory.execute(new RegisterClient(registration, operator))).toEqual({
      kind: 'refused',
      reason: 'project_unavailable',
    });
  });
});

describe('changing a client', () => {
  it('replaces what is given of what it registered, and keeps the rest', async () => {
    const directory = await openWithProject();
    const { clientId, metadata } = await register(directory);
    const change = { members: { client_name: 'Pictures' }, policy: { rotation: 'fixed' } };
    const update = new UpdateClient(clientId, change, operator);
    expect(await directory.execute(update)).toEqual({ kind: 'updated' });
    expect(await directory.execute(update)).toEqual({ kind: 'unchanged' });
    expect((await client(directory, clientId)).metadata).toEqual({
      ...metadata,
      name: 'Pictures',
      policy: { rotation: 'fixed' },
    });
  });

  it('replaces the resources that it is and whether it may introspect, if they are allowed', async () => {
    const directory = await openWithProject();
    const { clientId } = await register(directory);
    const update = (change: Partial<ClientChange>) =>
      directory.execute(new UpdateClient(clientId, { members: {}, ...change }, operator));
    const [photos, albums] = ['https://api.example/photos', 'https://api.example/albums'];
    const change = { mayIntrospect: true, resources: [photos, albums, photos] };
    expect(await update(change)).toEqual({ kind: 'updated' });
    expect(await update(change)).toEqual({ kind: 'unchanged' });
    const expected = { mayIntrospect: true, resources: [albums, photos] };
    expect(await client(directory, clientId)).toMatchObject(expected);
    expect(await update({ resources: ['photos'] })).toEqual({
      kind: 'refused',
      reason: 'resource_refused',
    });
    expect(await client(directory, clientId)).toMatchObject(expected);
    expect(await update({ mayIntrospect: false, resources: [] })).toEqual({ kind: 'updated' });
    expect(await client(directory, clientId)).toMatchObject({
      mayIntrospect: false,
      resources: [],
    });
  });

  it('keeps both of two changes that are made at once', async () => {
    const directory = await openWithProject();
    const { clientId } = await register(directory);
    const changes = [{ client_name: 'Pictures' }, { scope: 'openid' }];
    await Promise.all(
      changes.map((members) =>
        directory.execute(new UpdateClient(clientId, { members }, operator)),
      ),
    );
    expect((await client(directory, clientId)).metadata).toMatchObject({
      name: 'Pictures',
      scope: ['openid'],
    });
  });

  it('judges what it would be, and refuses what is not or is disabled', async () => {
    const directory = await openWithProject();
    const { clientId } = await register(directory);
    const update = (id: ClientId, members: Readonly<Record<string, unknown>>) =>
      directory.execute(new UpdateClient(id, { members }, operator));
    expect(await update(clientId, { scope: 'audit:read' })).toEqual({
      kind: 'refused',
      reason: 'invalid_client_metadata',
      description: 'scope may have audit:read only for a first-party client',
    });
    expect(await update('nobody' as ClientId, {})).toEqual({
      kind: 'refused',
      reason: 'unknown_client',
    });
    await directory.execute(new DisableClient(clientId, operator));
    expect(await update(clientId, { client_name: 'Pictures' })).toEqual({
      kind: 'refused',
      reason: 'client_disabled',
    });
  });

  it('lets the secret before work on for a while', async () => {
    const directory = await openWithProject();
    const { clientId, clientSecret: first = '' } = await register(directory);
    const firstId = (await client(directory, clientId)).secretId;
    const rotated = await directory.execute(new RotateClientSecret(clientId, 60_000, operator));
    if (rotated.kind === 'refused') throw new Error(rotated.reason);
    const state = await client(directory, clientId);
    const secrets = directory.get(ClientSecrets);
    expect(await secrets.provenSecretId(state, first)).toBe(firstId);
    expect(await secrets.provenSecretId(state, rotated.clientSecret)).toBe(state.secretId);
    expect(state.previousSecret).toEqual({ secretId: firstId, until: rotated.previousUntil });
    await directory.execute(new RotateClientSecret(clientId, 0, operator));
    const later = await client(directory, clientId);
    expect(await secrets.provenSecretId(later, first)).toBeUndefined();
  });

  it('gives no secret to a public client', async () => {
    const directory = await openWithProject();
    const { clientId } = await register(directory, 'native');
    expect(await directory.execute(new RotateClientSecret(clientId, 0, operator))).toEqual({
      kind: 'refused',
      reason: 'public_client',
    });
  });

  it('disables it for good', async () => {
    const directory = await openWithProject();
    const { clientId } = await register(directory);
    const disable = new DisableClient(clientId, operator);
    expect(await directory.execute(disable)).toEqual({ kind: 'disabled' });
    expect(await directory.execute(disable)).toEqual({ kind: 'already_disabled' });
    expect((await client(directory, clientId)).status).toBe('disabled');
  });
});

describe('looking up a client', () => {
  it.each(['', 'nobody', 'a b', "x' OR '1'='1", '\0', '\ud800', 'a'.repeat(100_000)])(
    'finds none for %j',
    async (clientId) => {
      const directory = await openWithProject();
      expect(await directory.get(DirectoryReader).client(clientId)).toBeUndefined();
    },
  );
});
