import { describe, expect, it } from '@jest/globals';
import type { AccountState, SessionState } from '../../../src/domain/directory/directory.state.js';
import {
  decideEndSession,
  decideStartSession,
  hasEndedWithSession,
  isSessionLive,
  rootIdOf,
  type RootedSession,
  sessionsEndingWith,
  sessionsSupersededBy,
  withRoot,
} from '../../../src/domain/directory/session.decider.js';
import type { SessionEndReason } from '../../../src/domain/events/directory.events.js';
import type { EventOf } from '../../../src/domain/events/event-catalogue.js';
import type { Subject } from '../../../src/domain/identifiers.js';
import { FIRST_AT, given, MINUTE } from './directory-history.js';

const HOUR = 60 * MINUTE;
const account: AccountState = {
  subject: 'ana' as Subject,
  status: 'active',
  credentialId: 'credential-1',
  roles: [],
  usernameDigest: 'digest-of-ana',
  tokensNotBefore: 0,
  createdAt: 0,
};
const command = { amr: ['pwd'], lifetime: HOUR, credentialId: 'credential-1' };
const started = (
  authTime: number,
  more: { readonly replaces?: string; readonly rootSessionId?: string } = {},
): EventOf<'session'> => ({
  type: 'SessionStarted',
  data: {
    subject: 'ana',
    authTime,
    amr: ['pwd'],
    expiresAt: authTime + HOUR,
    ...more,
  },
});
const endedBy = <Reason extends SessionEndReason>(reason: Reason) =>
  ({ type: 'SessionEnded', data: { reason } }) as const;
/** A sign-in in a browser without a session. */
const only = (owner: AccountState | undefined) => ({ account: owner, before: undefined });
const ended = endedBy('signed_out');
const session = (...history: readonly EventOf<'session'>[]) => given('session', 's1', ...history);
const refused = <Reason extends string>(reason: Reason) => ({ kind: 'refused', reason }) as const;

describe('starting a session', () => {
  it('dates the sign-in by the store’s clock', () => {
    const { state } = session()
      .when((before, at) => decideStartSession(before, command, only(account), at))
      .then({
        events: [started(FIRST_AT)],
        outcome: { kind: 'started', authTime: FIRST_AT, expiresAt: FIRST_AT + HOUR },
      });
    expect(state).toEqual({
      sessionId: 's1',
      subject: 'ana',
      authTime: FIRST_AT,
      amr: ['pwd'],
      expiresAt: FIRST_AT + HOUR,
    });
  });

  it('names the session it replaces, and the one that all began with', () => {
    const root = given('session', 's0', started(FIRST_AT)).state!;
    const again = { ...command, replaces: 's0' };
    const ground = { account, before: { session: root, root } };
    const { state } = session()
      .when((before, at) => decideStartSession(before, again, ground, at))
      .then({
        events: [started(FIRST_AT, { replaces: 's0', rootSessionId: 's0' })],
        outcome: { kind: 'started', authTime: FIRST_AT, expiresAt: FIRST_AT + HOUR },
      });
    expect(state).toMatchObject({ rootSessionId: 's0' });
  });

  it('survives a sign-out everywhere of the same millisecond that came before it', () => {
    const signedOut = { ...account, tokensNotBefore: FIRST_AT + 1 };
    const { state } = session()
      .when((before, at) => decideStartSession(before, command, only(signedOut), at))
      .then({
        events: [started(FIRST_AT + 1)],
        outcome: { kind: 'started', authTime: FIRST_AT + 1, expiresAt: FIRST_AT + 1 + HOUR },
      });
    const rooted = { session: state!, root: state! };
    expect(isSessionLive(rooted, signedOut, FIRST_AT)).toBe(true);
  });

  it('happens once', () => {
    session(started(FIRST_AT))
      .when((before, at) => decideStartSession(before, command, only(account), at))
      .then({ outcome: refused('session_exists') });
  });

  it.each([
    ['is unknown', undefined],
    ['is disabled', { ...account, status: 'disabled' } as const],
    ['has another password by now', { ...account, credentialId: 'credential-2' }],
  ])('is refused when the account %s', (_what, unavailable) => {
    session()
      .when((before, at) => decideStartSession(before, command, only(unavailable), at))
      .then({ outcome: refused('account_unavailable') });
  });
});

describe('ending a session', () => {
  it.each(['signed_out', 'replaced', 'operator_request'] as const)(
    'happens once when it is %s',
    (reason) => {
      const over = session(started(FIRST_AT))
        .when((before) => decideEndSession(before, reason))
        .then({ events: [endedBy(reason)], outcome: { kind: 'ended' } });
      expect(over.state?.ended).toBe(reason);
      for (const again of ['signed_out', 'renewed', 'replaced', 'operator_request'] as const) {
        over
          .when((before) => decideEndSession(before, again))
          .then({ outcome: { kind: 'already_ended' } });
      }
    },
  );

  it.each(['signed_out', 'replaced', 'operator_request'] as const)(
    'happens once more after it was renewed, when it is %s',
    (reason) => {
      const renewed = session(started(FIRST_AT))
        .when((before) => decideEndSession(before, 'renewed'))
        .then({ events: [endedBy('renewed')], outcome: { kind: 'ended' } })
        .when((before) => decideEndSession(before, 'renewed'))
        .then({ outcome: { kind: 'already_ended' } });
      expect(renewed.state?.ended).toBe('renewed');
      const over = renewed
        .when((before) => decideEndSession(before, reason))
        .then({ events: [endedBy(reason)], outcome: { kind: 'ended' } });
      expect(over.state?.ended).toBe(reason);
    },
  );

  it('is refused for an unknown session', () => {
    session()
      .when((before) => decideEndSession(before, 'signed_out'))
      .then({ outcome: refused('unknown_session') });
  });
});

describe('a session stands', () => {
  const now = FIRST_AT + MINUTE;
  const state = session(started(FIRST_AT)).state!;
  const rootAs = (ended: SessionEndReason) => ({ ...state, sessionId: 's0', ended });

  it.each([
    ['now', true, state, state, account, now],
    ['to its last millisecond', true, state, state, account, FIRST_AT + HOUR - 1],
    ['not when it expires', false, state, state, account, FIRST_AT + HOUR],
    ['not when it ended', false, { ...state, ended: 'signed_out' }, state, account, now],
    ['not when it was renewed', false, { ...state, ended: 'renewed' }, state, account, now],
    ['when its root was renewed', true, state, rootAs('renewed'), account, now],
    ['when its root has expired', true, state, { ...state, expiresAt: 0 }, account, now],
    ['not when its root was signed out', false, state, rootAs('signed_out'), account, now],
    ['not when its root was replaced', false, state, rootAs('replaced'), account, now],
    ['not when an operator ended its root', false, state, rootAs('operator_request'), account, now],
    ['not without its account', false, state, state, undefined, now],
    [
      'not when the account is disabled',
      false,
      state,
      state,
      { ...account, status: 'disabled' },
      now,
    ],
    [
      'not after a sign-out everywhere',
      false,
      state,
      state,
      { ...account, tokensNotBefore: FIRST_AT + 1 },
      now,
    ],
    [
      'when the sign-out came before it',
      true,
      state,
      state,
      { ...account, tokensNotBefore: FIRST_AT },
      now,
    ],
  ] as const)('%s', (_when, expected, one, root, owner, at) => {
    expect(isSessionLive({ session: one, root }, owner, at)).toBe(expected);
  });
});

describe('a family ends with its session', () => {
  const live = session(started(FIRST_AT)).state!;
  const over = session(started(FIRST_AT), ended).state!;
  const after = (reason: SessionEndReason) => session(started(FIRST_AT), endedBy(reason)).state!;
  const first = (one: SessionState): RootedSession => ({ session: one, root: one });
  const renewing = (root: SessionState): RootedSession => ({ session: live, root });

  it.each([
    ['when it may not act offline', true, false, first(over)],
    ['when somebody else has signed in', true, false, first(after('replaced'))],
    ['when an operator ended it', true, false, first(after('operator_request'))],
    ['when the root of that ended', true, false, renewing(over)],
    ['also when it was renewed before', true, false, { session: after('renewed'), root: over }],
    ['but not when its person signed in again', false, false, first(after('renewed'))],
    ['but not when the root of that was renewed', false, false, renewing(after('renewed'))],
    ['but not while the session lasts', false, false, first(live)],
    ['but not when it may act offline', false, true, first(over)],
    ['but not when there was no session', false, false, undefined],
  ] as const)('%s', (_when, expected, offline, one) => {
    expect(hasEndedWithSession({ offline }, one)).toBe(expected);
  });
});

describe('a sign-in in a browser that has a session', () => {
  const [ana, bo] = ['ana' as Subject, 'bo' as Subject];
  const first = given('session', 's0', started(FIRST_AT), endedBy('renewed')).state!;
  const second = given('session', 's1', started(FIRST_AT, { rootSessionId: 's0' })).state!;
  const alone: RootedSession = { session: first, root: first };
  const renewed: RootedSession = { session: second, root: first };
  const overFor = [
    { session: { ...first, ended: 'signed_out' }, root: { ...first, ended: 'signed_out' } },
    { session: second, root: { ...first, ended: 'signed_out' } },
    { session: { ...second, ended: 'replaced' }, root: first },
  ] as const;

  const rootAfter = (before: RootedSession | undefined, owner = account): unknown => {
    const state = given('session', 's2');
    const { events } = decideStartSession(state.state, command, { account: owner, before }, 0);
    return events[0]?.type === 'SessionStarted' ? events[0].data.rootSessionId : 'none';
  };

  it('renews that session when it is of the same person', () => {
    expect(sessionsSupersededBy(ana, renewed)).toEqual({ reason: 'renewed', sessionIds: ['s1'] });
  });

  it('ends the root of that session, then the session, when it is of somebody else', () => {
    const ends = (before: RootedSession) => sessionsSupersededBy(bo, before);
    expect(ends(renewed)).toEqual({ reason: 'replaced', sessionIds: ['s0', 's1'] });
    expect(ends(alone)).toEqual({ reason: 'replaced', sessionIds: ['s0'] });
  });

  it.each([undefined, ...overFor])('ends none when there is none that is not over', (before) => {
    expect(sessionsSupersededBy(ana, before).sessionIds).toEqual([]);
    expect(sessionsSupersededBy(bo, before).sessionIds).toEqual([]);
  });

  it('goes on from the first session of the same person, however often that was renewed', () => {
    expect([rootAfter(alone), rootAfter(renewed)]).toEqual(['s0', 's0']);
  });

  it.each([undefined, ...overFor])('begins anew when there is none that is not over', (before) => {
    expect(rootAfter(before)).toBeUndefined();
  });

  it('begins anew when the session is of somebody else', () => {
    expect(rootAfter(renewed, { ...account, subject: bo })).toBeUndefined();
  });
});

describe('the root of a session', () => {
  const first = given('session', 's0', started(FIRST_AT)).state!;
  const second = given('session', 's1', started(FIRST_AT, { rootSessionId: 's0' })).state!;

  it('is the session itself when that is a first one', () => {
    expect(rootIdOf(first)).toBe('s0');
    expect(sessionsEndingWith(first)).toEqual(['s0']);
    expect(withRoot(first, () => undefined)).toEqual({ session: first, root: first });
  });

  it('is the one that the session names, and ends before it', () => {
    expect(rootIdOf(second)).toBe('s0');
    expect(sessionsEndingWith(second)).toEqual(['s0', 's1']);
    const find = (id: string) => (id === 's0' ? first : undefined);
    expect(withRoot(second, find)).toEqual({ session: second, root: first });
  });

  it('must be known, as the session must', () => {
    expect(withRoot(second, () => undefined)).toBeUndefined();
    expect(withRoot(undefined, () => first)).toBeUndefined();
  });
});
