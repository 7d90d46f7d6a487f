import { describe, expect, it } from '@jest/globals';
import {
  decideDisableClient,
  decideMoveClientTokensNotBefore,
  decideRegisterClient,
  decideRotateClientSecret,
  decideUpdateClient,
  type RegisterClient,
  type UpdateClient,
} from '../../../src/domain/directory/client.decider.js';
import type { ClientState } from '../../../src/domain/directory/directory.state.js';
import type { EventOf } from '../../../src/domain/events/event-catalogue.js';
import { FIRST_AT, given, MINUTE, publicMetadata, webMetadata } from './directory-history.js';

const project = { slug: 'default', status: 'active' } as const;
const register: RegisterClient = {
  metadata: webMetadata,
  secretId: 'secret-1',
  firstParty: false,
  verified: true,
  operatorScopes: [],
  mayIntrospect: false,
  resources: [],
};
const registered = (change: Partial<RegisterClient> = {}): EventOf<'client'> => {
  const { resources, ...data } = { ...register, ...change };
  return {
    type: 'ClientRegistered',
    data: {
      ...data,
      operatorScopes: [...data.operatorScopes],
      ...(resources.length === 0 ? {} : { resources: [...resources] }),
    },
  };
};
const disabled = { type: 'ClientDisabled', data: {} } as const;
const rotated = (secretId: string, previousUntil: number): EventOf<'client'> => ({
  type: 'ClientSecretRotated',
  data: { secretId, previousUntil },
});
const client = (...history: readonly EventOf<'client'>[]) => given('client', 'photos', ...history);
const refused = <Reason extends string>(reason: Reason) => ({ kind: 'refused', reason }) as const;

describe('registering a client', () => {
  it('makes it known, with its secret by name', () => {
    const { state } = client()
      .when((before) => decideRegisterClient(before, register, project))
      .then({ events: [registered()], outcome: { kind: 'registered' } });
    expect(state).toMatchObject({
      clientId: 'photos',
      status: 'active',
      metadata: webMetadata,
      secretId: 'secret-1',
      verified: true,
      resources: [],
      registeredAt: FIRST_AT,
    });
  });

  it('needs no secret for a public client', () => {
    const { secretId: _, resources, ...withoutSecret } = register;
    const command = { ...withoutSecret, metadata: publicMetadata };
    client()
      .when((before) => decideRegisterClient(before, { ...command, resources }, project))
      .then({
        events: [{ type: 'ClientRegistered', data: { ...command, operatorScopes: [] } }],
        outcome: { kind: 'registered' },
      });
  });

  it('assigns operator scopes to a first party, sorted', () => {
    const command = {
      ...register,
      firstParty: true,
      operatorScopes: ['replay:run', 'audit:read'],
    };
    client()
      .when((before) => decideRegisterClient(before, command, project))
      .then({
        events: [registered({ firstParty: true, operatorScopes: ['audit:read', 'replay:run'] })],
        outcome: { kind: 'registered' },
      });
  });

  it('makes it the resource server of the resources assigned to it', () => {
    const resources = ['https://api.example.com/photos', 'urn:example:albums'];
    const { state } = client()
      .when((before) => decideRegisterClient(before, { ...register, resources }, project))
      .then({ events: [registered({ resources })], outcome: { kind: 'registered' } });
    expect(state?.resources).toEqual(resources);
  });

  it.each([
    ['a public client', { metadata: publicMetadata, secretId: undefined }],
    ['a client that registered itself', { verified: false }],
  ])('makes no resource server of %s', (_whom, change: Partial<RegisterClient>) => {
    const command = { ...register, ...change, resources: ['https://api.example.com/photos'] };
    client()
      .when((before) => decideRegisterClient(before, command, project))
      .then({ outcome: refused('resource_refused') });
  });

  it.each([
    ['operator scopes assigned to others', { operatorScopes: ['audit:read'] }],
    [
      'operator scopes that others would ask for',
      { metadata: { ...webMetadata, scope: ['admin'] } },
    ],
    [
      'assigned scopes that are no operator scopes',
      { firstParty: true, operatorScopes: ['openid'] },
    ],
  ])('refuses %s', (_what, change: Partial<RegisterClient>) => {
    client()
      .when((before) => decideRegisterClient(before, { ...register, ...change }, project))
      .then({ outcome: refused('operator_scope_refused') });
  });

  it.each([
    ['a public client with a secret', { metadata: publicMetadata }],
    ['a confidential client without one', { secretId: undefined }],
  ])('refuses %s', (_what, change: Partial<RegisterClient>) => {
    client()
      .when((before) => decideRegisterClient(before, { ...register, ...change }, project))
      .then({ outcome: refused('secret_mismatch') });
  });

  it('happens once', () => {
    client(registered())
      .when((before) => decideRegisterClient(before, register, project))
      .then({ outcome: refused('already_registered') });
  });

  it.each([undefined, { slug: 'default', status: 'disabled' } as const])(
    'needs a project that is active',
    (unavailable) => {
      client()
        .when((before) => decideRegisterClient(before, register, unavailable))
        .then({ outcome: refused('project_unavailable') });
    },
  );
});

describe('updating a client', () => {
  const renamed = { ...webMetadata, name: 'Pictures' };

  it('replaces its metadata', () => {
    const { state } = client(registered())
      .when((before) => decideUpdateClient(before, { metadata: renamed }))
      .then({
        events: [{ type: 'ClientUpdated', data: { metadata: renamed } }],
        outcome: { kind: 'updated' },
      });
    expect(state?.metadata).toEqual(renamed);
  });

  it('changes nothing when nothing is different', () => {
    client(registered())
      .when((before) => decideUpdateClient(before, { metadata: { ...webMetadata } }))
      .then({ outcome: { kind: 'unchanged' } });
  });

  it('lets it introspect or not, and makes it another resource server or none', () => {
    const metadata = webMetadata;
    const [photos, albums] = ['https://photos.example', 'https://albums.example'];
    const updated = (data: Partial<UpdateClient>) => ({
      events: [{ type: 'ClientUpdated', data: { metadata, ...data } } as EventOf<'client'>],
      outcome: { kind: 'updated' } as const,
    });
    const change = (more: Partial<UpdateClient>) => (before: ClientState | undefined) =>
      decideUpdateClient(before, { metadata, ...more });
    const both = client(registered())
      .when(change({ mayIntrospect: true, resources: [photos, albums] }))
      .then(updated({ mayIntrospect: true, resources: [photos, albums] }));
    expect(both.state).toMatchObject({ mayIntrospect: true, resources: [photos, albums] });
    both
      .when(change({ mayIntrospect: true, resources: [photos, albums] }))
      .then({ outcome: { kind: 'unchanged' } });
    both.when(change({})).then({ outcome: { kind: 'unchanged' } });
    const fewer = both.when(change({ resources: [albums] })).then(updated({ resources: [albums] }));
    expect(fewer.state).toMatchObject({ mayIntrospect: true, resources: [albums] });
    const { state } = fewer
      .when(change({ mayIntrospect: false }))
      .then(updated({ mayIntrospect: false }))
      .when(change({ resources: [] }))
      .then(updated({ resources: [] }));
    expect(state).toMatchObject({ mayIntrospect: false, resources: [] });
  });

  it.each([
    ['has no secret', registered({ metadata: publicMetadata }), publicMetadata],
    ['registered itself', registered({ verified: false }), webMetadata],
  ])('makes no client a resource server that %s', (_what, registration, metadata) => {
    client(registration)
      .when((before) => decideUpdateClient(before, { metadata, resources: ['https://a.example'] }))
      .then({ outcome: refused('resource_refused') });
  });

  it('lets a client change how it sends its secret', () => {
    const metadata = { ...webMetadata, authMethod: 'client_secret_post' } as const;
    client(registered())
      .when((before) => decideUpdateClient(before, { metadata }))
      .then({
        events: [{ type: 'ClientUpdated', data: { metadata } }],
        outcome: { kind: 'updated' },
      });
  });

  it('lets no client lose or gain its secret', () => {
    client(registered())
      .when((before) => decideUpdateClient(before, { metadata: publicMetadata }))
      .then({ outcome: refused('authentication_changed') });
    client(registered({ metadata: publicMetadata }))
      .when((before) => decideUpdateClient(before, { metadata: webMetadata }))
      .then({ outcome: refused('authentication_changed') });
  });

  it('keeps operator scopes to first parties', () => {
    const metadata = { ...webMetadata, scope: ['admin', 'openid'] };
    client(registered())
      .when((before) => decideUpdateClient(before, { metadata }))
      .then({ outcome: refused('operator_scope_refused') });
    client(registered({ firstParty: true }))
      .when((before) => decideUpdateClient(before, { metadata }))
      .then({
        events: [{ type: 'ClientUpdated', data: { metadata } }],
        outcome: { kind: 'updated' },
      });
  });

  it('is refused for a client that is unknown or disabled', () => {
    client()
      .when((before) => decideUpdateClient(before, { metadata: renamed }))
      .then({ outcome: refused('unknown_client') });
    client(registered(), disabled)
      .when((before) => decideUpdateClient(before, { metadata: renamed }))
      .then({ outcome: refused('client_disabled') });
  });
});

describe('rotating the secret of a client', () => {
  it('lets the one before work on for as long as was asked', () => {
    const at = FIRST_AT + MINUTE;
    const after = client(registered())
      .when((before, recordedAt) =>
        decideRotateClientSecret(before, { secretId: 'secret-2', overlap: MINUTE }, recordedAt),
      )
      .then({
        events: [rotated('secret-2', at + MINUTE)],
        outcome: { kind: 'rotated', previousUntil: at + MINUTE },
      });
    expect(after.state).toMatchObject({
      secretId: 'secret-2',
      previousSecret: { secretId: 'secret-1', until: at + MINUTE },
    });
  });

  it('forgets the secret before the last', () => {
    const { state } = client(registered(), rotated('secret-2', FIRST_AT + 60 * MINUTE))
      .when((before, recordedAt) =>
        decideRotateClientSecret(before, { secretId: 'secret-3', overlap: 0 }, recordedAt),
      )
      .then({
        events: [rotated('secret-3', FIRST_AT + 2 * MINUTE)],
        outcome: { kind: 'rotated', previousUntil: FIRST_AT + 2 * MINUTE },
      });
    expect(state?.previousSecret?.secretId).toBe('secret-2');
  });

  it.each([
    ['an unknown client', [], 'unknown_client'],
    ['a disabled client', [registered(), disabled], 'client_disabled'],
    ['a public client', [registered({ metadata: publicMetadata })], 'public_client'],
  ] as const)('is refused for %s', (_whom, history, reason) => {
    client(...history)
      .when((before, recordedAt) =>
        decideRotateClientSecret(before, { secretId: 'secret-2', overlap: 0 }, recordedAt),
      )
      .then({ outcome: refused(reason) });
  });
});

describe('disabling a client', () => {
  it('happens once and for good', () => {
    client(registered())
      .when(decideDisableClient)
      .then({ events: [disabled], outcome: { kind: 'disabled' } })
      .when(decideDisableClient)
      .then({ outcome: { kind: 'already_disabled' } });
  });

  it('is refused for an unknown client', () => {
    client()
      .when(decideDisableClient)
      .then({ outcome: refused('unknown_client') });
  });
});

describe('voiding what a client was given before an instant', () => {
  const moved = (tokensNotBefore: number): EventOf<'client'> => ({
    type: 'ClientTokensNotBeforeMoved',
    data: { tokensNotBefore },
  });

  it('only ever moves the instant forwards, whatever became of the client', () => {
    const { state } = client(registered(), disabled)
      .when((before) => decideMoveClientTokensNotBefore(before, FIRST_AT))
      .then({ events: [moved(FIRST_AT)], outcome: { kind: 'moved' } })
      .when((before) => decideMoveClientTokensNotBefore(before, FIRST_AT))
      .then({ outcome: { kind: 'unchanged' } })
      .when((before) => decideMoveClientTokensNotBefore(before, FIRST_AT + 1))
      .then({ events: [moved(FIRST_AT + 1)], outcome: { kind: 'moved' } });
    expect(state?.tokensNotBefore).toBe(FIRST_AT + 1);
  });

  it('is refused for an unknown client', () => {
    client()
      .when((before) => decideMoveClientTokensNotBefore(before, FIRST_AT))
      .then({ outcome: refused('unknown_client') });
  });
});
