import type { ClientMetadata } from '../../src/domain/events/directory.events.js';
import type { EventOf } from '../../src/domain/events/event-catalogue.js';
import { DEFAULT_PROJECT, type StreamKind, streamIdOf } from '../../src/domain/identifiers.js';
import type {
  Attribution,
  Execution,
  Ledger,
  LedgerDecision,
  LoadedStream,
} from '../../src/ledger/ledger.port.js';

/** Nobody in particular, with one correlation. */
export const ATTRIBUTION: Attribution = { actor: 'system', correlationId: 'correlation-1' };

/** A person's browser. */
export const ORIGIN = {
  address: '203.0.113.7',
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64) “Ōtaki”',
  requestId: 'request-1',
} as const;

/** Decides on the stream `<kind>:<id>`. */
export function decideOn<Kind extends StreamKind, Outcome>(
  ledger: Ledger,
  kind: Kind,
  id: string,
  decide: (stream: LoadedStream<Kind>) => LedgerDecision<Kind, Outcome>,
  overrides: Partial<Omit<Execution<Kind, Outcome>, 'decide'>> = {},
): Promise<Outcome> {
  return ledger.execute<Kind, Outcome>({
    kind,
    streamId: streamIdOf(kind, id),
    project: DEFAULT_PROJECT,
    attribution: ATTRIBUTION,
    decide,
    ...overrides,
  });
}

/** Appends these events whatever the state, and answers with the state that they were decided on. */
export function append<Kind extends StreamKind>(
  ledger: Ledger,
  kind: Kind,
  id: string,
  events: readonly EventOf<Kind>[],
  attribution: Attribution = ATTRIBUTION,
): Promise<LoadedStream<Kind>['state']> {
  return decideOn(ledger, kind, id, ({ state }) => ({ events, outcome: state }), { attribution });
}

/** Counts one call on an administration stream; answers with the count before. */
export async function count(
  ledger: Ledger,
  id: string,
  attribution: Attribution = ATTRIBUTION,
): Promise<number> {
  const before = await append(ledger, 'administration', id, [recorded('test')], attribution);
  return before?.count ?? 0;
}

/** An administrator did something. */
export function recorded(action: string): EventOf<'administration'> {
  return { type: 'AdministrationRecorded', data: { action } };
}

/** A person consented to these scopes. */
export function consented(scope: readonly string[], subject = 'ana'): EventOf<'consent'> {
  const data = { subject, clientId: 'photo-app', scope: [...scope], resources: [] };
  return { type: 'ConsentGiven', data };
}

/** A suspicious presentation, of no family in particular. */
export function incidentOpened(): EventOf<'incident'> {
  return { type: 'IncidentOpened', data: { kind: 'foreign_client', familyId: 'family-1' } };
}

/** An account begins, with a user name of this digest. */
export function accountCreated(usernameDigest: string): EventOf<'account'> {
  const data = { credentialId: 'credential-1', roles: [], usernameDigest };
  return { type: 'AccountCreated', data };
}

/** A client got a token for itself. */
export function clientTokenIssued(): EventOf<'client_token'> & { type: 'ClientTokenIssued' } {
  return {
    type: 'ClientTokenIssued',
    data: {
      clientAuthenticated: true,
      authMethod: 'none',
      policyRevision: 'policy-1',
      receivedAt: 1,
      token: {
        sequence: 0,
        format: 'jwt',
        issuedAt: 1,
        expiresAt: 2,
        scope: [],
        audience: [],
        signingKeyId: 'k',
      },
    },
  };
}

/** What a public client registers under this name. */
export function metadataNamed(name: string): ClientMetadata {
  return {
    name,
    applicationType: 'web',
    redirectUris: ['https://photos.example.com/callback'],
    grantTypes: ['authorization_code', 'refresh_token'],
    authMethod: 'none',
    scope: null,
    policy: {},
  };
}

/** A public client registered. */
export function clientRegistered(name: string): EventOf<'client'> {
  return {
    type: 'ClientRegistered',
    data: {
      metadata: metadataNamed(name),
      firstParty: false,
      verified: true,
      operatorScopes: [],
      mayIntrospect: false,
    },
  };
}
