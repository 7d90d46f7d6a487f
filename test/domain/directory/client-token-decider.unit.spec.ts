import { describe, expect, it } from '@jest/globals';
import { canonicalJson, type JsonValue } from '../../../src/domain/canonical-json.js';
import {
  decideIssueClientToken,
  decideRevokeClientToken,
  type IssueClientToken,
} from '../../../src/domain/directory/client-token.decider.js';
import type { ClientState } from '../../../src/domain/directory/directory.state.js';
import type { FamilyContext } from '../../../src/domain/token-family/family.decision.js';
import {
  callerOf,
  clientNamed,
  contextOf,
  GRANTED_AT,
  ISSUER,
  PHOTOS_API,
  project,
} from '../../support/domain-world.js';

const ADMIN = `${ISSUER}/admin`;

function machine(scope: string[] | null, change: Partial<ClientState> = {}): ClientState {
  const client = clientNamed('machine', 'client_secret_basic');
  const metadata = { ...client.metadata, grantTypes: ['client_credentials' as const], scope };
  return { ...client, metadata, ...change };
}
const photosMachine = machine(['photos:read', 'photos:write']);
const auditor = machine(['audit:read'], { firstParty: true, operatorScopes: ['audit:read'] });

const manyScopes = (count: number) => Array.from({ length: count }, (_, index) => `s${index}`);

function decide(
  client: ClientState | undefined,
  command: Partial<IssueClientToken> = {},
  circumstances: Partial<FamilyContext> = {},
) {
  const caller = callerOf(client ?? photosMachine);
  const instants = { receivedAt: GRANTED_AT, recordedAt: GRANTED_AT };
  return decideIssueClientToken(
    { caller, ...command },
    contextOf(caller, instants, { client, ...circumstances }),
  );
}

describe('a client’s own access token', () => {
  it('is recorded in canonical order: what happens so often is not sorted', () => {
    const [event] = decide(photosMachine, { scope: ['photos:read'] }).events;
    expect(event?.type).toBe('ClientTokenIssued');
    expect(JSON.stringify(event?.data)).toBe(canonicalJson(event?.data as unknown as JsonValue));
  });

  it.each([
    ['all it registered', photosMachine, {}, ['photos:read', 'photos:write'], [ISSUER]],
    ['the scope asked for', photosMachine, { scope: ['photos:read'] }, ['photos:read'], [ISSUER]],
    ['nothing, when it registered no list', machine(null), {}, [], [ISSUER]],
    [
      'its scope sorted, in whatever order it was asked for',
      photosMachine,
      { scope: ['photos:write', 'photos:read'] },
      ['photos:read', 'photos:write'],
      [ISSUER],
    ],
    [
      'operator scopes and others sorted',
      machine(['zoom', 'admin'], { firstParty: true, operatorScopes: ['audit:read', 'admin'] }),
      {},
      ['admin', 'audit:read', 'zoom'],
      [ADMIN],
    ],
    [
      'as many scopes as a token says',
      machine(manyScopes(63), { firstParty: true, operatorScopes: ['admin'] }),
      {},
      ['admin', ...manyScopes(63)].sort(),
      [ADMIN],
    ],
    ['any scope, when it registered no list', machine(null), { scope: ['x'] }, ['x'], [ISSUER]],
    [
      'the resource asked for',
      photosMachine,
      { scope: ['photos:read'], resources: [PHOTOS_API] },
      ['photos:read'],
      [PHOTOS_API],
    ],
    ['the issuer for no resource', machine(null), { resources: [] }, [], [ISSUER]],
    ['the operator’s audience for assigned scopes', auditor, {}, ['audit:read'], [ADMIN]],
    ['that audience when asked for', auditor, { resources: [ADMIN] }, ['audit:read'], [ADMIN]],
  ])('is for %s', (_what, client, command, scope, audience) => {
    const { events, outcome } = decide(client, command);
    expect(outcome).toMatchObject({ kind: 'granted', token: { sequence: 0, scope, audience } });
    expect(events).toMatchObject([
      {
        type: 'ClientTokenIssued',
        data: { clientId: 'machine', clientAuthenticated: true, token: { scope, audience } },
      },
    ]);
  });

  it.each([
    ['an unknown client', undefined, {}, {}, 'invalid_client'],
    [
      'a wrong secret',
      photosMachine,
      { caller: callerOf(photosMachine, { provenSecretId: 'another' }) },
      {},
      'invalid_client',
    ],
    ['a disabled client', machine(null, { status: 'disabled' }), {}, {}, 'invalid_client'],
    [
      'a disabled project',
      photosMachine,
      {},
      { project: { ...project, status: 'disabled' } },
      'invalid_client',
    ],
    ['a public client', clientNamed('app', 'none'), {}, {}, 'unauthorized_client'],
    [
      'a client without the grant type',
      clientNamed('server', 'client_secret_basic'),
      {},
      {},
      'unauthorized_client',
    ],
    ['a scope beyond what it may have', photosMachine, { scope: ['x'] }, {}, 'invalid_scope'],
    [
      'an operator scope of another’s client',
      photosMachine,
      { scope: ['admin'] },
      {},
      'invalid_scope',
    ],
    [
      'more scopes than a token says, when it asks for none',
      machine(manyScopes(63), { firstParty: true, operatorScopes: ['admin', 'audit:read'] }),
      {},
      {},
      'invalid_scope',
    ],
    ['operator scopes elsewhere', auditor, { resources: [PHOTOS_API] }, {}, 'invalid_target'],
    ['a scope that is none', photosMachine, { fault: 'invalid_scope' }, {}, 'invalid_scope'],
    ['a resource that is none', photosMachine, { fault: 'invalid_target' }, {}, 'invalid_target'],
    [
      'a wrong secret, whatever is asked for',
      photosMachine,
      { caller: callerOf(photosMachine, { provenSecretId: 'another' }), fault: 'invalid_scope' },
      {},
      'invalid_client',
    ],
    [
      'a client without the grant type, whatever it asks for',
      clientNamed('server', 'client_secret_basic'),
      { fault: 'invalid_scope' },
      {},
      'unauthorized_client',
    ],
  ] as const)('is refused for %s', (_what, client, command, circumstances, error) => {
    expect(decide(client, command, circumstances as Partial<FamilyContext>)).toEqual({
      events: [],
      outcome: { kind: 'refused', error },
    });
  });
});

describe('revoking a client’s own access token', () => {
  const state = {
    clientId: photosMachine.clientId,
    scope: [],
    audience: [ISSUER],
    issuedAt: GRANTED_AT,
    expiresAt: GRANTED_AT + 600_000,
    revoked: false,
  };

  it('ends it once', () => {
    const { expiresAt } = state;
    expect(decideRevokeClientToken(state, 'client_request')).toEqual({
      events: [
        {
          type: 'AccessTokenRevoked',
          data: { sequence: 0, expiresAt, reason: 'client_request' },
        },
      ],
      outcome: 'revoked',
    });
    expect(decideRevokeClientToken({ ...state, revoked: true }, 'client_request')).toEqual({
      events: [],
      outcome: 'already_revoked',
    });
  });

  it('says when there is none', () => {
    expect(decideRevokeClientToken(undefined, 'operator_request').outcome).toBe('unknown');
  });
});
