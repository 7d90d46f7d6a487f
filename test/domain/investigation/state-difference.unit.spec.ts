import { describe, expect, it } from '@jest/globals';
import type { StreamKind } from '../../../src/domain/identifiers.js';
import { STEPS_MAX } from '../../../src/domain/investigation/state-difference.rules.js';
import { goldenBodies } from '../../support/domain-golden-events.js';
import {
  familyAt,
  POLICY,
  rejected,
  revoked,
  rotatedTo,
  WHOLE_GRANT,
} from '../../support/domain-family-events.js';
import { FAMILY_ID, GRANTED_AT, REDEEMED_AT, rotatedAt } from '../../support/domain-world.js';
import { fold } from '../../support/given-when-then.js';
import { differenceBetween, ledgerEvent, ledgerEvents, place, stateAt } from './told-families.js';

const family = (...events: Parameters<typeof fold>[0]) => ledgerEvents('family', FAMILY_ID, events);

/** The golden events of these types as one stream, a millisecond apart. */
function goldenStream(kind: StreamKind, ...types: string[]) {
  return types.map((type, index) => {
    const { data } = JSON.parse(goldenBodies[type]!) as { data: object };
    return ledgerEvent(kind, 'the-id', { type, data, recordedAt: GRANTED_AT + index }, index);
  });
}

describe('the state at a moment', () => {
  it('is the fold of the events up to it', () => {
    expect(stateAt('family', family(...familyAt(3)))).toEqual(fold(familyAt(3)));
    expect(stateAt('client', goldenStream('client', 'ClientRegistered'))).toMatchObject({
      clientId: 'the-id',
      registeredAt: GRANTED_AT,
    });
  });

  it('is none before the first', () => {
    expect(stateAt('family', [])).toBeUndefined();
  });

  it('is none of a history that is impossible', () => {
    expect(() => stateAt('family', family(...familyAt(1)).slice(1))).toThrow(
      'cannot be the first event',
    );
  });
});

describe('the difference between two moments', () => {
  it('tells what each event changed, and what came of it', () => {
    const history = family(...familyAt(0), rotatedTo(1), revoked(rotatedAt(2)));
    expect(differenceBetween('family', history.slice(0, 2), history.slice(2))).toStrictEqual({
      steps: [
        {
          position: place(2),
          type: 'RefreshTokenRotated',
          at: rotatedAt(1),
          changes: [
            {
              path: '/answers',
              before: [],
              after: [{ requestHash: WHOLE_GRANT, token: tokenOf(fold(familyAt(1))) }],
            },
            { path: '/generation', before: 0, after: 1 },
            {
              path: '/idleExpiresAt',
              before: REDEEMED_AT + POLICY.idle,
              after: rotatedAt(1) + POLICY.idle,
            },
            { path: '/nextSequence', before: 1, after: 2 },
            { path: '/recentRotations', before: [], after: [rotatedAt(1)] },
            { path: '/updatedAt', before: REDEEMED_AT, after: rotatedAt(1) },
          ],
        },
        {
          position: place(3),
          type: 'FamilyRevoked',
          at: rotatedAt(2),
          changes: [
            { path: '/revoked', after: { at: rotatedAt(2), reason: 'operator_request' } },
            { path: '/status', before: 'active', after: 'revoked' },
            { path: '/updatedAt', before: rotatedAt(1), after: rotatedAt(2) },
          ],
        },
      ],
      stepsOmitted: 0,
      net: [
        {
          path: '/answers',
          before: [],
          after: [{ requestHash: WHOLE_GRANT, token: tokenOf(fold(familyAt(1))) }],
        },
        { path: '/generation', before: 0, after: 1 },
        {
          path: '/idleExpiresAt',
          before: REDEEMED_AT + POLICY.idle,
          after: rotatedAt(1) + POLICY.idle,
        },
        { path: '/nextSequence', before: 1, after: 2 },
        { path: '/recentRotations', before: [], after: [rotatedAt(1)] },
        { path: '/revoked', after: { at: rotatedAt(2), reason: 'operator_request' } },
        { path: '/status', before: 'active', after: 'revoked' },
        { path: '/updatedAt', before: REDEEMED_AT, after: rotatedAt(2) },
      ],
    });
  });

  it('goes into the members of members, and tells what is gone', () => {
    const [grant, redemption] = family(...familyAt(0));
    const { net } = differenceBetween('family', [grant!], [redemption!]);
    const paths = net.map(({ path }) => path);
    expect(paths.filter((path) => path.startsWith('/code'))).toEqual([
      '/code/expiresAt',
      '/code/keyId',
      '/code/redeemedAt',
    ]);
    const expiry = net.find(({ path }) => path === '/code/expiresAt');
    expect(expiry).toStrictEqual({ path: '/code/expiresAt', before: GRANTED_AT + 60_000 });
  });

  it('tells everything of a stream that begins in between', () => {
    const events = goldenStream('project', 'ProjectCreated', 'ProjectDisabled');
    const difference = differenceBetween('project', [], events);
    expect(difference).toStrictEqual({
      steps: [
        {
          position: place(0),
          type: 'ProjectCreated',
          at: GRANTED_AT,
          changes: [
            { path: '/slug', after: 'default' },
            { path: '/status', after: 'active' },
          ],
        },
        {
          position: place(1),
          type: 'ProjectDisabled',
          at: GRANTED_AT + 1,
          changes: [{ path: '/status', before: 'active', after: 'disabled' }],
        },
      ],
      stepsOmitted: 0,
      net: [
        { path: '/slug', after: 'default' },
        { path: '/status', after: 'disabled' },
      ],
    });
  });

  it('is none where nothing was recorded', () => {
    const none = { steps: [], stepsOmitted: 0, net: [] };
    expect(differenceBetween('family', [], [])).toStrictEqual(none);
    expect(differenceBetween('family', family(...familyAt(1)), [])).toStrictEqual(none);
  });

  it('cancels out in all what one event undid of another', () => {
    const tokens = goldenStream('consent', 'ConsentGiven', 'ConsentWithdrawn', 'ConsentGiven');
    const { steps, net } = differenceBetween('consent', tokens.slice(0, 1), tokens.slice(1));
    expect(steps.map(({ changes }) => changes)).toStrictEqual([
      [{ path: '/withdrawn', before: false, after: true }],
      [{ path: '/withdrawn', before: true, after: false }],
    ]);
    expect(net).toEqual([]);
  });

  it('writes paths as JSON pointers', () => {
    const [created] = goldenStream('signing_key', 'SigningKeyCreated');
    const data = { ...created!.data, publicJwk: { 'a/b~c': '1' } };
    const { net } = differenceBetween(
      'signing_key',
      [{ ...created!, data }],
      [
        {
          ...created!,
          data: { ...data, publicJwk: { 'a/b~c': '2' } },
        },
      ],
    );
    expect(net).toStrictEqual([{ path: '/publicJwk/a~1b~0c', before: '1', after: '2' }]);
  });

  it('is not misled by names that every object has', () => {
    const [created] = goldenStream('signing_key', 'SigningKeyCreated');
    const keyed = (publicJwk: Record<string, string>) => ({
      ...created!,
      data: { ...created!.data, publicJwk },
    });
    const { net } = differenceBetween('signing_key', [keyed({})], [keyed({ constructor: 'x' })]);
    expect(net).toStrictEqual([{ path: '/publicJwk/constructor', after: 'x' }]);
  });

  it('tells a value that becomes an object, or ceases to be one', () => {
    const [registered, updated] = goldenStream('client', 'ClientRegistered', 'ClientUpdated');
    const withMetadata = (event = updated!, metadata: object) => ({
      ...event,
      data: { ...event.data, metadata },
    });
    const object = { policy: { idle: 1 }, scope: null };
    const changed = { ...updated!, data: {} };
    const history = [
      withMetadata(registered, object),
      withMetadata(changed, { policy: null, scope: ['a'] }),
      withMetadata(changed, object),
    ];
    expect(differenceBetween('client', history.slice(0, 1), history.slice(1)).steps).toMatchObject([
      {
        changes: [
          { path: '/metadata/policy', before: { idle: 1 }, after: null },
          { path: '/metadata/scope', before: null, after: ['a'] },
        ],
      },
      {
        changes: [
          { path: '/metadata/policy', before: null, after: { idle: 1 } },
          { path: '/metadata/scope', before: ['a'], after: null },
        ],
      },
    ]);
  });

  it('tells a bounded number of steps, and what came of all', () => {
    const begun = familyAt(1);
    const noise = (count: number) =>
      Array.from({ length: count }, (_, index) =>
        rejected(1, 'scope_exceeded', rotatedAt(1) + index),
      );
    const history = family(...begun, ...noise(STEPS_MAX + 2), revoked(rotatedAt(2)));
    const difference = differenceBetween('family', history.slice(0, 3), history.slice(3));
    expect(difference.steps).toHaveLength(STEPS_MAX);
    expect(difference.stepsOmitted).toBe(3);
    expect(difference.steps.at(-1)?.position).toBe(place(2 + STEPS_MAX));
    expect(difference.net).toContainEqual({
      path: '/status',
      before: 'active',
      after: 'revoked',
    });
    expect(
      differenceBetween('family', history.slice(0, 3), history.slice(3, 3 + STEPS_MAX)),
    ).toMatchObject({ stepsOmitted: 0 });
  });
});

function tokenOf(state: ReturnType<typeof fold>): unknown {
  return state?.answers[0]?.token;
}
