import { createHash } from 'node:crypto';
import type {
  AccountState,
  ClientState,
  ProjectState,
  SessionState,
} from '../../src/domain/directory/directory.state.js';
import type { AuthMethod } from '../../src/domain/events/field-schemas.js';
import type { ClientId, FamilyId, Instant, Subject } from '../../src/domain/identifiers.js';
import type { Caller, FamilyContext } from '../../src/domain/token-family/family.decision.js';

/** Milliseconds. */
export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const DAY = 86_400 * SECOND;

/** The history that tests begin with: granted, redeemed a second later, rotated every ten minutes. */
export const GRANTED_AT: Instant = Date.UTC(2026, 10, 2, 9);
export const REDEEMED_AT: Instant = GRANTED_AT + SECOND;

/** When the default history made this generation. */
export function rotatedAt(generation: number): Instant {
  return REDEEMED_AT + generation * 10 * MINUTE;
}

export const FAMILY_ID = '019a43c1e4007abc8def0123456789ab' as FamilyId;
export const SUBJECT = 'Xk3vQ9sT2mLr7uYp0wZbNe' as Subject;
export const ISSUER = 'https://id.example.com';
export const PHOTOS_API = 'https://api.example.com/photos';
export const REDIRECT_URI = 'https://photos.example.com/callback';
/** S256 of the verifier in RFC 7636, appendix B. */
export const CODE_CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';
export const REFRESH_KEY_ID = '1';
export const SIGNING_KEY_ID = 'Zw2b9qPNsE1vX0rM5yKcTg';
export const INCIDENT_ID = 'incident-1';
export const SCOPE = ['offline_access', 'openid', 'photos:read'];

/** SHA-256 as base64url. */
export const digest = (text: string): string =>
  createHash('sha256').update(text).digest('base64url');

/** A client that registered with this name and method. */
export function clientNamed(
  clientId: string,
  authMethod: AuthMethod = 'none',
  overrides: Partial<ClientState> = {},
): ClientState {
  return {
    clientId: clientId as ClientId,
    status: 'active',
    metadata: {
      name: clientId,
      applicationType: 'web',
      redirectUris: [REDIRECT_URI],
      grantTypes: ['authorization_code', 'refresh_token'],
      authMethod,
      scope: null,
      policy: {},
    },
    ...(authMethod === 'none' ? {} : { secretId: `${clientId}-secret` }),
    firstParty: false,
    verified: true,
    operatorScopes: [],
    mayIntrospect: false,
    resources: [],
    registeredAt: GRANTED_AT - DAY,
    ...overrides,
  };
}

/** The client that the default family belongs to: public. */
export const photoApp = clientNamed('photo-app');
/** Another public client. */
export const otherApp = clientNamed('other-app');
/** A client with a secret. */
export const photoServer = clientNamed('photo-server', 'client_secret_basic');

const registered = new Map<string, ClientState>(
  [photoApp, otherApp, photoServer].map((client) => [client.clientId, client]),
);

/** Calls as this client would: with its secret if it has one. */
export function callerOf(client: ClientState, overrides: Partial<Caller> = {}): Caller {
  const { authMethod } = client.metadata;
  return {
    clientId: client.clientId,
    authMethod,
    ...(client.secretId === undefined ? {} : { provenSecretId: client.secretId }),
    ...overrides,
  };
}

export const account: AccountState = {
  subject: SUBJECT,
  status: 'active',
  credentialId: 'credential-1',
  roles: [],
  usernameDigest: digest('ana'),
  tokensNotBefore: 0,
  createdAt: GRANTED_AT - DAY,
};

/** The session that the default family is granted in. */
export const SESSION: SessionState = {
  sessionId: 'session-1',
  subject: SUBJECT,
  authTime: GRANTED_AT,
  amr: ['pwd'],
  expiresAt: Number.MAX_SAFE_INTEGER,
};

export const project: ProjectState = { slug: 'default', status: 'active' };

/** What a decision may depend on, with everything as it usually is. */
export function contextOf(
  caller: Caller,
  instants: Pick<FamilyContext, 'receivedAt' | 'recordedAt'>,
  overrides: Partial<FamilyContext> = {},
): FamilyContext {
  return {
    epoch: 0,
    client: registered.get(caller.clientId),
    account,
    project,
    session: () => ({ session: SESSION, root: SESSION }),
    accessTokenLifetime: 600 * SECOND,
    issuer: ISSUER,
    signingKeyId: SIGNING_KEY_ID,
    canSign: () => true,
    refreshKeyId: REFRESH_KEY_ID,
    policyRevision: 'policy-1',
    incidentId: INCIDENT_ID,
    digest,
    isOtherParty: () => false,
    ...instants,
    ...overrides,
  };
}
