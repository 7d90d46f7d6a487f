import type { ClientMetadata, SessionEndReason } from '../events/directory.events.js';
import type { ClientId, Instant, Subject } from '../identifiers.js';

/** A client, folded from its events. */
export interface ClientState {
  readonly clientId: ClientId;
  readonly status: 'active' | 'disabled';
  readonly metadata: ClientMetadata;
  /** Names of secret digests in the vault. The previous one works until its instant. */
  readonly secretId?: string | undefined;
  readonly previousSecret?: { readonly secretId: string; readonly until: Instant };
  readonly firstParty: boolean;
  readonly verified: boolean;
  readonly operatorScopes: readonly string[];
  readonly mayIntrospect: boolean;
  /** The resource server that it is: absolute URIs, assigned by an operator. */
  readonly resources: readonly string[];
  /** What it was given before this is void; absent: nothing is. */
  readonly tokensNotBefore?: Instant | undefined;
  readonly registeredAt: Instant;
}

/** A role that lets an account ask for operator scopes. */
export type AccountRole = 'administrator' | 'auditor' | 'responder';

/** An account, folded from its events. Its name and profile are in the vault. */
export interface AccountState {
  readonly subject: Subject;
  readonly status: 'active' | 'disabled' | 'erased';
  readonly credentialId: string;
  readonly roles: readonly AccountRole[];
  /** The unique key of its user name; kept when it is disabled or erased. */
  readonly usernameDigest: string;
  readonly tokensNotBefore: Instant;
  readonly createdAt: Instant;
}

/** A tenant, folded from its events. */
export interface ProjectState {
  readonly slug: string;
  readonly status: 'active' | 'disabled';
}

/** A signing key, folded from its events. */
export interface SigningKeyState {
  readonly keyId: string;
  readonly status: 'published' | 'active' | 'retired';
  readonly algorithm: 'ES256';
  readonly publicJwk: Readonly<Record<string, string>>;
  readonly vaultId: string;
  readonly createdAt: Instant;
  /** Access tokens that it signed before are void; absent: none is. */
  readonly tokensNotBefore?: Instant;
}

/** A browser's sign-in session, folded from its events. */
export interface SessionState {
  readonly sessionId: string;
  readonly subject: Subject;
  readonly authTime: Instant;
  readonly amr: readonly string[];
  readonly expiresAt: Instant;
  /** The first of the sessions that this one goes on from; absent when it is that itself. */
  readonly rootSessionId?: string | undefined;
  /** Why it ended; absent while it stands. */
  readonly ended?: SessionEndReason;
}

/** What one subject allowed one client, folded from its events. */
export interface ConsentState {
  readonly subject: Subject;
  readonly clientId: ClientId;
  readonly scope: readonly string[];
  readonly resources: readonly string[];
  readonly withdrawn: boolean;
}

/** An incident, folded from its events. */
export interface IncidentState {
  readonly kind: string;
  readonly familyId: string;
  readonly clientId?: string | undefined;
  readonly subject?: string | undefined;
  readonly openedAt: Instant;
  readonly verdict?: string | undefined;
  /** Of what was written about that verdict. */
  readonly noteId?: string | undefined;
}

/** A client_credentials token, folded from its events. */
export interface ClientTokenState {
  readonly clientId: ClientId;
  readonly scope: readonly string[];
  readonly audience: readonly string[];
  readonly issuedAt: Instant;
  readonly expiresAt: Instant;
  readonly revoked: boolean;
}
