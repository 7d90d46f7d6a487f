import { describe, expect, it } from '@jest/globals';
import type { ClientState } from '../../../src/domain/directory/directory.state.js';
import {
  grantableScopes,
  isOperatorScope,
  operatorAudienceOf,
  operatorScopesOf,
} from '../../../src/domain/directory/operator-scopes.rules.js';
import type { ClientId } from '../../../src/domain/identifiers.js';
import { webMetadata } from './directory-history.js';

const client = (change: Partial<ClientState>, scope: string[] | null = null): ClientState => ({
  clientId: 'photos' as ClientId,
  status: 'active',
  metadata: { ...webMetadata, scope },
  firstParty: false,
  verified: true,
  operatorScopes: [],
  mayIntrospect: false,
  resources: [],
  registeredAt: 0,
  ...change,
});
const person = { roles: [] };
const administrator = { roles: ['administrator'] } as const;

describe('operator scopes', () => {
  it.each([
    ['administrator', ['admin', 'audit:read', 'replay:run']],
    ['auditor', ['audit:read']],
    ['responder', ['audit:read', 'replay:run']],
  ] as const)('of the role %s', (role, scopes) => {
    expect(operatorScopesOf({ roles: [role] })).toEqual(scopes);
  });

  it('are those of all roles, and none without a role', () => {
    expect(operatorScopesOf({ roles: ['responder', 'auditor'] })).toEqual([
      'audit:read',
      'replay:run',
    ]);
    expect(operatorScopesOf(person)).toEqual([]);
  });

  it('are told from others, and count at an audience of their own', () => {
    expect(isOperatorScope('admin')).toBe(true);
    expect(isOperatorScope('administrator')).toBe(false);
    expect(operatorAudienceOf('https://id.example.com')).toBe('https://id.example.com/admin');
  });
});

describe('what a client may be granted for a person', () => {
  it.each([
    [
      'anything, when it registered no list, sorted and each once',
      null,
      ['photos:read', 'openid', 'photos:read'],
      ['openid', 'photos:read'],
    ],
    ['what it registered', ['openid'], ['openid', 'photos:read'], ['openid']],
    ['offline_access, when it can refresh', null, ['offline_access'], ['offline_access']],
  ])('is %s', (_what, scope, requested, granted) => {
    expect(grantableScopes(client({}, scope), person, requested)).toEqual(granted);
  });

  it('is no offline_access when it cannot refresh', () => {
    const metadata = { ...webMetadata, grantTypes: ['authorization_code' as const] };
    expect(grantableScopes(client({ metadata }), person, ['offline_access', 'openid'])).toEqual([
      'openid',
    ]);
  });

  it.each([
    [
      'a first party that registered it, for a role that has it',
      true,
      ['audit:read'],
      administrator,
      true,
    ],
    ['not another’s client', false, ['audit:read'], administrator, false],
    ['not one that did not register it', true, null, administrator, false],
    ['not for a person without the role', true, ['audit:read'], person, false],
  ] as const)('is an operator scope: %s', (_who, firstParty, scope, account, expected) => {
    const one = client({ firstParty }, scope === null ? null : [...scope]);
    expect(grantableScopes(one, account, ['audit:read'])).toEqual(expected ? ['audit:read'] : []);
  });
});

describe('what a client may be granted for itself', () => {
  it('is nothing that is about a person', () => {
    const scopes = ['openid', 'offline_access', 'photos:read'];
    expect(grantableScopes(client({}), undefined, scopes)).toEqual(['photos:read']);
  });

  it('is the operator scopes assigned to it, for a first party only', () => {
    const assigned = { operatorScopes: ['audit:read'] };
    const requested = ['admin', 'audit:read'];
    expect(
      grantableScopes(client({ ...assigned, firstParty: true }), undefined, requested),
    ).toEqual(['audit:read']);
    expect(grantableScopes(client(assigned), undefined, requested)).toEqual([]);
  });
});
