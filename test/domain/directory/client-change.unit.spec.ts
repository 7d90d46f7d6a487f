import { describe, expect, it } from '@jest/globals';
import {
  type ClientChange,
  judgeClientChange,
  membersOf,
} from '../../../src/domain/directory/client-change.rules.js';
import { judgeClientMetadata } from '../../../src/domain/directory/client-metadata.rules.js';
import type { ClientState } from '../../../src/domain/directory/directory.state.js';
import type { ClientMetadata } from '../../../src/domain/events/directory.events.js';
import type { ClientId } from '../../../src/domain/identifiers.js';
import { FIRST_AT, publicMetadata, webMetadata } from './directory-history.js';

const complete: ClientMetadata = {
  ...webMetadata,
  applicationType: 'native',
  redirectUris: ['http://127.0.0.1/a', 'com.example.photos:/b'],
  postLogoutRedirectUris: ['http://127.0.0.1/bye'],
  scope: ['openid', 'photos'],
  clientUri: 'https://photos.example.com/',
  policy: { rotation: 'fixed', idle: 86_400_000 },
};

const clientWith = (metadata: ClientMetadata, firstParty = false): ClientState => ({
  clientId: 'photos' as ClientId,
  status: 'active',
  metadata,
  firstParty,
  verified: true,
  operatorScopes: [],
  mayIntrospect: false,
  resources: [],
  registeredAt: FIRST_AT,
});

const changed = (metadata: ClientMetadata, change: ClientChange) =>
  judgeClientChange(clientWith(metadata), change);

it('leaves room for what is assigned to the client', () => {
  const scope = Array.from({ length: 64 }, (_, index) => `s${index}`).join(' ');
  const operator = { ...clientWith(webMetadata, true), operatorScopes: ['admin'] };
  expect(judgeClientChange(operator, { members: { scope } })).toMatchObject({
    error: 'invalid_client_metadata',
  });
  expect(changed(webMetadata, { members: { scope } })).toHaveProperty('metadata');
});

describe('what a client registered', () => {
  it.each([
    ['a web application', webMetadata],
    ['an application without a secret', publicMetadata],
    ['one with every member', complete],
  ])('is judged again to be the same: %s', (_what, metadata) => {
    const { policy } = metadata;
    expect(judgeClientMetadata(membersOf(metadata), { firstParty: false, policy })).toEqual({
      metadata,
    });
  });

  it('has no member that was not registered', () => {
    expect(Object.keys(membersOf({ ...webMetadata, clientUri: undefined }))).toEqual([
      'client_name',
      'application_type',
      'redirect_uris',
      'grant_types',
      'token_endpoint_auth_method',
    ]);
  });
});

describe('changing a client', () => {
  it.each<[what: string, change: ClientChange, becomes: Partial<ClientMetadata>]>([
    ['nothing', { members: {} }, {}],
    ['its name', { members: { client_name: 'Pictures' } }, { name: 'Pictures' }],
    [
      'its redirect URIs, all of them',
      { members: { redirect_uris: ['http://127.0.0.1/c'] } },
      { redirectUris: ['http://127.0.0.1/c'] },
    ],
    ['its scope', { members: { scope: 'photos' } }, { scope: ['photos'] }],
    ['its scope to any', { members: { scope: null } }, { scope: null }],
    [
      'a span of its policy',
      { members: {}, policy: { idle: 60_000 } },
      { policy: { rotation: 'fixed', idle: 60_000 } },
    ],
    ['its policy to that of the service', { members: {}, dropsPolicy: true }, { policy: {} }],
    [
      'its policy to what is given alone',
      { members: {}, policy: { absolute: 60_000 }, dropsPolicy: true },
      { policy: { absolute: 60_000 } },
    ],
  ])('changes %s, and nothing else', (_what, change, becomes) => {
    expect(changed(complete, change)).toEqual({ metadata: { ...complete, ...becomes } });
  });

  it('is judged by the rules of a registration, with what stays', () => {
    expect(changed(webMetadata, { members: { redirect_uris: [] } })).toMatchObject({
      error: 'invalid_redirect_uri',
    });
    expect(changed(publicMetadata, { members: {}, policy: { rotation: 'fixed' } })).toMatchObject({
      error: 'invalid_client_metadata',
    });
    expect(changed(webMetadata, { members: {}, policy: { idle: 1 } })).toMatchObject({
      description: 'policy.idle must be between 60000 and 315360000000 milliseconds',
    });
  });

  it('lets only a first party name operator scopes', () => {
    const change = { members: { scope: 'audit:read' } };
    expect(changed(webMetadata, change)).toMatchObject({ error: 'invalid_client_metadata' });
    expect(judgeClientChange(clientWith(webMetadata, true), change)).toEqual({
      metadata: { ...webMetadata, scope: ['audit:read'] },
    });
  });
});
