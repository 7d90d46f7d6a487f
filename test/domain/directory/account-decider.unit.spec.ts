import { describe, expect, it } from '@jest/globals';
import {
  decideChangePassword,
  decideCreateAccount,
  decideDisableAccount,
  decideMoveAccountTokensNotBefore,
  decideEraseAccount,
  decideSignOutEverywhere,
} from '../../../src/domain/directory/account.decider.js';
import type { EventOf } from '../../../src/domain/events/event-catalogue.js';
import { FIRST_AT, given, MINUTE } from './directory-history.js';

const created: EventOf<'account'> = {
  type: 'AccountCreated',
  data: { credentialId: 'credential-1', roles: ['auditor'], usernameDigest: 'digest-of-ana' },
};
const disabled = { type: 'AccountDisabled', data: {} } as const;
const erased = { type: 'AccountErased', data: {} } as const;
const moved = (tokensNotBefore: number): EventOf<'account'> => ({
  type: 'AccountTokensNotBeforeMoved',
  data: { tokensNotBefore },
});
const account = (...history: readonly EventOf<'account'>[]) => given('account', 'ana', ...history);
const refused = <Reason extends string>(reason: Reason) => ({ kind: 'refused', reason }) as const;

const unusable = [
  ['an unknown account', [], 'unknown_account'],
  ['a disabled account', [created, disabled], 'account_disabled'],
  ['an erased account', [created, erased], 'account_erased'],
] as const;

describe('creating an account', () => {
  const command = {
    credentialId: 'credential-1',
    roles: ['auditor', 'auditor'],
    usernameDigest: 'digest-of-ana',
  } as const;
  const free = {
    project: { slug: 'default', status: 'active' } as const,
    isUsernameTaken: false,
  };

  it('lets it sign in, with each role once', () => {
    const { state } = account()
      .when((before) => decideCreateAccount(before, command, free))
      .then({ events: [created], outcome: { kind: 'created' } });
    expect(state).toEqual({
      subject: 'ana',
      status: 'active',
      credentialId: 'credential-1',
      roles: ['auditor'],
      usernameDigest: 'digest-of-ana',
      tokensNotBefore: 0,
      createdAt: FIRST_AT,
    });
  });

  it.each([
    ['whose subject exists', [created], {}, 'account_exists'],
    ['whose user name is taken', [], { isUsernameTaken: true }, 'username_taken'],
    ['in an unknown project', [], { project: undefined }, 'project_unavailable'],
    [
      'in a disabled project',
      [],
      { project: { slug: 'default', status: 'disabled' } as const },
      'project_unavailable',
    ],
  ] as const)('is refused for one %s', (_which, history, change, reason) => {
    account(...history)
      .when((before) => decideCreateAccount(before, command, { ...free, ...change }))
      .then({ outcome: refused(reason) });
  });
});

describe('changing a password', () => {
  const changed = {
    type: 'AccountPasswordChanged',
    data: { credentialId: 'credential-2' },
  } as const;

  it('lets the new one count', () => {
    const { state } = account(created)
      .when((before, recordedAt) =>
        decideChangePassword(
          before,
          { credentialId: 'credential-2', signOutEverywhere: false },
          recordedAt,
        ),
      )
      .then({ events: [changed], outcome: { kind: 'changed' } });
    expect(state?.credentialId).toBe('credential-2');
  });

  it('ends in the same commit what was signed in with the old one, when asked to', () => {
    account(created)
      .when((before, recordedAt) =>
        decideChangePassword(
          before,
          { credentialId: 'credential-2', signOutEverywhere: true },
          recordedAt,
        ),
      )
      .then({ events: [changed, moved(FIRST_AT + MINUTE + 1)], outcome: { kind: 'changed' } });
  });

  it.each(unusable)('is refused for %s', (_which, history, reason) => {
    account(...history)
      .when((before, recordedAt) =>
        decideChangePassword(
          before,
          { credentialId: 'credential-2', signOutEverywhere: true },
          recordedAt,
        ),
      )
      .then({ outcome: refused(reason) });
  });
});

describe('disabling an account', () => {
  it('happens once', () => {
    account(created)
      .when(decideDisableAccount)
      .then({ events: [disabled], outcome: { kind: 'disabled' } })
      .when(decideDisableAccount)
      .then({ outcome: { kind: 'already_disabled' } });
  });

  it.each(unusable.filter(([, , reason]) => reason !== 'account_disabled'))(
    'is refused for %s',
    (_which, history, reason) => {
      account(...history)
        .when(decideDisableAccount)
        .then({ outcome: refused(reason) });
    },
  );
});

describe('signing out everywhere', () => {
  it('voids all that is older than now, this millisecond included', () => {
    const tokensNotBefore = FIRST_AT + MINUTE + 1;
    const { state } = account(created)
      .when(decideSignOutEverywhere)
      .then({ events: [moved(tokensNotBefore)], outcome: { kind: 'signed_out', tokensNotBefore } });
    expect(state?.tokensNotBefore).toBe(tokensNotBefore);
  });

  it('never moves the instant back', () => {
    const tokensNotBefore = FIRST_AT + 60 * MINUTE;
    account(created, moved(tokensNotBefore))
      .when(decideSignOutEverywhere)
      .then({ outcome: { kind: 'unchanged', tokensNotBefore } });
  });

  it.each(unusable)('is refused for %s', (_which, history, reason) => {
    account(...history)
      .when(decideSignOutEverywhere)
      .then({ outcome: refused(reason) });
  });
});

describe('voiding what an account signed in to before an instant', () => {
  it('only ever moves the instant forwards, whatever became of the account', () => {
    const { state } = account(created, { type: 'AccountDisabled', data: {} })
      .when((before) => decideMoveAccountTokensNotBefore(before, FIRST_AT))
      .then({ events: [moved(FIRST_AT)], outcome: { kind: 'moved' } })
      .when((before) => decideMoveAccountTokensNotBefore(before, FIRST_AT))
      .then({ outcome: { kind: 'unchanged' } });
    expect(state?.tokensNotBefore).toBe(FIRST_AT);
  });

  it('is refused for an unknown account', () => {
    account()
      .when((before) => decideMoveAccountTokensNotBefore(before, FIRST_AT))
      .then({ outcome: refused('unknown_account') });
  });
});

describe('erasing an account', () => {
  it.each([
    ['an active one', [created]],
    ['a disabled one', [created, disabled]],
  ] as const)('is recorded for %s', (_which, history) => {
    const { state } = account(...history)
      .when((before) => decideEraseAccount(before))
      .then({ events: [erased], outcome: { kind: 'erased' } });
    expect(state).toMatchObject({ status: 'erased' });
  });

  it('is recorded once', () => {
    account(created, erased)
      .when((before) => decideEraseAccount(before))
      .then({ events: [], outcome: { kind: 'already_erased' } });
  });

  it('is refused for an unknown account', () => {
    account()
      .when((before) => decideEraseAccount(before))
      .then({ outcome: refused('unknown_account') });
  });
});
