import type { AccountState, ClientState, ProjectState } from '../directory/directory.state.js';
import type { RootedSession } from '../directory/session.decider.js';
import type { Companion, Decision } from '../decision.js';
import type { AccessTokenFacts, AuthMethod, By } from '../events/field-schemas.js';
import type { RejectionReason } from '../events/token-family.events.js';
import { type FamilyId, type Instant, streamIdOf } from '../identifiers.js';
import { endByAccount, isVoidByClient } from '../revocation/tokens-not-before.rules.js';
import { isTooLateFor } from './access-token.rules.js';
import {
  type FamilyState,
  HOUR,
  OTHER_PARTY_PER_HOUR,
  presentationKey,
  PRESENTATIONS_PER_HOUR,
} from './family.state.js';

/** How a caller of the token endpoint presented itself, before anything is decided about it. */
export interface Caller {
  readonly clientId: string;
  readonly authMethod: AuthMethod;
  /** The vault's name of the secret whose digest matched; absent when none did. */
  readonly provenSecretId?: string | undefined;
  /** Thumbprint of a key that the caller proved to hold (RFC 9449). */
  readonly senderKey?: string | undefined;
}

/** All that a decision may depend on besides the family and the command, read in its transaction. */
export interface FamilyContext {
  /** When the request arrived. */
  readonly receivedAt: Instant;
  /** The store's clock at the decision. */
  readonly recordedAt: Instant;
  /** The ledger's epoch: grows when an old copy was restored. */
  readonly epoch: number;
  /** The caller's client, the family's account and project; absent when unknown. */
  readonly client: ClientState | undefined;
  readonly account: AccountState | undefined;
  readonly project: ProjectState | undefined;
  /** Reads the session that the family was granted in: few decisions depend on it. */
  readonly session: () => RootedSession | undefined;
  /** Milliseconds. */
  readonly accessTokenLifetime: number;
  readonly issuer: string;
  readonly signingKeyId: string;
  /** Whether a token can still be signed with this key. */
  readonly canSign: (keyId: string) => boolean;
  readonly refreshKeyId: string;
  readonly policyRevision: string;
  /** An unused incident id. */
  readonly incidentId: string;
  /** SHA-256 as base64url. */
  readonly digest: (text: string) => string;
  /** Whether the caller's network and agent both differ from those of the last rotation. */
  readonly isOtherParty: () => boolean;
}

/** The OAuth error a refusal is answered with; why it really was stays in the ledger. */
export type RefusalError =
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_scope'
  | 'invalid_target'
  | 'temporarily_unavailable'
  | 'unauthorized_client';

/** A presentation that was not recorded as an event of its own, to be counted. */
export interface CountedPresentation {
  readonly outcome: 'retried' | 'rejected';
  readonly reason?: RejectionReason;
  readonly generation?: number | undefined;
}

/** Tokens are to be answered. */
export interface Granted {
  readonly kind: 'granted';
  readonly how: 'redeemed' | 'rotated' | 'refreshed' | 'retried';
  readonly family: FamilyState;
  /** Of the refresh token to answer with; null when there is none. */
  readonly generation: number | null;
  /** Of the master key that the refresh token is minted under. */
  readonly keyId: string;
  /** When the refresh token expires unless it is used. */
  readonly idleExpiresAt: Instant;
  readonly token: AccessTokenFacts;
  readonly idToken: boolean;
  readonly counted?: CountedPresentation;
}

/** Nothing is to be answered but an error. */
export interface Refused {
  readonly kind: 'refused';
  readonly error: RefusalError;
  readonly reason:
    | RejectionReason
    | 'reuse_detected'
    | 'rollback_suspected'
    | 'unknown_family'
    | 'unauthorized_client';
  readonly counted?: CountedPresentation;
}

/** What the presentation of a code or a refresh token leads to. */
export type PresentationOutcome = Granted | Refused;

/** A presented token whose MAC was right: what it says of itself. */
export interface PresentedToken {
  readonly kind: 'code' | 'refresh';
  readonly familyId: FamilyId;
  /** The generation of a refresh token; 0 for a code. */
  readonly number: number;
  readonly keyId: string;
  readonly epoch: number;
}

/** Who asked, as it is recorded. A client id that is not registered is free text, and left out. */
export function byOf(caller: Caller, context: FamilyContext): By {
  // In canonical order, as most events begin with it.
  return {
    authMethod: caller.authMethod,
    clientAuthenticated: isAuthenticated(caller, context.client, context.receivedAt),
    clientId: context.client?.clientId,
    policyRevision: context.policyRevision,
    receivedAt: context.receivedAt,
    senderKey: caller.senderKey,
  };
}

/**
 * Whether the caller is the client it names: exactly the registered method, and for a confidential
 * client a secret that is valid now (RFC 6749, 2.3). A disabled client still authenticates; what it
 * may do is decided after the token was looked at.
 */
export function isAuthenticated(
  caller: Caller,
  client: ClientState | undefined,
  now: Instant,
): boolean {
  if (client === undefined || client.metadata.authMethod !== caller.authMethod) return false;
  if (caller.authMethod === 'none') return true;
  if (caller.provenSecretId === undefined) return false;
  if (caller.provenSecretId === client.secretId) return true;
  const previous = client.previousSecret;
  return previous?.secretId === caller.provenSecretId && now < previous.until;
}

const reasonsThatOpenIncidents: ReadonlySet<RejectionReason> = new Set<RejectionReason>([
  'client_authentication_failed',
  'foreign_client',
  'stale_inside_window',
]);

/**
 * Refuses a genuine token. Recorded once per generation, reason and hour, within the hour's sum; else
 * it is to be counted. The other party of a detected reuse shows itself by presenting what was the
 * current generation: that is always recorded, but it opens no more incidents than the first time.
 */
export function reject(
  state: FamilyState,
  presented: PresentedToken,
  caller: Caller,
  context: FamilyContext,
  refusal: { error: RefusalError; reason: RejectionReason; age?: number | undefined },
): Decision<'family', Refused> {
  const { error, reason, age } = refusal;
  const generation = presented.kind === 'refresh' ? presented.number : undefined;
  const outcome: Refused = { kind: 'refused', error, reason };
  const isSeen = wasSeen(state, generation, reason, context.recordedAt);
  const isDue = !isSeen && hasPresentationsLeft(state, context.recordedAt);
  if (!isDue && !isOtherParty(state, generation, context.recordedAt)) {
    return {
      events: [],
      outcome: { ...outcome, counted: { outcome: 'rejected', reason, generation } },
    };
  }
  const opens = !isSeen && reasonsThatOpenIncidents.has(reason);
  const incidentId = opens ? context.incidentId : state.revoked?.incidentId;
  return {
    events: [
      {
        type: 'RefreshRejected',
        data: {
          ...byOf(caller, context),
          kind: presented.kind,
          presentedGeneration: generation,
          currentGeneration: state.generation ?? undefined,
          reason,
          age,
          incidentId,
        },
      },
    ],
    outcome,
    ...(opens
      ? { companions: [openIncident(reason as IncidentKind, state, presented, context)] }
      : {}),
  };
}

/** The other party of an incident shows itself by presenting what was current when it was found. */
function isOtherParty(state: FamilyState, generation: number | undefined, now: Instant): boolean {
  const wasFound = state.revoked?.incidentId !== undefined;
  const { hourStart, count } = state.presentations;
  const isBounded = now >= hourStart + HOUR || count < OTHER_PARTY_PER_HOUR;
  return wasFound && generation !== undefined && generation === state.generation && isBounded;
}

function wasSeen(
  state: FamilyState,
  generation: number | undefined,
  reason: RejectionReason,
  now: Instant,
): boolean {
  const { hourStart, seen } = state.presentations;
  return now < hourStart + HOUR && seen.includes(presentationKey(generation, reason));
}

/** Whether another rejection or retry may be recorded as an event of its own in this hour. */
export function hasPresentationsLeft(state: FamilyState, now: Instant): boolean {
  const { hourStart, count } = state.presentations;
  return now >= hourStart + HOUR || count < PRESENTATIONS_PER_HOUR;
}

/** The kinds of incident that a family can give rise to. */
export type IncidentKind =
  | 'refresh_token_reuse'
  | 'code_reuse'
  | 'stale_inside_window'
  | 'foreign_client'
  | 'client_authentication_failed'
  | 'ledger_rollback'
  | 'suspected_shadow';

/** The stream of a new incident, in the same commit as its evidence. */
export function openIncident(
  kind: IncidentKind,
  state: Pick<FamilyState, 'clientId' | 'subject'> | undefined,
  presented: PresentedToken,
  context: Pick<FamilyContext, 'incidentId'>,
): Companion<'incident'> {
  return {
    kind: 'incident',
    streamId: streamIdOf('incident', context.incidentId),
    events: [
      {
        type: 'IncidentOpened',
        data: {
          kind,
          familyId: presented.familyId,
          clientId: state?.clientId,
          subject: state?.subject,
        },
      },
    ],
  };
}

/** Ends the family for good, as part of a decision that says why. */
export function killedBy(
  kind: 'refresh_token_reuse' | 'code_reuse' | 'ledger_rollback',
  incidentId: string,
): { type: 'FamilyRevoked'; data: { reason: typeof kind; incidentId: string; actor: string } } {
  return { type: 'FamilyRevoked', data: { reason: kind, incidentId, actor: 'system' } };
}

/** Why no code or refresh token of this family can give anything at `now`: its own end or an owner's. */
export function familyEnd(
  state: FamilyState,
  now: Instant,
  owners: Pick<FamilyContext, 'client' | 'account' | 'project'>,
): RejectionReason | undefined {
  if (state.status === 'revoked') return 'family_revoked';
  if (isTooLateFor(state.absoluteExpiresAt, now)) return 'expired_absolute';
  if (state.idleExpiresAt !== undefined && state.idleExpiresAt <= now) return 'expired_idle';
  return ownersEnd(state, owners);
}

/** Why the family's client, account or project makes it invalid now, if one does. */
export function ownersEnd(
  state: FamilyState,
  owners: Pick<FamilyContext, 'client' | 'account' | 'project'>,
): RejectionReason | undefined {
  if (owners.client?.status !== 'active') return 'client_disabled';
  if (owners.project?.status !== 'active') return 'project_disabled';
  if (isVoidByClient(state.grantedAt, owners.client)) return 'not_before';
  return state.subject === undefined ? undefined : endByAccount(signedInAt(state), owners.account);
}

/** A session that was signed out everywhere may have been granting just then: its sign-in counts. */
export function signedInAt({ authTime, grantedAt }: FamilyState): Instant {
  return authTime ?? grantedAt;
}
