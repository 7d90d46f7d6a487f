import { describe, expect, it } from '@jest/globals';
import type { AccountState, SessionState } from '../../../src/domain/directory/directory.state.js';
import {
  decideEndSession,
  decideStartSession,
  hasEndedWithSession,
  isSessionLive,
  sessionsRenewedBy,
  sessionsSupersededBy,
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
const started = (authTime: number, replaces?: string): EventOf<'session'> => ({
  type: 'SessionStarted',
  data: {
    subject: 'ana',
    authTime,
    amr: ['pwd'],
    expiresAt: authTime + HOUR,
    ...(replaces === undefined ? {} : { replaces }),
  },
});
const endedBy = <Reason extends SessionEndReason>(reason: Reason) =>
  ({ type: 'SessionEnded', data: { reason } }) as const;
const ended = endedBy('signed_out');
const session = (...history: readonly EventOf<'session'>[]) => given('session', 's1', ...history);
const refused = <Reason extends string>(reason: Reason) => ({ kind: 'refused', reason }) as const;

describe('starting a session', () => {
  it('dates the sign-in by the store’s clock', () => {
    const { state } = session()
      .when((before, at) => decideStartSession(before, command, account, at))
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

  it('names the session it replaces', () => {
    const { state } = session()
      .when((before, at) => decideStartSession(before, { ...command, replaces: 's0' }, account, at))
      .then({
        events: [started(FIRST_AT, 's0')],
        outcome: { kind: 'started', authTime: FIRST_AT, expiresAt: FIRST_AT + HOUR },
      });
    expect(state).toMatchObject({ replaces: 's0' });
  });

  it('survives a sign-out everywhere of the same millisecond that came before it', () => {
    const signedOut = { ...account, tokensNotBefore: FIRST_AT + 1 };
    const { state } = session()
      .when((before, at) => decideStartSession(before, command, signedOut, at))
      .then({
        events: [started(FIRST_AT + 1)],
        outcome: { kind: 'started', authTime: FIRST_AT + 1, expiresAt: FIRST_AT + 1 + HOUR },
      });
    expect(isSessionLive(state!, signedOut, FIRST_AT)).toBe(true);
  });

  it('happens once', () => {
    session(started(FIRST_AT))
      .when((before, at) => decideStartSession(before, command, account, at))
      .then({ outcome: refused('session_exists') });
  });

  it.each([
    ['is unknown', undefined],
    ['is disabled', { ...account, status: 'disabled' } as const],
    ['has another password by now', { ...account, credentialId: 'credential-2' }],
  ])('is refused when the account %s', (_what, unavailable) => {
    session()
      .when((before, at) => decideStartSession(before, command, unavailable, at))
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

  it.each([
    ['now', true, state, account, now],
    ['to its last millisecond', true, state, account, FIRST_AT + HOUR - 1],
    ['not when it expires', false, state, account, FIRST_AT + HOUR],
    ['not when it ended', false, { ...state, ended: 'signed_out' }, account, now],
    ['not when it was renewed', false, { ...state, ended: 'renewed' }, account, now],
    ['not without its account', false, state, undefined, now],
    ['not when the account is disabled', false, state, { ...account, status: 'disabled' }, now],
    [
      'not after a sign-out everywhere',
      false,
      state,
      { ...account, tokensNotBefore: FIRST_AT + 1 },
      now,
    ],
    [
      'when the sign-out came before it',
      true,
      state,
      { ...account, tokensNotBefore: FIRST_AT },
      now,
    ],
  ] as const)('%s', (_when, expected, one, owner, at) => {
    expect(isSessionLive(one, owner, at)).toBe(expected);
  });
});

describe('a family ends with its session', () => {
  const live = session(started(FIRST_AT)).state!;
  const over = session(started(FIRST_AT), ended).state!;
  const after = (reason: SessionEndReason) => session(started(FIRST_AT), endedBy(reason)).state!;

  it.each([
    ['when it may not act offline', true, false, over],
    ['when somebody else has signed in', true, false, after('replaced')],
    ['when an operator ended it', true, false, after('operator_request')],
    ['but not when its person signed in again', false, false, after('renewed')],
    ['but not while the session lasts', false, false, live],
    ['but not when it may act offline', false, true, over],
    ['but not when there was no session', false, false, undefined],
  ] as const)('%s', (_when, expected, offline, one) => {
    expect(hasEndedWithSession({ offline }, one)).toBe(expected);
  });
});

describe('a sign-in in a browser that has a session', () => {
  /** Sessions that replace each other, oldest first: whose each is. */
  const browser = (...subjects: readonly string[]) => {
    const sessions = subjects.map((subject, index): SessionState => {
      const { type, data } = started(FIRST_AT, index === 0 ? undefined : `s${index - 1}`);
      const own = { type, data: Object.assign({}, data, { subject }) } as EventOf<'session'>;
      return given('session', `s${index}`, own).state!;
    });
    const byId = new Map(sessions.map((one) => [one.sessionId, one]));
    const find = (sessionId: string) => byId.get(sessionId);
    return { last: sessions.at(-1)!, find };
  };
  const ana = 'ana' as Subject;

  it('renews that session when it is of the same person', () => {
    const { find } = browser('ana', 'ana');
    expect(sessionsSupersededBy(ana, 's1', find)).toEqual({
      reason: 'renewed',
      sessionIds: ['s1'],
    });
  });

  it('ends that session and all it renewed when it is of somebody else', () => {
    const { find } = browser('ana', 'bo', 'bo', 'bo');
    expect(sessionsSupersededBy(ana, 's3', find)).toEqual({
      reason: 'replaced',
      sessionIds: ['s1', 's2', 's3'],
    });
  });

  it.each([undefined, 'unknown'])('ends none when it replaces %s', (replaces) => {
    expect(sessionsSupersededBy(ana, replaces, browser('ana').find).sessionIds).toEqual([]);
  });

  it.each([
    ['nothing before a first sign-in', ['ana'], []],
    ['every session of its person before it, oldest first', ['ana', 'ana', 'ana'], ['s0', 's1']],
    ['none of somebody else', ['ana', 'bo'], []],
    ['none from before somebody else', ['ana', 'bo', 'ana', 'ana'], ['s2']],
  ])('has renewed %s', (_what, subjects, renewed) => {
    const { last, find } = browser(...subjects);
    expect(sessionsRenewedBy(last, find)).toEqual(renewed);
  });

  it('has renewed none that the ledger does not know', () => {
    const { last } = browser('ana', 'ana');
    expect(sessionsRenewedBy(last, () => undefined)).toEqual([]);
  });

  it('is followed back through at most 64 renewals', () => {
    const { last, find } = browser(...Array.from({ length: 100 }, () => 'ana'));
    const renewed = sessionsRenewedBy(last, find);
    expect([renewed.length, renewed[0], renewed.at(-1)]).toEqual([64, 's35', 's98']);
  });
});
