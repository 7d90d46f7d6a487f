import { describe, expect, it } from '@jest/globals';
import { decideCreateProject } from '../../../src/domain/directory/project.decider.js';
import {
  decideActivateSigningKey,
  decideCreateSigningKey,
  decideMoveSigningKeyTokensNotBefore,
  decideRetireSigningKey,
} from '../../../src/domain/directory/signing-key.decider.js';
import type { SigningKeyState } from '../../../src/domain/directory/directory.state.js';
import { keyThatSigns } from '../../../src/domain/directory/signing-key.rules.js';
import type { EventOf } from '../../../src/domain/events/event-catalogue.js';
import { FIRST_AT, given } from './directory-history.js';

describe('creating a project', () => {
  it('happens once; again changes nothing', () => {
    const after = given('project', 'default')
      .when((before) => decideCreateProject(before, 'default'))
      .then({
        events: [{ type: 'ProjectCreated', data: { slug: 'default' } }],
        outcome: { kind: 'created' },
      })
      .when((before) => decideCreateProject(before, 'default'))
      .then({ outcome: { kind: 'already_exists' } });
    expect(after.state).toEqual({ slug: 'default', status: 'active' });
  });
});

describe('a signing key', () => {
  const facts = {
    algorithm: 'ES256' as const,
    publicJwk: { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' },
    vaultId: 'vault-1',
  };
  const created: EventOf<'signing_key'> = { type: 'SigningKeyCreated', data: facts };
  const activated: EventOf<'signing_key'> = { type: 'SigningKeyActivated', data: {} };
  const retired: EventOf<'signing_key'> = { type: 'SigningKeyRetired', data: {} };
  const key = (...history: readonly EventOf<'signing_key'>[]) =>
    given('signing_key', 'key-1', ...history);
  const refused = <Reason extends string>(reason: Reason) => ({ kind: 'refused', reason }) as const;

  it('is published first, and signs later', () => {
    const published = key()
      .when((before) => decideCreateSigningKey(before, { ...facts, activate: false }))
      .then({ events: [created], outcome: { kind: 'created' } });
    expect(published.state).toEqual({
      keyId: 'key-1',
      status: 'published',
      createdAt: FIRST_AT,
      ...facts,
    });
    const active = published
      .when(decideActivateSigningKey)
      .then({ events: [activated], outcome: { kind: 'activated' } });
    expect(active.state?.status).toBe('active');
  });

  it('can sign from the moment it is published', () => {
    const { state } = key()
      .when((before) => decideCreateSigningKey(before, { ...facts, activate: true }))
      .then({ events: [created, activated], outcome: { kind: 'created' } });
    expect(state?.status).toBe('active');
  });

  it('is created and activated once', () => {
    key(created, activated)
      .when((before) => decideCreateSigningKey(before, { ...facts, activate: true }))
      .then({ outcome: refused('key_exists') });
    key(created, activated)
      .when(decideActivateSigningKey)
      .then({ outcome: { kind: 'already_active' } });
  });

  it('signs nothing once retired, and never again', () => {
    const after = key(created, activated)
      .when((before) => decideRetireSigningKey(before, 'key-2'))
      .then({ events: [retired], outcome: { kind: 'retired' } });
    expect(after.state?.status).toBe('retired');
    after
      .when((before) => decideRetireSigningKey(before, 'key-2'))
      .then({ outcome: { kind: 'already_retired' } });
    after.when(decideActivateSigningKey).then({ outcome: refused('key_retired') });
  });

  it('is not retired while new tokens are signed with it', () => {
    key(created, activated)
      .when((before) => decideRetireSigningKey(before, 'key-1'))
      .then({ outcome: refused('key_in_use') });
  });

  it('voids what it signed before an instant, which only moves forwards', () => {
    const moved = (tokensNotBefore: number): EventOf<'signing_key'> => ({
      type: 'SigningKeyTokensNotBeforeMoved',
      data: { tokensNotBefore },
    });
    const after = key(created, activated)
      .when((before) => decideMoveSigningKeyTokensNotBefore(before, 2000))
      .then({ events: [moved(2000)], outcome: { kind: 'moved' } });
    expect(after.state).toMatchObject({ status: 'active', tokensNotBefore: 2000 });
    for (const instant of [2000, 1000]) {
      after
        .when((before) => decideMoveSigningKeyTokensNotBefore(before, instant))
        .then({ outcome: { kind: 'unchanged' } });
    }
    key()
      .when((before) => decideMoveSigningKeyTokensNotBefore(before, 2000))
      .then({ outcome: refused('unknown_key') });
  });

  it('must be known', () => {
    key()
      .when(decideActivateSigningKey)
      .then({ outcome: refused('unknown_key') });
    key()
      .when((before) => decideRetireSigningKey(before, undefined))
      .then({ outcome: refused('unknown_key') });
  });
});

describe('the key that signs', () => {
  const key = (
    keyId: string,
    status: SigningKeyState['status'],
    createdAt: number,
  ): SigningKeyState => ({
    keyId,
    status,
    createdAt,
    algorithm: 'ES256',
    publicJwk: {},
    vaultId: 'vault-1',
  });

  it.each<[why: string, keys: readonly SigningKeyState[], signing: string | undefined]>([
    ['none where there is no key', [], undefined],
    ['none while none is active', [key('a', 'published', 1), key('b', 'retired', 2)], undefined],
    ['the active one', [key('a', 'active', 1), key('b', 'published', 2)], 'a'],
    ['the youngest of the active ones', [key('b', 'active', 1), key('a', 'active', 2)], 'a'],
    ['never a retired one', [key('a', 'active', 1), key('b', 'retired', 2)], 'a'],
    ['one of two that are equally young', [key('a', 'active', 1), key('b', 'active', 1)], 'b'],
  ])('is %s, in whatever order they come', (_why, keys, signing) => {
    expect(keyThatSigns(keys)).toBe(signing);
    expect(keyThatSigns(keys.toReversed())).toBe(signing);
  });
});
