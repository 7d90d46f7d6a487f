import { canonicalJson } from '../canonical-json.js';
import { type Decision, noEvents } from '../decision.js';
import type { ClientMetadata } from '../events/directory.events.js';
import type { Instant } from '../identifiers.js';
import type { ClientState, ProjectState } from './directory.state.js';
import { isOperatorScope } from './operator-scopes.rules.js';

/** Make a client known. Its metadata was judged, its secret's digest is in the vault. */
export interface RegisterClient {
  readonly metadata: ClientMetadata;
  /** Names the digest of its secret; absent exactly for a public client. */
  readonly secretId?: string | undefined;
  readonly firstParty: boolean;
  /** False for a client that registered itself. */
  readonly verified: boolean;
  readonly operatorScopes: readonly string[];
  readonly mayIntrospect: boolean;
  /** The resource server that it is: URIs that were judged. */
  readonly resources: readonly string[];
}

/** Why nothing was done about a client. */
export type ClientRefusal =
  | 'already_registered'
  | 'project_unavailable'
  | 'operator_scope_refused'
  | 'resource_refused'
  | 'secret_mismatch'
  | 'unknown_client'
  | 'client_disabled'
  | 'authentication_changed'
  | 'public_client';

/** Nothing was done about a client. */
export interface ClientRefused {
  readonly kind: 'refused';
  readonly reason: ClientRefusal;
}

type ClientDecision<Done> = Decision<'client', Done | ClientRefused>;

/**
 * Registers a client once, in a project that is active. Operator scopes are for first parties only, and
 * resources for clients that somebody vouches for and that can prove who they are.
 */
export function decideRegisterClient(
  state: ClientState | undefined,
  command: RegisterClient,
  project: ProjectState | undefined,
): ClientDecision<{ readonly kind: 'registered' }> {
  const { metadata, operatorScopes, resources, firstParty } = command;
  const isPublic = metadata.authMethod === 'none';
  if (state !== undefined) return refuse('already_registered');
  if (project?.status !== 'active') return refuse('project_unavailable');
  if (isPublic !== (command.secretId === undefined)) return refuse('secret_mismatch');
  const asksToOperate = operatorScopes.length > 0 || namesOperatorScope(metadata);
  const areOperatorScopes = operatorScopes.every(isOperatorScope);
  if ((asksToOperate && !firstParty) || !areOperatorScopes) return refuse('operator_scope_refused');
  if (resources.length > 0 && !mayBeResourceServer(metadata, command.verified)) {
    return refuse('resource_refused');
  }
  const data = {
    ...command,
    operatorScopes: [...operatorScopes].sort(),
    resources: resources.length === 0 ? undefined : [...resources],
  };
  return { events: [{ type: 'ClientRegistered', data }], outcome: { kind: 'registered' } };
}

/** Change a client. Its metadata were judged; what is absent stays. */
export interface UpdateClient {
  readonly metadata: ClientMetadata;
  readonly mayIntrospect?: boolean | undefined;
  /** The resource server that it is: URIs that were judged; none: it is none. */
  readonly resources?: readonly string[] | undefined;
}

/**
 * Replaces what a client registered and what an operator lets it do; the same again changes nothing.
 * Whether it has a secret is fixed at registration: families live by it.
 */
export function decideUpdateClient(
  state: ClientState | undefined,
  command: UpdateClient,
): ClientDecision<{ readonly kind: 'updated' | 'unchanged' }> {
  if (state === undefined) return refuse('unknown_client');
  if (state.status === 'disabled') return refuse('client_disabled');
  const { metadata } = command;
  if ((state.metadata.authMethod === 'none') !== (metadata.authMethod === 'none')) {
    return refuse('authentication_changed');
  }
  if (!state.firstParty && namesOperatorScope(metadata)) return refuse('operator_scope_refused');
  const { mayIntrospect = state.mayIntrospect, resources = state.resources } = command;
  if (resources.length > 0 && !mayBeResourceServer(metadata, state.verified)) {
    return refuse('resource_refused');
  }
  const isSame = {
    metadata: canonicalJson(state.metadata) === canonicalJson(metadata),
    mayIntrospect: state.mayIntrospect === mayIntrospect,
    resources: canonicalJson(state.resources) === canonicalJson(resources),
  };
  if (isSame.metadata && isSame.mayIntrospect && isSame.resources) {
    return noEvents({ kind: 'unchanged' });
  }
  const data = {
    metadata,
    mayIntrospect: isSame.mayIntrospect ? undefined : mayIntrospect,
    resources: isSame.resources ? undefined : [...resources],
  };
  return { events: [{ type: 'ClientUpdated', data }], outcome: { kind: 'updated' } };
}

function mayBeResourceServer({ authMethod }: ClientMetadata, verified: boolean): boolean {
  return authMethod !== 'none' && verified;
}

/** Give a confidential client another secret, whose digest is in the vault. */
export interface RotateClientSecret {
  readonly secretId: string;
  /** How long the secret before still works, in milliseconds; 0: no longer. */
  readonly overlap: number;
}

/** Gives a confidential client another secret. Of the secrets before, at most the last still works. */
export function decideRotateClientSecret(
  state: ClientState | undefined,
  command: RotateClientSecret,
  recordedAt: Instant,
): ClientDecision<{ readonly kind: 'rotated'; readonly previousUntil: Instant }> {
  if (state === undefined) return refuse('unknown_client');
  if (state.status === 'disabled') return refuse('client_disabled');
  if (state.metadata.authMethod === 'none') return refuse('public_client');
  const previousUntil = recordedAt + command.overlap;
  return {
    events: [{ type: 'ClientSecretRotated', data: { secretId: command.secretId, previousUntil } }],
    outcome: { kind: 'rotated', previousUntil },
  };
}

/** Disables a client for good: all its families are void with it. */
export function decideDisableClient(
  state: ClientState | undefined,
): ClientDecision<{ readonly kind: 'disabled' | 'already_disabled' }> {
  if (state === undefined) return refuse('unknown_client');
  if (state.status === 'disabled') return noEvents({ kind: 'already_disabled' });
  return { events: [{ type: 'ClientDisabled', data: {} }], outcome: { kind: 'disabled' } };
}

/** Voids what a client was given before an instant, which only ever moves forwards. */
export function decideMoveClientTokensNotBefore(
  state: ClientState | undefined,
  tokensNotBefore: Instant,
): ClientDecision<{ readonly kind: 'moved' | 'unchanged' }> {
  if (state === undefined) return refuse('unknown_client');
  if (tokensNotBefore <= (state.tokensNotBefore ?? 0)) return noEvents({ kind: 'unchanged' });
  return {
    events: [{ type: 'ClientTokensNotBeforeMoved', data: { tokensNotBefore } }],
    outcome: { kind: 'moved' },
  };
}

function namesOperatorScope(metadata: ClientMetadata): boolean {
  return metadata.scope?.some(isOperatorScope) === true;
}

function refuse(reason: ClientRefusal): Decision<'client', ClientRefused> {
  return noEvents({ kind: 'refused', reason });
}
