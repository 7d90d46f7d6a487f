import { describe, expect, it } from '@jest/globals';
import {
  accessTerms,
  accessTokenLifetimeOf,
  hasIdToken,
} from '../../../src/domain/token-family/access-token.rules.js';
import { clientNamed, ISSUER, photoApp, SUBJECT } from '../../support/domain-world.js';

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
  ])('is never %s', (_what, request, error) => {
    expect(accessTerms(grant, request, ISSUER)).toEqual({ error });
  });

  it('is for the issuer where no resource was granted', () => {
    const terms = { scope: grant.scope, audience: [ISSUER] };
    expect(accessTerms({ ...grant, resources: [] }, {}, ISSUER)).toEqual(terms);
    expect(accessTerms({ ...grant, resources: [] }, { resources: [] }, ISSUER)).toEqual(terms);
  });

  it('is not for the issuer by naming it, where no resource was granted', () => {
    expect(accessTerms({ ...grant, resources: [] }, { resources: [ISSUER] }, ISSUER)).toEqual({
      error: 'invalid_target',
    });
  });
});

describe('how long an access token lives', () => {
  const { metadata } = photoApp;
  it.each([
    ['as the client has it', { ...metadata, policy: { accessTokenLifetime: 1_000 } }, 1_000],
    ['as everywhere where the client has nothing', metadata, 600_000],
  ])('is %s', (_what, own, lifetime) => {
    const client = clientNamed('photo-app', 'none', { metadata: own });
    expect(accessTokenLifetimeOf(client, 600_000)).toBe(lifetime);
  });

  it('is as everywhere where the client is unknown', () => {
    expect(accessTokenLifetimeOf(undefined, 600_000)).toBe(600_000);
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
