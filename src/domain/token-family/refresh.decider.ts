import { canonicalJson } from '../canonical-json.js';
import type { Decision } from '../decision.js';
import {
  type AccessRequest,
  accessTokenExpiryOf,
  type AccessTerms,
  accessTerms,
  hasIdToken,
  idleExpiryOf,
  isTooLateFor,
  nextAccessToken,
} from './access-token.rules.js';
import {
  byOf,
  type Caller,
  familyEnd,
  type FamilyContext,
  type Granted,
  hasPresentationsLeft,
  isAuthenticated,
  killedBy,
  openIncident,
  type PresentationOutcome,
  type PresentedToken,
  type Refused,
  reject,
} from './family.decision.js';
import {
  type Answer,
  ANSWERS_REMEMBERED,
  consumedAt,
  type FamilyState,
  isAccessTokenRevoked,
  SHADOW_GENERATIONS,
} from './family.state.js';
import { withinGrantType } from './grant-type.rules.js';

/** A refresh token of this family was presented. */
export interface Refresh extends AccessRequest {
  readonly presented: PresentedToken;
  readonly caller: Caller;
}

/** An answered access token that has this much left is given again, in milliseconds. */
const REUSABLE_ANSWER_REMAINDER = 30_000;
/** With less than this left it is not worth giving: a client counts in whole seconds. */
const ANSWER_REMAINDER_MIN = 1000;

type RefreshDecision = Decision<'family', PresentationOutcome>;

/**
 * Decides what a genuine refresh token leads to: client first, then the token, then the request
 * (RFC 6749, 6; RFC 9700, 4.14). A refusal never changes what the family is worth, except detected
 * reuse and a detected rollback of the ledger.
 */
export function decideRefresh(
  state: FamilyState,
  command: Refresh,
  context: FamilyContext,
): RefreshDecision {
  return withinGrantType(command, context, decide(state, command, context));
}

function decide(state: FamilyState, command: Refresh, context: FamilyContext): RefreshDecision {
  const { presented, caller } = command;
  const refuse = (refusal: Parameters<typeof reject>[4]): RefreshDecision =>
    reject(state, presented, caller, context, refusal);

  if (!isAuthenticated(caller, context.client, context.receivedAt)) {
    return refuse({ error: 'invalid_client', reason: 'client_authentication_failed' });
  }
  if (state.clientId !== caller.clientId) {
    return refuse({ error: 'invalid_grant', reason: 'foreign_client' });
  }
  if (state.boundSenderKey !== undefined && state.boundSenderKey !== caller.senderKey) {
    return refuse({ error: 'invalid_grant', reason: 'sender_mismatch' });
  }
  const ended = familyEnd(state, context.receivedAt, context);
  if (ended !== undefined) return refuse({ error: 'invalid_grant', reason: ended });
  if (isTooLateFor(state.absoluteExpiresAt, context.recordedAt)) {
    return refuse({ error: 'invalid_grant', reason: 'expired_absolute' });
  }

  if (!hasIssued(state, presented, context)) return rollbackSuspected(state, command, context);
  const current = state.generation;
  const standing = standingOf(state, presented.number, current, context.receivedAt);
  if (standing === 'reused') return reuseDetected(state, command, context, current);
  if (standing === 'stale') {
    const age = ageOf(state, presented.number, context);
    return refuse({ error: 'invalid_grant', reason: 'stale_inside_window', age });
  }
  const terms = accessTerms(state, command, context.issuer);
  if ('error' in terms) return refuse(terms);
  return standing === 'current'
    ? renew(state, command, context, current, terms)
    : retry(state, command, context, current, terms);
}

type Standing = 'current' | 'retried' | 'stale' | 'reused';

/**
 * Where a presented generation stands. The window is anchored at the rotation that consumed it. A
 * clock that went back makes an age negative: that counts as inside, order comes from generations.
 */
function standingOf(state: FamilyState, presented: number, current: number, now: number): Standing {
  if (presented === current) return 'current';
  const consumed = consumedAt(state, presented);
  const inside = consumed !== undefined && now - consumed <= state.policy.retryWindow;
  if (presented === current - 1) {
    return inside || state.policy.retryUntilUsed ? 'retried' : 'reused';
  }
  return inside ? 'stale' : 'reused';
}

/**
 * Since when the client has what the current refresh token got it: from its last use where it stays, and
 * else from the rotation that made it, the first one from its code.
 */
function currentAgeOf(state: FamilyState, context: FamilyContext): number {
  const madeAt = state.recentRotations.at(-1) ?? state.code?.redeemedAt ?? state.grantedAt;
  const since = state.refreshedAt ?? madeAt;
  return Math.max(0, context.receivedAt - since);
}

/** Since when the generation is consumed; since the oldest remembered rotation if longer ago. */
function ageOf(state: FamilyState, generation: number, context: FamilyContext): number {
  const since = consumedAt(state, generation) ?? state.recentRotations[0] ?? state.grantedAt;
  return Math.max(0, context.receivedAt - since);
}

function renew(
  state: FamilyState,
  command: Refresh,
  context: FamilyContext,
  current: number,
  terms: AccessTerms,
): RefreshDecision {
  const token = nextAccessToken(state, terms, context, command.caller.senderKey);
  const idToken = hasIdToken(state);
  const idleExpiresAt = idleExpiryOf(state, context);
  const age = currentAgeOf(state, context);
  const requestHash = requestHashOf(terms, command, context);
  const by = byOf(command.caller, context);
  const granted = (how: Granted['how'], generation: number, keyId: string): Granted => {
    return {
      kind: 'granted',
      how,
      family: state,
      generation,
      keyId,
      idleExpiresAt,
      token,
      idToken,
    };
  };
  if (state.policy.rotation === 'fixed') {
    const keyId = state.keyId ?? context.refreshKeyId;
    const data = { ...by, age, generation: current, idToken, idleExpiresAt, requestHash, token };
    return {
      events: [{ type: 'AccessTokenRefreshed', data }],
      outcome: granted('refreshed', current, keyId),
    };
  }
  const generation = current + 1;
  const keyId = context.refreshKeyId;
  // What happens most often is written out in canonical order: nothing has to be copied or sorted.
  const data = {
    age,
    authMethod: by.authMethod,
    clientAuthenticated: by.clientAuthenticated,
    clientId: by.clientId,
    generation,
    idToken,
    idleExpiresAt,
    keyId,
    policyRevision: by.policyRevision,
    presentedGeneration: current,
    receivedAt: by.receivedAt,
    requestHash,
    senderKey: by.senderKey,
    token,
  };
  return {
    events: [{ type: 'RefreshTokenRotated', data }],
    outcome: granted('rotated', generation, keyId),
  };
}

/** The access token that this request was answered with, while it can be given again. */
function reusableAnswer(
  state: FamilyState,
  requestHash: string,
  context: FamilyContext,
): Answer['token'] | undefined {
  const token = answerTo(state, requestHash)?.token;
  if (token === undefined || isAccessTokenRevoked(state, token.sequence)) return undefined;
  const remainder = token.expiresAt - context.receivedAt;
  if (remainder < ANSWER_REMAINDER_MIN || !context.canSign(token.signingKeyId)) return undefined;
  const isAsGoodAsNew =
    remainder >= REUSABLE_ANSWER_REMAINDER ||
    accessTokenExpiryOf(state, context) <= token.expiresAt;
  return isAsGoodAsNew || !hasPresentationsLeft(state, context.recordedAt) ? token : undefined;
}

function answerTo(state: FamilyState, requestHash: string): Answer | undefined {
  return state.answers.find((answer) => answer.requestHash === requestHash);
}

/**
 * Whether a retry may have an access token minted for it. When the hour's presentations are used up it
 * may only where that stays rare: once in the lifetime of the token for each request, and for as many
 * different requests as a rotation remembers.
 */
function mayMint(state: FamilyState, requestHash: string, context: FamilyContext): boolean {
  return (
    hasPresentationsLeft(state, context.recordedAt) ||
    state.answers.length < ANSWERS_REMEMBERED ||
    answerTo(state, requestHash) !== undefined
  );
}

function retry(
  state: FamilyState,
  command: Refresh,
  context: FamilyContext,
  current: number,
  terms: AccessTerms,
): RefreshDecision {
  const requestHash = requestHashOf(terms, command, context);
  const answered = reusableAnswer(state, requestHash, context);
  if (answered === undefined && !mayMint(state, requestHash, context)) {
    const refusal = { error: 'temporarily_unavailable', reason: 'rate_limited' } as const;
    return reject(state, command.presented, command.caller, context, refusal);
  }
  const token =
    answered === undefined
      ? nextAccessToken(state, terms, context, command.caller.senderKey)
      : { ...answered, scope: [...terms.scope], audience: [...terms.audience] };
  const minted = answered === undefined ? token : undefined;
  const outcome: Granted = {
    kind: 'granted',
    how: 'retried',
    family: state,
    generation: current,
    keyId: state.keyId ?? context.refreshKeyId,
    idleExpiresAt: state.idleExpiresAt ?? state.absoluteExpiresAt,
    token,
    idToken: hasIdToken(state),
  };
  const presentedGeneration = command.presented.number;
  const shadowed = state.shadowedGenerations;
  const newlyShadowed = !shadowed.includes(presentedGeneration) && context.isOtherParty();
  if (minted === undefined && !newlyShadowed && !hasPresentationsLeft(state, context.recordedAt)) {
    const counted = { outcome: 'retried', generation: presentedGeneration } as const;
    return { events: [], outcome: { ...outcome, counted } };
  }
  const suspected = newlyShadowed && shadowed.some((one) => one > current - SHADOW_GENERATIONS - 1);
  return {
    events: [
      {
        type: 'RefreshRetried',
        data: {
          ...byOf(command.caller, context),
          presentedGeneration,
          age: ageOf(state, presentedGeneration, context),
          requestHash,
          servedSequence: token.sequence,
          token: minted,
          otherParty: newlyShadowed ? true : undefined,
          incidentId: suspected ? context.incidentId : undefined,
        },
      },
    ],
    outcome,
    ...(suspected
      ? { companions: [openIncident('suspected_shadow', state, command.presented, context)] }
      : {}),
  };
}

function reuseDetected(
  state: FamilyState,
  command: Refresh,
  context: FamilyContext,
  current: number,
): RefreshDecision {
  const presentedGeneration = command.presented.number;
  return {
    events: [
      {
        type: 'RefreshTokenReuseDetected',
        data: {
          ...byOf(command.caller, context),
          kind: 'refresh',
          presentedGeneration,
          currentGeneration: current,
          gap: current - presentedGeneration,
          age: ageOf(state, presentedGeneration, context),
          cause:
            presentedGeneration === current - 1 ? 'retry_window_passed' : 'superseded_generation',
          incidentId: context.incidentId,
        },
      },
      killedBy('refresh_token_reuse', context.incidentId),
    ],
    outcome: { kind: 'refused', error: 'invalid_grant', reason: 'reuse_detected' },
    companions: [openIncident('refresh_token_reuse', state, command.presented, context)],
  };
}

/**
 * Whether the family can have issued this refresh token: not one of a generation that is still to
 * come, and not one from before the ledger was restored.
 */
export function hasIssued(
  state: FamilyState,
  presented: PresentedToken,
  { epoch }: Pick<FamilyContext, 'epoch'>,
): state is FamilyState & { readonly generation: number } {
  const { generation } = state;
  return generation !== null && presented.number <= generation && presented.epoch === epoch;
}

/** Kills a family whose genuine token the ledger cannot have issued (design: restored copy). */
export function rollbackSuspected(
  state: FamilyState,
  command: Pick<Refresh, 'presented' | 'caller'>,
  context: FamilyContext,
): Decision<'family', Refused> {
  return {
    events: [
      {
        type: 'LedgerRollbackSuspected',
        data: {
          ...byOf(command.caller, context),
          kind: command.presented.kind,
          presentedGeneration: command.presented.number,
          currentGeneration: state.generation ?? undefined,
          keyId: command.presented.keyId,
          incidentId: context.incidentId,
        },
      },
      killedBy('ledger_rollback', context.incidentId),
    ],
    outcome: { kind: 'refused', error: 'invalid_grant', reason: 'rollback_suspected' },
    companions: [openIncident('ledger_rollback', state, command.presented, context)],
  };
}

function requestHashOf(terms: AccessTerms, command: Refresh, context: FamilyContext): string {
  const senderKey = command.caller.senderKey;
  return context.digest(canonicalJson({ audience: terms.audience, scope: terms.scope, senderKey }));
}
