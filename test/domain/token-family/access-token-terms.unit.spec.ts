import { describe, expect, it } from '@jest/globals';
import {
  accessTerms,
  hasIdToken,
  idleExpiryOf,
  nextAccessToken,
} from '../../../src/domain/token-family/access-token.rules.js';
import { POLICY } from '../../support/domain-family-events.js';
import {
  clientNamed,
  GRANTED_AT,
  ISSUER,
  photoApp,
  SIGNING_KEY_ID,
  SUBJECT,
} from '../../support/domain-world.js';

const ALBUMS = 'https://api.example.com/albums';
const PHOTOS = 'https://api.example.com/photos';
const grant = { scope: ['offline_access', 'openid', 'photos:read'], resources: [ALBUMS, PHOTOS] };
const whole = { scope: grant.scope, audience: grant.resources };

describe('what an access token is narrowed to', () => {
  it.each([
    ['all that was granted when nothing is asked for', {}, whole],
    ['the scope that is asked for', { scope: ['openid'] }, { ...whole, scope: ['openid'] }],
    ['no scope when none is asked for', { scope: [] }, { ...whole, scope: [] }],
    ['the resource that is asked for', { resources: [PHOTOS] }, { ...whole, audience: [PHOTOS] }],
    ['all resources when the list is empty', { resources: [] }, whole],
    ['the order of the grant', { resources: [PHOTOS, ALBUMS] }, whole],
    [
      'each scope once',
      { scope: ['photos:read', 'openid', 'photos:read'] },
      { ...whole, scope: ['openid', 'photos:read'] },
    ],
  ])('is %s', (_what, request, terms) => {
    expect(accessTerms(grant, request, ISSUER)).toEqual(terms);
  });

  it.each([
    ['a scope beside granted ones', { scope: ['openid', 'admin'] }, 'invalid_scope'],
    ['a scope in other letters', { scope: ['OpenID'] }, 'invalid_scope'],
    ['a resource that was not granted', { resources: [PHOTOS, ISSUER] }, 'invalid_target'],
    ['a resource below a granted one', { resources: [`${PHOTOS}/1`] }, 'invalid_target'],
    ['both', { scope: ['admin'], resources: [ISSUER] }, 'invalid_scope'],
    ['a scope that is none', { fault: 'invalid_scope' }, 'invalid_scope'],
    ['a resource that is none', { fault: 'invalid_target', scope: ['openid'] }, 'invalid_target'],
  ] as const)('is never %s', (_what, request, error) => {
    const reason = error === 'invalid_scope' ? 'scope_exceeded' : 'target_exceeded';
    expect(accessTerms(grant, request, ISSUER)).toEqual({ error, reason });
  });

  it('is for the issuer where no resource was granted', () => {
    const terms = { scope: grant.scope, audience: [ISSUER] };
    expect(accessTerms({ ...grant, resources: [] }, {}, ISSUER)).toEqual(terms);
    expect(accessTerms({ ...grant, resources: [] }, { resources: [] }, ISSUER)).toEqual(terms);
  });

  it('is not for the issuer by naming it, where no resource was granted', () => {
    expect(accessTerms({ ...grant, resources: [] }, { resources: [ISSUER] }, ISSUER)).toEqual({
      error: 'invalid_target',
      reason: 'target_exceeded',
    });
  });
});

describe('the facts of an access token', () => {
  const terms = { scope: ['openid'], audience: [PHOTOS] };
  const own = clientNamed('photo-app', 'none', {
    metadata: { ...photoApp.metadata, policy: { accessTokenLifetime: 1_000 } },
  });
  const context = {
    client: photoApp,
    recordedAt: GRANTED_AT,
    accessTokenLifetime: 600_000,
    signingKeyId: SIGNING_KEY_ID,
  };

  it('say all that is needed to mint it', () => {
    expect(nextAccessToken({ nextSequence: 7 }, terms, context, 'key-of-the-app')).toEqual({
      sequence: 7,
      format: 'jwt',
      issuedAt: GRANTED_AT,
      expiresAt: GRANTED_AT + 600_000,
      scope: ['openid'],
      audience: [PHOTOS],
      signingKeyId: SIGNING_KEY_ID,
      senderKey: 'key-of-the-app',
    });
  });

  it.each([
    ['as the client has it', own, 1_000],
    ['as everywhere where the client has nothing', photoApp, 600_000],
    ['as everywhere where the client is unknown', undefined, 600_000],
  ])('say that it lives %s', (_how, client, lifetime) => {
    const token = nextAccessToken({ nextSequence: 0 }, terms, { ...context, client });
    expect(token.expiresAt).toBe(GRANTED_AT + lifetime);
    expect(token.senderKey).toBeUndefined();
  });

  it.each([
    [0, 0],
    [1, 1_000],
    [999, 1_000],
    [1_000, 1_000],
  ])('say a whole second, rounded up: %d ms after one it ends %d ms later', (past, later) => {
    const recordedAt = GRANTED_AT + past;
    const token = nextAccessToken({ nextSequence: 0 }, terms, { ...context, recordedAt });
    expect(token).toMatchObject({
      issuedAt: recordedAt,
      expiresAt: GRANTED_AT + 600_000 + later,
    });
  });

  it.each([
    ['its lifetime, where that ends first', 600_001, 600_000],
    ['the end of the family, where that is the same', 600_000, 600_000],
    ['the end of the family, where that comes first', 599_000, 599_000],
    ['the last whole second of the family', 599_999, 599_000],
  ])('say that it ends with %s', (_what, familyEnds, ends) => {
    const family = { nextSequence: 0, absoluteExpiresAt: GRANTED_AT + familyEnds };
    expect(nextAccessToken(family, terms, context).expiresAt).toBe(GRANTED_AT + ends);
  });
});

describe('the idle end of a refresh token', () => {
  const family = { policy: POLICY, absoluteExpiresAt: GRANTED_AT + POLICY.idle + 1 };

  it.each([
    ['is counted from its issue', GRANTED_AT, GRANTED_AT + POLICY.idle],
    ['can be that of its family', GRANTED_AT + 1, GRANTED_AT + POLICY.idle + 1],
    ['is never later than that of its family', GRANTED_AT + 2, GRANTED_AT + POLICY.idle + 1],
  ])('%s', (_what, recordedAt, end) => {
    expect(idleExpiryOf(family, { recordedAt })).toBe(end);
  });
});

describe('an ID token', () => {
  it.each([
    [true, { scope: ['openid'], subject: SUBJECT }],
    [false, { scope: ['profile'], subject: SUBJECT }],
    [false, { scope: ['openid'], subject: undefined }],
  ])('is given: %s', (isGiven, family) => {
    expect(hasIdToken(family)).toBe(isGiven);
  });
});
