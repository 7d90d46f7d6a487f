import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { newFamilyId, newUuid, randomToken } from '../../src/config/random-identifiers.js';

const LAYOUT = /^[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$/;

function timeOf(id: string): number {
  return Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
}

afterEach(() => {
  jest.restoreAllMocks();
});

describe('a family id', () => {
  it('is laid out as UUID version 7 with the time in front', () => {
    const before = Date.now();
    const ids = Array.from({ length: 1000 }, newFamilyId);
    expect(ids.filter((id) => !LAYOUT.test(id))).toEqual([]);
    expect(timeOf(ids[0]!)).toBeGreaterThanOrEqual(before);
    expect(timeOf(ids.at(-1)!)).toBeLessThanOrEqual(Date.now() + 1);
  });

  it('uses all four variants, so that no randomness is lost', () => {
    const variants = new Set(Array.from({ length: 1000 }, () => newFamilyId().charAt(16)));
    expect([...variants].toSorted()).toEqual(['8', '9', 'a', 'b']);
  });

  it.each<readonly [string, (call: number, now: number) => number]>([
    ['runs', (_call, now) => now],
    ['stands still', () => 1_900_000_000_000],
    ['runs backwards', (call) => 1_900_000_000_000 - call * 1000],
    ['jumps', (call) => 1_900_000_000_000 + (call % 7) * 60_000],
  ])('is greater than the one before when the clock %s', (_what, clock) => {
    const realNow = Date.now.bind(Date);
    let call = 0;
    jest.spyOn(Date, 'now').mockImplementation(() => clock(call++, realNow()));
    // More than fit into one millisecond: the counter overflows.
    const ids = Array.from({ length: 20_000 }, (_, index) =>
      index % 2 === 0 ? newFamilyId() : newUuid().replaceAll('-', ''),
    );
    expect(ids.filter((id, index) => index > 0 && id <= ids[index - 1]!)).toEqual([]);
    expect(ids.filter((id) => !LAYOUT.test(id))).toEqual([]);
  });
});

describe('a UUID', () => {
  it('stands in the usual form', () => {
    expect(newUuid()).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });
});

describe('a random token', () => {
  it.each([
    [1, 2],
    [16, 22],
    [32, 43],
    [8192, 10_923],
    [9000, 12_000],
  ])('of %d bytes has %d characters', (bytes, characters) => {
    const token = randomToken(bytes);
    expect(token).toHaveLength(characters);
    expect(token).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(Buffer.from(token, 'base64url')).toHaveLength(bytes);
  });

  it('never comes twice, and spreads over all bits', () => {
    const tokens = Array.from({ length: 10_000 }, () => randomToken(32));
    expect(new Set(tokens).size).toBe(tokens.length);
    const ones = Array.from({ length: 256 }, () => 0);
    for (const token of tokens) {
      const bytes = Buffer.from(token, 'base64url');
      for (let bit = 0; bit < 256; bit += 1) ones[bit]! += (bytes[bit >> 3]! >> (bit & 7)) & 1;
    }
    // Six standard deviations of a fair coin thrown 10,000 times: fails once in two million runs.
    expect(ones.filter((count) => Math.abs(count - 5000) > 300)).toEqual([]);
  });
});
