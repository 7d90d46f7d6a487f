import { describe, expect, it } from '@jest/globals';
import type { AccountState } from '../../../src/domain/directory/directory.state.js';
import {
  decideEndSession,
  decideStartSession,
  hasEndedWithSession,
  isSessionLive,
} from '../../../src/domain/directory/session.decider.js';
import type { EventOf } from '../../../src/domain/events/event-catalogue.js';
import type { Subject } from '../../../src/domain/identifiers.js';
import { FIRST_AT, given, MINUTE } from './directory-history.js';

const HOUR = 60 * MINUTE;
const account: AccountState = {
  subject: 'ana' as Subject,
  status: 'active',
  credentialId: 'credential-1',
  roles: [],
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
const ended = { type: 'SessionEnded', data: { reason: 'signed_out' } } as const;
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
      ended: false,
    });
  });

  it('names the session it replaces', () => {
    session()
      .when((before, at) => decideStartSession(before, { ...command, replaces: 's0' }, account, at))
      .then({
        events: [started(FIRST_AT, 's0')],
        outcome: { kind: 'started', authTime: FIRST_AT, expiresAt: FIRST_AT + HOUR },
      });
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
  it('happens once', () => {
    session(started(FIRST_AT))
      .when((before) => decideEndSession(before, 'signed_out'))
      .then({ events: [ended], outcome: { kind: 'ended' } })
      .when((before) => decideEndSession(before, 'replaced'))
      .then({ outcome: { kind: 'already_ended' } });
  });

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
    ['not when it ended', false, { ...state, ended: true }, account, now],
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

  it.each([
    ['when it may not act offline', true, false, over],
    ['but not while the session lasts', false, false, live],
    ['but not when it may act offline', false, true, over],
    ['but not when there was no session', false, false, undefined],
  ] as const)('%s', (_when, expected, offline, one) => {
    expect(hasEndedWithSession({ offline }, one)).toBe(expected);
  });
});
