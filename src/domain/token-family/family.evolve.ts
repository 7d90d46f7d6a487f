import type { EventOf } from '../events/event-catalogue.js';
import type { AccessTokenFacts } from '../events/field-schemas.js';
import type { ClientId, Instant, Subject } from '../identifiers.js';
import { contradictionOf } from './family-history.rules.js';
import {
  type Answer,
  ANSWERS_REMEMBERED,
  type CodeState,
  type FamilyState,
  HOUR,
  presentationKey,
  PRESENTATIONS_PER_HOUR,
  REVOKED_SEQUENCES_REMEMBERED,
  ROTATIONS_REMEMBERED,
  SHADOW_GENERATIONS,
} from './family.state.js';

/** An event of a family as the fold sees it: its data and the store's time. */
export type RecordedFamilyEvent = EventOf<'family'> & { readonly recordedAt: Instant };
/** All members of a type: one that is not named would be lost with the next rotation. */
type Complete<Type> = { readonly [Member in keyof Required<Type>]: Type[Member] };
type DataOf<Type extends EventOf<'family'>['type']> = Extract<
  EventOf<'family'>,
  { type: Type }
>['data'];

/**
 * Folds one event into the state of a token family. Uses only facts in the event, never today's
 * policy or clock, so that a replay gives the same state for ever.
 *
 * Throws an Error when the events are not the history of a family: a broken invariant.
 */
export function evolveFamily(
  state: FamilyState | undefined,
  event: RecordedFamilyEvent,
): FamilyState {
  if (event.type === 'GrantIssued') {
    if (state !== undefined) throw new Error('a family is granted once');
    return granted(event.data, event.recordedAt);
  }
  if (state === undefined) throw new Error(`${event.type} cannot be the first event of a family`);
  const contradiction = contradictionOf(state, event);
  if (contradiction !== undefined) throw new Error(`${event.type}: ${contradiction}`);
  return change(state, event);
}

function change(
  state: FamilyState,
  event: Exclude<RecordedFamilyEvent, { type: 'GrantIssued' }>,
): FamilyState {
  const at = event.recordedAt;
  switch (event.type) {
    case 'GrantRedeemed':
      return redeemed(state, event.data, at);
    case 'RefreshTokenRotated':
      return rotated(state, event.data, at);
    case 'AccessTokenRefreshed':
      return {
        ...state,
        refreshedAt: at,
        idleExpiresAt: event.data.idleExpiresAt,
        nextSequence: event.data.token.sequence + 1,
        updatedAt: at,
      };
    case 'RefreshRetried':
      return retried(state, event.data, at);
    case 'RefreshRejected':
      return present(state, at, presentationKey(event.data.presentedGeneration, event.data.reason));
    case 'PresentationsCounted':
    case 'LedgerRollbackSuspected':
    case 'RefreshTokenReuseDetected':
      return { ...state, updatedAt: at };
    case 'FamilyRevoked':
      return {
        ...state,
        status: 'revoked',
        revoked: {
          at,
          reason: event.data.reason,
          incidentId: event.data.incidentId,
          revocationId: event.data.revocationId,
        },
        updatedAt: at,
      };
    case 'AccessTokenRevoked':
      return accessTokenRevoked(state, event.data, at);
  }
}

function granted(grant: DataOf<'GrantIssued'>, at: Instant): FamilyState {
  return {
    status: 'pending',
    clientId: grant.clientId as ClientId,
    subject: grant.subject as Subject | undefined,
    sessionId: grant.sessionId,
    grantType: grant.grantType,
    scope: grant.scope,
    resources: grant.resources,
    offline: grant.offline,
    authTime: grant.authTime,
    acr: grant.acr,
    amr: grant.amr,
    grantedAt: at,
    policy: grant.policy,
    ...(grant.code === undefined ? {} : { code: grant.code }),
    generation: null,
    recentRotations: [],
    absoluteExpiresAt: grant.absoluteExpiresAt,
    nextSequence: 0,
    answers: [],
    revokedSequences: [],
    presentations: { hourStart: at, count: 0, seen: [] },
    shadowedGenerations: [],
    updatedAt: at,
  };
}

function redeemed(state: FamilyState, event: DataOf<'GrantRedeemed'>, at: Instant): FamilyState {
  return {
    ...state,
    status: 'active',
    ...(state.code === undefined ? {} : { code: spent(state.code, at) }),
    generation: event.generation,
    keyId: event.keyId,
    idleExpiresAt: event.idleExpiresAt,
    boundSenderKey: event.boundSenderKey,
    nextSequence: event.token.sequence + 1,
    updatedAt: at,
  };
}

function rotated(
  state: FamilyState,
  event: DataOf<'RefreshTokenRotated'>,
  at: Instant,
): FamilyState {
  // Every member by its name: to copy an object of this size and replace some takes twice as long.
  const next: Complete<Omit<FamilyState, Late>> = {
    status: state.status,
    clientId: state.clientId,
    subject: state.subject,
    sessionId: state.sessionId,
    grantType: state.grantType,
    scope: state.scope,
    resources: state.resources,
    offline: state.offline,
    authTime: state.authTime,
    acr: state.acr,
    amr: state.amr,
    grantedAt: state.grantedAt,
    policy: state.policy,
    code: state.code,
    generation: event.generation,
    recentRotations: [...state.recentRotations, at].slice(-ROTATIONS_REMEMBERED),
    absoluteExpiresAt: state.absoluteExpiresAt,
    nextSequence: event.token.sequence + 1,
    answers: [answerOf(event.requestHash, event.token)],
    revokedSequences: unexpired(state, at),
    presentations: state.presentations,
    shadowedGenerations: state.shadowedGenerations.filter(
      (generation) => generation >= event.generation - SHADOW_GENERATIONS,
    ),
    updatedAt: at,
    keyId: event.keyId,
    idleExpiresAt: event.idleExpiresAt,
    boundSenderKey: state.boundSenderKey,
  };
  return withLate(next, state);
}

/**
 * What a family may come to have later, and then behind all other members; a family that rotates is not
 * revoked.
 */
type Late = 'refreshedAt' | 'revokedThrough' | 'revoked';

function withLate(
  next: Omit<FamilyState, Late>,
  { refreshedAt, revokedThrough }: FamilyState,
): FamilyState {
  if (refreshedAt === undefined && revokedThrough === undefined) return next;
  return {
    ...next,
    ...(refreshedAt === undefined ? {} : { refreshedAt }),
    ...(revokedThrough === undefined ? {} : { revokedThrough }),
  };
}

function retried(state: FamilyState, event: DataOf<'RefreshRetried'>, at: Instant): FamilyState {
  const next = present(state, at, undefined);
  const shadowed =
    event.otherParty === true && !state.shadowedGenerations.includes(event.presentedGeneration)
      ? [...state.shadowedGenerations, event.presentedGeneration].slice(-SHADOW_GENERATIONS)
      : state.shadowedGenerations;
  if (event.token === undefined) return { ...next, shadowedGenerations: shadowed };
  const others = state.answers.filter((answer) => answer.requestHash !== event.requestHash);
  const answer = answerOf(event.requestHash, event.token);
  return {
    ...next,
    nextSequence: event.token.sequence + 1,
    answers: [...others, answer].slice(-ANSWERS_REMEMBERED),
    shadowedGenerations: shadowed,
  };
}

/** The request's hash stands for scope and audience: whoever asks the same names them again. */
function answerOf(requestHash: string, token: AccessTokenFacts): Answer {
  // In the order in which an event has them.
  const kept: Complete<Answer['token']> = {
    claimsCommitment: token.claimsCommitment,
    expiresAt: token.expiresAt,
    format: token.format,
    issuedAt: token.issuedAt,
    senderKey: token.senderKey,
    sequence: token.sequence,
    signingKeyId: token.signingKeyId,
  };
  return { requestHash, token: kept };
}

function spent({ redirectUri, codeChallenge, dpopJkt }: CodeState, redeemedAt: Instant): CodeState {
  return { redirectUri, codeChallenge, dpopJkt, redeemedAt };
}

function present(state: FamilyState, at: Instant, seen: string | undefined): FamilyState {
  const running = at < state.presentations.hourStart + HOUR;
  const before = running ? state.presentations : { hourStart: at, count: 0, seen: [] };
  const known = seen === undefined || before.seen.includes(seen);
  return {
    ...state,
    presentations: {
      hourStart: before.hourStart,
      count: before.count + 1,
      seen: known ? before.seen : [...before.seen, seen].slice(-PRESENTATIONS_PER_HOUR),
    },
    updatedAt: at,
  };
}

function accessTokenRevoked(
  state: FamilyState,
  event: DataOf<'AccessTokenRevoked'>,
  at: Instant,
): FamilyState {
  const revoked = [
    ...unexpired(state, at),
    { sequence: event.sequence, expiresAt: event.expiresAt },
  ].sort((left, right) => left.sequence - right.sequence);
  const [forgotten] = revoked.slice(0, -REVOKED_SEQUENCES_REMEMBERED);
  if (forgotten === undefined) return { ...state, revokedSequences: revoked, updatedAt: at };
  return {
    ...state,
    revokedThrough: Math.max(state.revokedThrough ?? 0, forgotten.sequence),
    revokedSequences: revoked.slice(1),
    updatedAt: at,
  };
}

function unexpired(state: FamilyState, at: Instant): FamilyState['revokedSequences'] {
  return state.revokedSequences.filter((revoked) => revoked.expiresAt > at);
}
