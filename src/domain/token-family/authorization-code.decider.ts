import { type Decision, noEvents } from '../decision.js';
import { hasEndedWithSession, isSessionLive } from '../directory/session.decider.js';
import type { CodeFacts, FamilyPolicy, RejectionReason } from '../events/token-family.events.js';
import type { Instant } from '../identifiers.js';
import {
  accessTerms,
  hasIdToken,
  idleExpiryOf,
  isTooLateFor,
  nextAccessToken,
  type ResourceRequest,
} from './access-token.rules.js';
import {
  byOf,
  type Caller,
  type FamilyContext,
  isAuthenticated,
  killedBy,
  openIncident,
  ownersEnd,
  type PresentationOutcome,
  type PresentedToken,
  reject,
} from './family.decision.js';
import type { FamilyState } from './family.state.js';
import { withinGrantType } from './grant-type.rules.js';
import { rollbackSuspected } from './refresh.decider.js';

/** A resource owner authorized a client: begin a family with an authorization code. */
export interface IssueGrant {
  readonly caller: Caller;
  readonly subject: string;
  readonly sessionId: string;
  readonly scope: readonly string[];
  readonly resources: readonly string[];
  readonly authTime: Instant;
  readonly acr?: string | undefined;
  readonly amr: readonly string[];
  readonly consentId?: string | undefined;
  readonly policy: FamilyPolicy;
  /** Milliseconds. */
  readonly absoluteLifetime: number;
  readonly codeLifetime: number;
  readonly code: Omit<CodeFacts, 'expiresAt' | 'keyId'>;
}

/** What authorizing a client came to; its person may have signed out meanwhile. */
export type GrantOutcome =
  | { readonly kind: 'granted' }
  | { readonly kind: 'refused'; readonly reason: Extract<RejectionReason, 'session_ended'> };

/**
 * Begins a token family while the session that it rests on still stands: whatever was granted after a
 * sign-out would outlive it. Its authorization code is its first token.
 */
export function decideIssueGrant(
  state: FamilyState | undefined,
  command: IssueGrant,
  context: FamilyContext,
): Decision<'family', GrantOutcome> {
  if (state !== undefined) throw new Error('a family is granted once');
  const session = context.session();
  if (session === undefined || !isSessionLive(session, context.account, context.receivedAt)) {
    return noEvents({ kind: 'refused', reason: 'session_ended' });
  }
  const issuedAt = context.recordedAt;
  return {
    events: [
      {
        type: 'GrantIssued',
        data: {
          ...byOf(command.caller, context),
          subject: command.subject,
          sessionId: command.sessionId,
          grantType: 'authorization_code',
          scope: [...command.scope].sort(),
          resources: [...command.resources],
          offline: command.scope.includes('offline_access'),
          authTime: command.authTime,
          acr: command.acr,
          amr: [...command.amr],
          consentId: command.consentId,
          absoluteExpiresAt: issuedAt + command.absoluteLifetime,
          policy: command.policy,
          code: {
            ...command.code,
            expiresAt: issuedAt + command.codeLifetime,
            keyId: context.refreshKeyId,
          },
        },
      },
    ],
    outcome: { kind: 'granted' },
  };
}

/** An authorization code of this family was presented. */
export interface RedeemCode extends ResourceRequest {
  readonly presented: PresentedToken;
  readonly caller: Caller;
  readonly redirectUri?: string | undefined;
  /** S256 of the presented verifier (RFC 7636, 4.6); absent when none was presented. */
  readonly verifierChallenge?: string | undefined;
}

type CodeDecision = Decision<'family', PresentationOutcome>;

/**
 * Decides what a genuine authorization code leads to (RFC 6749, 4.1.3; RFC 7636, 4.6; RFC 9449, 10).
 * There is no retry window: a second redemption that is valid in all but being the first kills the
 * family, and one with a wrong verifier, sender key, redirect URI or client never does.
 */
export function decideRedeemCode(
  state: FamilyState,
  command: RedeemCode,
  context: FamilyContext,
): CodeDecision {
  return withinGrantType(command, context, decide(state, command, context));
}

function decide(state: FamilyState, command: RedeemCode, context: FamilyContext): CodeDecision {
  const { presented, caller } = command;
  const refuse = (refusal: Parameters<typeof reject>[4]): CodeDecision =>
    reject(state, presented, caller, context, refusal);
  const { code } = state;

  if (!isAuthenticated(caller, context.client, context.receivedAt)) {
    return refuse({ error: 'invalid_client', reason: 'client_authentication_failed' });
  }
  if (state.clientId !== caller.clientId) {
    return refuse({ error: 'invalid_grant', reason: 'foreign_client' });
  }
  if (state.status === 'revoked')
    return refuse({ error: 'invalid_grant', reason: 'family_revoked' });
  if (code === undefined) return rollbackSuspected(state, command, context);
  if (code.redirectUri !== command.redirectUri) {
    return refuse({ error: 'invalid_grant', reason: 'redirect_mismatch' });
  }
  if (code.codeChallenge !== command.verifierChallenge) {
    return refuse({ error: 'invalid_grant', reason: 'pkce_mismatch' });
  }
  if (code.dpopJkt !== undefined && code.dpopJkt !== caller.senderKey) {
    return refuse({ error: 'invalid_grant', reason: 'sender_mismatch' });
  }
  if (presented.epoch !== context.epoch) return rollbackSuspected(state, command, context);
  if (code.redeemedAt !== undefined) return redeemedTwice(state, command, context, code.redeemedAt);
  if (code.expiresAt <= context.receivedAt) {
    return refuse({ error: 'invalid_grant', reason: 'code_expired' });
  }
  if (isTooLateFor(state.absoluteExpiresAt, context.recordedAt)) {
    return refuse({ error: 'invalid_grant', reason: 'expired_absolute' });
  }
  const ended = ownersEnd(state, context);
  if (ended !== undefined) return refuse({ error: 'invalid_grant', reason: ended });
  if (!state.offline && hasEndedWithSession(state, context.session())) {
    return refuse({ error: 'invalid_grant', reason: 'session_ended' });
  }
  return redeem(state, command, context, refuse);
}

function redeem(
  state: FamilyState,
  command: RedeemCode,
  context: FamilyContext,
  refuse: (refusal: Parameters<typeof reject>[4]) => CodeDecision,
): CodeDecision {
  const { resources, fault } = command;
  const terms = accessTerms(state, { resources, fault }, context.issuer);
  if ('error' in terms) return refuse(terms);
  const { authMethod, senderKey } = command.caller;
  const token = nextAccessToken(state, terms, context, senderKey);
  const idToken = hasIdToken(state);
  const generation = state.offline ? 0 : null;
  const idleExpiresAt = idleExpiryOf(state, context);
  const keyId = context.refreshKeyId;
  return {
    events: [
      {
        type: 'GrantRedeemed',
        data: {
          ...byOf(command.caller, context),
          generation,
          ...(state.offline ? { keyId, idleExpiresAt } : {}),
          boundSenderKey: authMethod === 'none' ? senderKey : undefined,
          token,
          idToken,
        },
      },
    ],
    outcome: {
      kind: 'granted',
      how: 'redeemed',
      family: state,
      generation,
      keyId,
      idleExpiresAt,
      token,
      idToken,
    },
  };
}

function redeemedTwice(
  state: FamilyState,
  command: RedeemCode,
  context: FamilyContext,
  redeemedAt: Instant,
): CodeDecision {
  const currentGeneration = state.generation ?? 0;
  return {
    events: [
      {
        type: 'RefreshTokenReuseDetected',
        data: {
          ...byOf(command.caller, context),
          kind: 'code',
          presentedGeneration: 0,
          currentGeneration,
          gap: currentGeneration,
          age: Math.max(0, context.receivedAt - redeemedAt),
          cause: 'code_redeemed_twice',
          incidentId: context.incidentId,
        },
      },
      killedBy('code_reuse', context.incidentId),
    ],
    outcome: { kind: 'refused', error: 'invalid_grant', reason: 'reuse_detected' },
    companions: [openIncident('code_reuse', state, command.presented, context)],
  };
}
