import { type Decision, noEvents } from '../decision.js';
import type { SessionEndReason } from '../events/directory.events.js';
import type { Instant, Subject } from '../identifiers.js';
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

/**
 * Ends a session. Ending it again changes nothing, unless it was only renewed: then what was granted
 * in it still lives, and can end too.
 */
export function decideEndSession(
  state: SessionState | undefined,
  reason: SessionEndReason,
): SessionDecision<{ readonly kind: 'ended' | 'already_ended' }> {
  if (state === undefined) return refuse('unknown_session');
  const livesOn = state.ended === 'renewed' && reason !== 'renewed';
  if (state.ended !== undefined && !livesOn) return noEvents({ kind: 'already_ended' });
  return { events: [{ type: 'SessionEnded', data: { reason } }], outcome: { kind: 'ended' } };
}

/** Whether a session still stands for its person: not ended, expired, or signed out everywhere. */
export function isSessionLive(
  session: SessionState,
  account: AccountState | undefined,
  now: Instant,
): boolean {
  if (session.ended !== undefined || session.expiresAt <= now) return false;
  return account?.status === 'active' && session.authTime >= account.tokensNotBefore;
}

/**
 * Whether a family has ended with the session it was granted in: one without offline access lasts
 * only as long as its person is signed in (OIDC Core, 11). Signing in again is no end of that.
 */
export function hasEndedWithSession(
  family: { readonly offline: boolean },
  session: SessionState | undefined,
): boolean {
  return !family.offline && session?.ended !== undefined && session.ended !== 'renewed';
}

const RENEWALS_MAX = 64;

/** Finds a session, in the transaction that something is decided in. */
export type FindSession = (sessionId: string) => SessionState | undefined;

/**
 * The sessions that this one renewed, directly or through others, oldest first: what was granted in
 * them ends with it. At most 64; access tokens of more renewals than that are left to expire.
 */
export function sessionsRenewedBy(session: SessionState, find: FindSession): readonly string[] {
  const renewed: string[] = [];
  let earlier = renewedBy(session, find);
  while (earlier !== undefined && renewed.length < RENEWALS_MAX) {
    renewed.unshift(earlier.sessionId);
    earlier = renewedBy(earlier, find);
  }
  return renewed;
}

/** Undefined for a session that began anew, or took another person's place. */
function renewedBy(
  { subject, replaces }: SessionState,
  find: FindSession,
): SessionState | undefined {
  const before = replaces === undefined ? undefined : find(replaces);
  return before?.subject === subject ? before : undefined;
}

/** Sessions of a browser that end because somebody signed in with it again, oldest first. */
export interface SupersededSessions {
  readonly reason: 'renewed' | 'replaced';
  readonly sessionIds: readonly string[];
}

/**
 * What a sign-in ends in its browser: of the same person only the session that it replaces, which is
 * renewed; of somebody else also those that this one had renewed.
 */
export function sessionsSupersededBy(
  subject: Subject,
  replaces: string | undefined,
  find: FindSession,
): SupersededSessions {
  const before = replaces === undefined ? undefined : find(replaces);
  if (before === undefined) return { reason: 'replaced', sessionIds: [] };
  const { sessionId } = before;
  if (before.subject === subject) return { reason: 'renewed', sessionIds: [sessionId] };
  return { reason: 'replaced', sessionIds: [...sessionsRenewedBy(before, find), sessionId] };
}

function refuse(reason: SessionRefusal): Decision<'session', SessionRefused> {
  return noEvents({ kind: 'refused', reason });
}
