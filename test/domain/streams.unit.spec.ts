import { describe, expect, it } from '@jest/globals';
import { noEvents } from '../../src/domain/decision.js';
import type { Folded } from '../../src/domain/directory/directory.evolve.js';
import { eventCatalogue } from '../../src/domain/events/event-catalogue.js';
import { DEFAULT_PROJECT, streamIdOf, type StreamKind } from '../../src/domain/identifiers.js';
import { evolve, ownersOf, type StateOf, uniqueKeysOf } from '../../src/domain/streams.js';
import { goldenBodies } from '../support/domain-golden-events.js';
import { GRANTED_AT } from '../support/domain-world.js';

const recordedAt = GRANTED_AT;

/** Folds the golden events of these types, in this order, as one stream. */
function foldGolden<Kind extends StreamKind>(kind: Kind, ...types: string[]) {
  return types.reduce<StateOf<Kind> | undefined>((state, type) => {
    const { data } = JSON.parse(goldenBodies[type]!) as { data: unknown };
    const event = { type, data, recordedAt, id: 'the-id' } as unknown as Folded<Kind>;
    return evolve(kind, state, event);
  }, undefined);
}

const histories: Readonly<
  Record<StreamKind, readonly [state: Record<string, unknown>, ...types: string[]]>
> = {
  family: [
    { status: 'active', generation: 1 },
    'GrantIssued',
    'GrantRedeemed',
    'RefreshTokenRotated',
  ],
  client_token: [
    { clientId: 'photo-server', revoked: true },
    'ClientTokenIssued',
    'AccessTokenRevoked',
  ],
  client: [
    {
      clientId: 'the-id',
      status: 'disabled',
      metadata: expect.objectContaining({ scope: null }),
    },
    'ClientRegistered',
    'ClientUpdated',
    'ClientSecretRotated',
    'ClientTokensNotBeforeMoved',
    'ClientDisabled',
  ],
  account: [
    { subject: 'the-id', status: 'erased' },
    'AccountCreated',
    'AccountPasswordChanged',
    'AccountTokensNotBeforeMoved',
    'AccountDisabled',
    'AccountErased',
  ],
  log: [{ epoch: 1, epochOpenedAt: GRANTED_AT }, 'LogOpened', 'LedgerRestored'],
  project: [{ slug: 'default', status: 'disabled' }, 'ProjectCreated', 'ProjectDisabled'],
  revocation: [
    {
      startedAt: GRANTED_AT,
      terms: expect.objectContaining({ families: 1 }),
      completed: expect.objectContaining({ familiesRevoked: 1, at: GRANTED_AT }),
    },
    'RevocationStarted',
    'RevocationCompleted',
  ],
  signing_key: [
    { keyId: 'the-id', status: 'retired', tokensNotBefore: 1793523612000 },
    'SigningKeyCreated',
    'SigningKeyActivated',
    'SigningKeyRetired',
    'SigningKeyTokensNotBeforeMoved',
  ],
  session: [{ sessionId: 'the-id', ended: 'replaced' }, 'SessionStarted', 'SessionEnded'],
  consent: [{ clientId: 'photo-app', withdrawn: true }, 'ConsentGiven', 'ConsentWithdrawn'],
  incident: [
    { kind: 'refresh_token_reuse', verdict: 'theft', openedAt: recordedAt },
    'IncidentOpened',
    'LedgerRollbackSuspected',
    'IncidentVerdictGiven',
  ],
  administration: [
    { count: 2, lastAt: recordedAt },
    'AdministrationRecorded',
    'AdministrationRecorded',
  ],
};

describe('the state of every kind of stream', () => {
  it.each(Object.keys(eventCatalogue) as StreamKind[])('is folded from its events: %s', (kind) => {
    const [state, ...types] = histories[kind];
    expect(foldGolden(kind, ...types)).toMatchObject(state);
  });

  it.each(
    Object.entries(histories).flatMap(([kind, [, first, ...others]]) =>
      kind === 'consent' || kind === 'administration'
        ? []
        : others.map((type) => [kind as StreamKind, type, first] as const),
    ),
  )('never begins: %s with %s', (kind, type) => {
    expect(() => foldGolden(kind, type)).toThrow(`${type} cannot be the first event`);
  });

  it('never begins: a consent with its withdrawal', () => {
    expect(() => foldGolden('consent', 'ConsentWithdrawn')).toThrow('cannot be the first event');
  });

  it('remembers the secret of a client before the last, when there was one', () => {
    expect(foldGolden('client', 'ClientRegistered', 'ClientSecretRotated')).toMatchObject({
      secretId: expect.any(String) as unknown,
      previousSecret: {
        secretId: expect.any(String) as unknown,
        until: expect.any(Number) as unknown,
      },
    });
    const registered = { ...foldGolden('client', 'ClientRegistered')!, secretId: undefined };
    const { data } = JSON.parse(goldenBodies['ClientSecretRotated']!) as {
      data: Folded<'client'>['data'];
    };
    const rotated = { type: 'ClientSecretRotated', data, recordedAt, id: 'the-id' };
    expect(evolve('client', registered, rotated as Folded<'client'>)).not.toHaveProperty(
      'previousSecret',
    );
  });
});

describe('the unique keys of a stream', () => {
  it('are the digest of its user name for an account, whatever became of it', () => {
    const { data } = JSON.parse(goldenBodies['AccountCreated']!) as {
      data: { usernameDigest: string };
    };
    const keys = [{ keyKind: 'username', key: data.usernameDigest }];
    const account = [
      'AccountCreated',
      'AccountPasswordChanged',
      'AccountDisabled',
      'AccountErased',
    ];
    for (let length = 1; length <= account.length; length += 1) {
      const state = foldGolden<'account'>('account', ...account.slice(0, length))!;
      expect(uniqueKeysOf('account', state)).toEqual(keys);
    }
  });

  it('are none for anything else', () => {
    const kinds = (Object.keys(histories) as StreamKind[]).filter((kind) => kind !== 'account');
    for (const kind of kinds) {
      const [, ...types] = histories[kind];
      expect(uniqueKeysOf(kind, foldGolden(kind, ...types)!)).toEqual([]);
    }
  });
});

describe('whose a stream is', () => {
  it.each([
    ['family', { subjectId: expect.any(String), clientId: 'photo-app' }, 'GrantIssued'],
    ['account', { subjectId: 'the-id', clientId: null }, 'AccountCreated'],
    ['client', { subjectId: null, clientId: 'the-id' }, 'ClientRegistered'],
    ['project', { subjectId: null, clientId: null }, 'ProjectCreated'],
  ] as const)('is said by its state: %s', (kind, owners, first) => {
    expect(ownersOf(foldGolden(kind, first)!)).toEqual(owners);
  });
});

describe('the words of a decision', () => {
  it('names a stream by its kind and its id', () => {
    expect(streamIdOf('family', DEFAULT_PROJECT)).toBe('family:default');
  });

  it('can be that nothing happens', () => {
    expect(noEvents('unknown')).toEqual({ events: [], outcome: 'unknown' });
  });
});
