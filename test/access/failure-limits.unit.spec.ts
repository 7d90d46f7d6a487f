import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { FailureLimits, type SignInAttempt } from '../../src/access/failure-limits.js';

const MINUTE = 60_000;
const ana: SignInAttempt = { address: '192.0.2.1', accountKey: 'ana' };
const knownAna = { ...ana, knownDevice: 'laptop' };

type Outcome = { readonly kind: 'proven' | 'refused' };

const limits = { current: new FailureLimits() };
const attempt = (who: SignInAttempt, kind: Outcome['kind']) =>
  limits.current.signIn<Outcome>(
    who,
    async () => ({ kind }),
    (outcome) => outcome.kind === 'refused',
  );
async function fail(who: SignInAttempt, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    expect(await attempt(who, 'refused')).toEqual({ kind: 'refused' });
  }
}

beforeEach(() => {
  jest.useFakeTimers();
  limits.current = new FailureLimits();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('failing calls', () => {
  it('are told to wait after 300 in a minute, by address', async () => {
    for (let call = 0; call < 300; call += 1) {
      expect(await limits.current.callFailed('192.0.2.1')).toBeUndefined();
    }
    expect(await limits.current.callFailed('::ffff:192.0.2.1')).toBe(60);
    expect(await limits.current.callFailed('192.0.2.2')).toBeUndefined();
    jest.advanceTimersByTime(MINUTE);
    expect(await limits.current.callFailed('192.0.2.1')).toBeUndefined();
  });

  it('count for all of an IPv6 network', async () => {
    for (let call = 0; call < 300; call += 1) {
      await limits.current.callFailed(`2001:db8::${call.toString(16)}`);
    }
    expect(await limits.current.callFailed('2001:db8::ffff:1')).toBeDefined();
    expect(await limits.current.callFailed('2001:db8:0:1::1')).toBeUndefined();
  });
});

describe('sign-ins', () => {
  it('are never limited as long as they succeed', async () => {
    for (let time = 0; time < 200; time += 1) {
      expect(await attempt(ana, 'proven')).toEqual({ kind: 'proven' });
    }
  });

  it('to an account stop after 10 failures in 15 minutes, from wherever', async () => {
    for (let host = 1; host <= 10; host += 1) {
      await fail({ ...ana, address: `192.0.2.${host}` }, 1);
    }
    const exhausted = { kind: 'exhausted', retryAfterSeconds: 900 };
    expect(await attempt({ ...ana, address: '198.51.100.1' }, 'proven')).toEqual(exhausted);
    jest.advanceTimersByTime(5 * MINUTE);
    expect(await attempt(ana, 'proven')).toEqual({ ...exhausted, retryAfterSeconds: 600 });
    jest.advanceTimersByTime(10 * MINUTE);
    expect(await attempt(ana, 'proven')).toEqual({ kind: 'proven' });
  });

  it('from an address stop after 50 failures, whatever the accounts', async () => {
    for (let account = 0; account < 50; account += 1) {
      await fail({ ...ana, accountKey: `account ${account}` }, 1);
    }
    expect(await attempt({ ...ana, accountKey: 'another' }, 'proven')).toMatchObject({
      kind: 'exhausted',
    });
    expect(await attempt({ ...ana, address: '192.0.2.2' }, 'proven')).toEqual({ kind: 'proven' });
  });

  it('of a known device are not locked out by others’ failures', async () => {
    await fail(ana, 10);
    for (let account = 0; account < 40; account += 1) {
      await fail({ ...ana, accountKey: `account ${account}` }, 1);
    }
    expect(await attempt(ana, 'proven')).toMatchObject({ kind: 'exhausted' });
    expect(await attempt(knownAna, 'proven')).toEqual({ kind: 'proven' });
  });

  it('of a known device have a budget of their own, which a success renews', async () => {
    await fail(knownAna, 9);
    expect(await attempt(knownAna, 'proven')).toEqual({ kind: 'proven' });
    await fail(knownAna, 10);
    expect(await attempt(knownAna, 'proven')).toMatchObject({ kind: 'exhausted' });
    expect(await attempt(ana, 'proven')).toEqual({ kind: 'proven' });
    expect(await attempt({ ...knownAna, accountKey: 'bob' }, 'proven')).toEqual({ kind: 'proven' });
  });

  it('gain nothing from guessing at the same time', async () => {
    let guesses = 0;
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, () =>
        limits.current.signIn<Outcome>(
          ana,
          async () => {
            guesses += 1;
            await Promise.resolve();
            return { kind: 'refused' };
          },
          ({ kind }) => kind === 'refused',
        ),
      ),
    );
    expect(guesses).toBe(10);
    expect(outcomes.filter(({ kind }) => kind === 'exhausted')).toHaveLength(90);
  });

  it('at the same time all succeed when all are right', async () => {
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => attempt(ana, 'proven')));
    expect(outcomes.every(({ kind }) => kind === 'proven')).toBe(true);
  });

  it('that break off count for nothing, and hold nobody up', async () => {
    const breaking = () =>
      limits.current.signIn<Outcome>(
        ana,
        () => Promise.reject(new Error('the vault is away')),
        () => true,
      );
    for (let time = 0; time < 20; time += 1) {
      await expect(breaking()).rejects.toThrow('the vault is away');
    }
    expect(await attempt(ana, 'proven')).toEqual({ kind: 'proven' });
  });
});
