import { describe, expect, it } from '@jest/globals';
import { hash as argon2Hash } from 'argon2';
import { PasswordTooLong, Passwords, TooManyHashes } from '../../src/vault/passwords.js';

const passwords = new Passwords();

async function millisecondsOf(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await action();
  return performance.now() - start;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

describe('a password hash', () => {
  it('is argon2id with the recommended cost and a salt of its own', async () => {
    const [one, other] = await Promise.all(['secret', 'secret'].map((p) => passwords.hash(p)));
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,p=1,t=2\$[^$]{22}\$[^$]{43}$/);
    expect(one).not.toBe(other);
  });

  it('is of this password and of no other', async () => {
    const hash = await passwords.hash('correct horse');
    expect(await passwords.verify(hash, 'correct horse')).toBe(true);
    expect(await passwords.verify(hash, 'correct horsf')).toBe(false);
    expect(await passwords.verify(hash, '')).toBe(false);
  });

  it('is of the same password written with other code points', async () => {
    const hash = await passwords.hash('Zo\u{eb}');
    expect(await passwords.verify(hash, 'Zoe\u{308}')).toBe(true);
    expect(await passwords.verify(hash, 'Zoe')).toBe(false);
  });

  it('made with another cost is still checked', async () => {
    const hash = await argon2Hash('secret', { memoryCost: 8192, timeCost: 1, parallelism: 2 });
    expect(await passwords.verify(hash, 'secret')).toBe(true);
  });
});

describe('an unknown name', () => {
  it('is refused at the same cost as a wrong password', async () => {
    const hash = await passwords.hash('secret');
    const known: number[] = [];
    const unknown: number[] = [];
    for (let round = 0; round < 15; round += 1) {
      known.push(await millisecondsOf(() => passwords.verify(hash, 'wrong')));
      unknown.push(await millisecondsOf(() => passwords.verify(undefined, 'wrong')));
    }
    expect(await passwords.verify(undefined, 'wrong')).toBe(false);
    const ratio = median(unknown) / median(known);
    expect(ratio).toBeGreaterThan(0.5);
    expect(ratio).toBeLessThan(2);
  });
});

describe('a password that is too long', () => {
  it.each([
    ['characters', 'a'.repeat(1024), 'a'.repeat(1025)],
    ['bytes of UTF-8', '\u{20ac}'.repeat(341), '\u{20ac}'.repeat(342)],
  ])('is neither hashed nor checked: counted in %s', async (_what, longest, tooLong) => {
    const hash = await passwords.hash(longest);
    expect(await passwords.verify(hash, longest)).toBe(true);
    // There is no room for another hash: none of these asks for it.
    const busy = new Passwords({ running: 1, waiting: 0 });
    const running = busy.hash('secret');
    await expect(busy.hash(tooLong)).rejects.toThrow(PasswordTooLong);
    expect(await busy.verify(hash, tooLong)).toBe(false);
    expect(await busy.verify(undefined, tooLong)).toBe(false);
    await expect(busy.verify(hash, longest)).rejects.toThrow(TooManyHashes);
    await running;
  });
});

describe('too many passwords at once', () => {
  it('are refused beyond those that run and those that wait, and the rest is served', async () => {
    const few = new Passwords({ running: 2, waiting: 3 });
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => few.hash('secret')));
    expect(outcomes.map(({ status }) => status)).toEqual([
      ...Array.from({ length: 5 }, () => 'fulfilled'),
      ...Array.from({ length: 3 }, () => 'rejected'),
    ]);
    for (const outcome of outcomes.slice(5)) {
      expect((outcome as PromiseRejectedResult).reason).toBeInstanceOf(TooManyHashes);
    }
    expect(await few.hash('secret')).toMatch(/^\$argon2id/);
  });

  it('count whether they are hashed or checked, and failures make room again', async () => {
    const one = new Passwords({ running: 1, waiting: 0 });
    const running = one.verify('no hash at all', 'secret').catch((error: unknown) => error);
    await expect(one.hash('secret')).rejects.toThrow(TooManyHashes);
    expect(await running).toBeInstanceOf(Error);
    expect(await one.hash('secret')).toMatch(/^\$argon2id/);
  });

  it('never run more at a time than allowed', async () => {
    const settled: string[] = [];
    const one = new Passwords({ running: 1 });
    await Promise.all([
      one.hash('secret').then(() => settled.push('hash')),
      // It fails as soon as it runs, long before a hash that was started with it.
      one.verify('no hash at all', 'secret').catch(() => settled.push('failure')),
    ]);
    expect(settled).toEqual(['hash', 'failure']);
  });
});
