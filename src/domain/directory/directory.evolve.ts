import type { EventOf } from '../events/event-catalogue.js';
import type { ClientId, Instant, StreamKind, Subject } from '../identifiers.js';
import type {
  AccountState,
  ClientState,
  ClientTokenState,
  ConsentState,
  IncidentState,
  ProjectState,
  SessionState,
  SigningKeyState,
} from './directory.state.js';

/** An event with what the fold may use besides its data. */
export type Folded<Kind extends StreamKind> = EventOf<Kind> & {
  readonly recordedAt: Instant;
  /** The part of the stream's id after its kind. */
  readonly id: string;
};

function begun<State>(state: State | undefined, type: string): State {
  if (state === undefined) throw new Error(`${type} cannot be the first event of its stream`);
  return state;
}

/** Folds one event of a client. Throws an Error on an impossible history. */
export function evolveClient(state: ClientState | undefined, event: Folded<'client'>): ClientState {
  switch (event.type) {
    case 'ClientRegistered':
      return {
        clientId: event.id as ClientId,
        status: 'active',
        metadata: event.data.metadata,
        secretId: event.data.secretId,
        firstParty: event.data.firstParty,
        verified: event.data.verified,
        operatorScopes: event.data.operatorScopes,
        mayIntrospect: event.data.mayIntrospect,
        resources: event.data.resources ?? [],
        registeredAt: event.recordedAt,
      };
    case 'ClientUpdated': {
      const before = begun(state, event.type);
      const { metadata, mayIntrospect, resources } = event.data;
      return {
        ...before,
        metadata,
        mayIntrospect: mayIntrospect ?? before.mayIntrospect,
        resources: resources ?? before.resources,
      };
    }
    case 'ClientSecretRotated': {
      const before = begun(state, event.type);
      return {
        ...before,
        secretId: event.data.secretId,
        ...(before.secretId === undefined
          ? {}
          : { previousSecret: { secretId: before.secretId, until: event.data.previousUntil } }),
      };
    }
    case 'ClientDisabled':
      return { ...begun(state, event.type), status: 'disabled' };
    case 'ClientTokensNotBeforeMoved':
      return { ...begun(state, event.type), tokensNotBefore: event.data.tokensNotBefore };
  }
}

/** Folds one event of an account. Throws an Error on an impossible history. */
export function evolveAccount(
  state: AccountState | undefined,
  event: Folded<'account'>,
): AccountState {
  switch (event.type) {
    case 'AccountCreated':
      return {
        subject: event.id as Subject,
        status: 'active',
        credentialId: event.data.credentialId,
        roles: event.data.roles,
        usernameDigest: event.data.usernameDigest,
        tokensNotBefore: 0,
        createdAt: event.recordedAt,
      };
    case 'AccountPasswordChanged':
      return { ...begun(state, event.type), credentialId: event.data.credentialId };
    case 'AccountDisabled':
      return { ...begun(state, event.type), status: 'disabled' };
    case 'AccountErased':
      return { ...begun(state, event.type), status: 'erased' };
    case 'AccountTokensNotBeforeMoved':
      return { ...begun(state, event.type), tokensNotBefore: event.data.tokensNotBefore };
  }
}

/** Folds one event of a project. Throws an Error on an impossible history. */
export function evolveProject(
  state: ProjectState | undefined,
  event: Folded<'project'>,
): ProjectState {
  switch (event.type) {
    case 'ProjectCreated':
      return { slug: event.data.slug, status: 'active' };
    case 'ProjectDisabled':
      return { ...begun(state, event.type), status: 'disabled' };
  }
}

/** Folds one event of a signing key. Throws an Error on an impossible history. */
export function evolveSigningKey(
  state: SigningKeyState | undefined,
  event: Folded<'signing_key'>,
): SigningKeyState {
  switch (event.type) {
    case 'SigningKeyCreated':
      return {
        keyId: event.id,
        status: 'published',
        algorithm: event.data.algorithm,
        publicJwk: event.data.publicJwk,
        vaultId: event.data.vaultId,
        createdAt: event.recordedAt,
      };
    case 'SigningKeyActivated':
      return { ...begun(state, event.type), status: 'active' };
    case 'SigningKeyRetired':
      return { ...begun(state, event.type), status: 'retired' };
    case 'SigningKeyTokensNotBeforeMoved':
      return { ...begun(state, event.type), tokensNotBefore: event.data.tokensNotBefore };
  }
}

/** Folds one event of a session. Throws an Error on an impossible history. */
export function evolveSession(
  state: SessionState | undefined,
  event: Folded<'session'>,
): SessionState {
  switch (event.type) {
    case 'SessionStarted':
      return {
        sessionId: event.id,
        subject: event.data.subject as Subject,
        authTime: event.data.authTime,
        amr: event.data.amr,
        expiresAt: event.data.expiresAt,
        rootSessionId: event.data.rootSessionId,
      };
    case 'SessionEnded':
      return { ...begun(state, event.type), ended: event.data.reason };
  }
}

/** Folds one event of a consent. Giving it again replaces what was given. */
export function evolveConsent(
  state: ConsentState | undefined,
  event: Folded<'consent'>,
): ConsentState {
  switch (event.type) {
    case 'ConsentGiven':
      return {
        subject: event.data.subject as Subject,
        clientId: event.data.clientId as ClientId,
        scope: event.data.scope,
        resources: event.data.resources,
        withdrawn: false,
      };
    case 'ConsentWithdrawn':
      return { ...begun(state, event.type), withdrawn: true };
  }
}

/** Folds one event of an incident. */
export function evolveIncident(
  state: IncidentState | undefined,
  event: Folded<'incident'>,
): IncidentState {
  switch (event.type) {
    case 'IncidentOpened':
      return {
        kind: event.data.kind,
        familyId: event.data.familyId,
        clientId: event.data.clientId,
        subject: event.data.subject,
        openedAt: event.recordedAt,
      };
    case 'LedgerRollbackSuspected':
      return begun(state, event.type);
    case 'IncidentVerdictGiven':
      return {
        ...begun(state, event.type),
        verdict: event.data.verdict,
        noteId: event.data.noteId,
      };
  }
}

/** Folds one event of a client_credentials token. Throws an Error on an impossible history. */
export function evolveClientToken(
  state: ClientTokenState | undefined,
  event: Folded<'client_token'>,
): ClientTokenState {
  switch (event.type) {
    case 'ClientTokenIssued':
      return {
        clientId: event.data.clientId as ClientId,
        scope: event.data.token.scope,
        audience: event.data.token.audience,
        issuedAt: event.data.token.issuedAt,
        expiresAt: event.data.token.expiresAt,
        revoked: false,
      };
    case 'AccessTokenRevoked':
      return { ...begun(state, event.type), revoked: true };
  }
}
