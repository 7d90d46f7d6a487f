import { type Decision, noEvents } from '../decision.js';
import type { SessionEndReason } from '../events/directory.events.js';
import type { Instant, Subject } from '../identifiers.js';
import { endByAccount } from '../revocation/tokens-not-before.rules.js';
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

/** What a sign-in depends on, read in the transaction that decides it; undefined where unknown. */
export interface SignInGround {
  readonly account: AccountState | undefined;
  /** The session that this sign-in takes the place of. */
  readonly before: RootedSession | undefined;
}

/** When a session began, by the store's clock, and when it ends by itself. */
export interface SessionStarted {
  readonly kind: 'started';
  readonly authTime: Instant;
  readonly expiresAt: Instant;
}

/**
 * Starts a session of an account that is active and whose password is still the one proven. One that
 * renews another has the root of that, unless it is over: then it is a first one.
 */
export function decideStartSession(
  state: SessionState | undefined,
  command: StartSession,
  { account, before }: SignInGround,
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
          rootSessionId: rootFor(account.subject, before),
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

/** A session, and the one that its person's sign-ins in this browser began with: its root. */
export interface RootedSession {
  readonly session: SessionState;
  /** The session itself when it is a first one. */
  readonly root: SessionState;
}

/** Finds a session, in the transaction that something is decided in. */
export type FindSession = (sessionId: string) => SessionState | undefined;

/** A session with its root; undefined when one of them is unknown. */
export function withRoot(
  session: SessionState | undefined,
  find: FindSession,
): RootedSession | undefined {
  if (session === undefined) return undefined;
  const root = session.rootSessionId === undefined ? session : find(session.rootSessionId);
  return root && { session, root };
}

/** The id of a session's root. */
export function rootIdOf({ sessionId, rootSessionId }: SessionState): string {
  return rootSessionId ?? sessionId;
}

/** The ids of what has to end for a session to be over with all that it renewed, its root first. */
export function sessionsEndingWith(session: SessionState): readonly string[] {
  return [...new Set([rootIdOf(session), session.sessionId])];
}

/** Whether a session was ended for good: being renewed is no end of what was granted in it. */
export function isEndedForGood({ ended }: SessionState): boolean {
  return ended !== undefined && ended !== 'renewed';
}

/** Whether a session is over: it was ended for good, or its root was, and all that renewed it. */
function isOver({ session, root }: RootedSession): boolean {
  return isEndedForGood(session) || isEndedForGood(root);
}

/** Whether a session still stands for its person: not over, renewed, expired, or signed out everywhere. */
export function isSessionLive(
  rooted: RootedSession,
  account: AccountState | undefined,
  now: Instant,
): boolean {
  const { session } = rooted;
  if (isOver(rooted) || session.ended !== undefined || session.expiresAt <= now) return false;
  return endByAccount(session.authTime, account) === undefined;
}

/**
 * Whether a family has ended with the session it was granted in: one without offline access lasts
 * only as long as its person is signed in (OIDC Core, 11). Signing in again is no end of that.
 */
export function hasEndedWithSession(
  family: { readonly offline: boolean },
  rooted: RootedSession | undefined,
): boolean {
  return !family.offline && rooted !== undefined && isOver(rooted);
}

/** Sessions of a browser that end because somebody signed in with it again, their root first. */
export interface SupersededSessions {
  readonly reason: 'renewed' | 'replaced';
  readonly sessionIds: readonly string[];
}

/**
 * What a sign-in ends in its browser: of the same person only the session that it replaces, which is
 * renewed; of somebody else also its root. What is over already stays as it is.
 */
export function sessionsSupersededBy(
  subject: Subject,
  before: RootedSession | undefined,
): SupersededSessions {
  if (before === undefined || isOver(before)) return { reason: 'replaced', sessionIds: [] };
  const { session } = before;
  return session.subject === subject
    ? { reason: 'renewed', sessionIds: [session.sessionId] }
    : { reason: 'replaced', sessionIds: sessionsEndingWith(session) };
}

/** The root that a new session of this person has in the one before it; undefined: it is a first one. */
function rootFor(subject: Subject, before: RootedSession | undefined): string | undefined {
  if (before === undefined || before.session.subject !== subject) return undefined;
  return isOver(before) ? undefined : before.root.sessionId;
}

function refuse(reason: SessionRefusal): Decision<'session', SessionRefused> {
  return noEvents({ kind: 'refused', reason });
}
