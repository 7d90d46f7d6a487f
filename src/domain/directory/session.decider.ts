import { type Decision, noEvents } from '../decision.js';
import type { EventOf } from '../events/event-catalogue.js';
import type { Instant } from '../identifiers.js';
import type { AccountState, SessionState } from './directory.state.js';

/** Why nothing was done about a session. */
export type SessionRefusal = 'session_exists' | 'account_unavailable' | 'unknown_session';

/** Nothing was done about a session. */
export interface SessionRefused {
  readonly kind: 'refused';
  readonly reason: SessionRefusal;
}

type SessionDecision<Done> = Decision<'session', Done | SessionRefused>;

/** A person signed in with a browser. */
export interface StartSession {
  readonly amr: readonly string[];
  /** Milliseconds. */
  readonly lifetime: number;
  /** The password that was proven; it must still be the one that counts. */
  readonly credentialId: string;
  /** The session that this sign-in takes the place of. */
  readonly replaces?: string | undefined;
}

/** When a session began, by the store's clock, and when it ends by itself. */
export interface SessionStarted {
  readonly kind: 'started';
  readonly authTime: Instant;
  readonly expiresAt: Instant;
}

/** Starts a session of an account that is active and whose password is still the one proven. */
export function decideStartSession(
  state: SessionState | undefined,
  command: StartSession,
  account: AccountState | undefined,
  recordedAt: Instant,
): SessionDecision<SessionStarted> {
  if (state !== undefined) return refuse('session_exists');
  if (account?.status !== 'active' || account.credentialId !== command.credentialId) {
    return refuse('account_unavailable');
  }
  // Never before what a sign-out of the same millisecond voids: this sign-in came after it.
  const authTime = Math.max(recordedAt, account.tokensNotBefore);
  const expiresAt = authTime + command.lifetime;
  return {
    events: [
      {
        type: 'SessionStarted',
        data: {
          subject: account.subject,
          authTime,
          amr: [...command.amr],
          expiresAt,
          replaces: command.replaces,
        },
      },
    ],
    outcome: { kind: 'started', authTime, expiresAt },
  };
}

/** Why a session ends before it expires. */
export type SessionEndReason = Extract<
  EventOf<'session'>,
  { readonly type: 'SessionEnded' }
>['data']['reason'];

/** Ends a session; ending it again changes nothing. */
export function decideEndSession(
  state: SessionState | undefined,
  reason: SessionEndReason,
): SessionDecision<{ readonly kind: 'ended' | 'already_ended' }> {
  if (state === undefined) return refuse('unknown_session');
  if (state.ended) return noEvents({ kind: 'already_ended' });
  return { events: [{ type: 'SessionEnded', data: { reason } }], outcome: { kind: 'ended' } };
}

/** Whether a session still stands for its person: not ended, expired, or signed out everywhere. */
export function isSessionLive(
  session: SessionState,
  account: AccountState | undefined,
  now: Instant,
): boolean {
  if (session.ended || session.expiresAt <= now) return false;
  return account?.status === 'active' && session.authTime >= account.tokensNotBefore;
}

/**
 * Whether a family has ended with the session it was granted in: one without offline access lasts
 * only as long as its person is signed in (OIDC Core, 11).
 */
export function hasEndedWithSession(
  family: { readonly offline: boolean },
  session: SessionState | undefined,
): boolean {
  return !family.offline && session?.ended === true;
}

function refuse(reason: SessionRefusal): Decision<'session', SessionRefused> {
  return noEvents({ kind: 'refused', reason });
}
