import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { SparingLook } from '../../src/directory/sparing-look.js';

let now: number;
let begun: number;
/** Ends the look that runs. */
let end: () => void;

const look = (): Promise<void> => {
  begun += 1;
  return new Promise((resolve) => (end = resolve));
};

beforeEach(() => {
  now = 1_000_000;
  begun = 0;
  jest.spyOn(Date, 'now').mockImplementation(() => now);
});

afterEach(() => void jest.restoreAllMocks());

describe('a look', () => {
  it('is shared by those who ask while it runs, and not begun beside itself', async () => {
    const sparing = new SparingLook(look, { interval: 1000 });
    const first = sparing.again();
    now += 5000;
    const second = sparing.again();
    expect(begun).toBe(1);
    end();
    await Promise.all([first, second]);
    const third = sparing.again();
    expect(begun).toBe(2);
    end();
    await third;
  });

  it('is begun again once the interval has passed, or the clock was set back', async () => {
    const sparing = new SparingLook(look, { interval: 1000 });
    for (const [passed, looks] of [
      [0, 1],
      [999, 1],
      [1, 2],
      [-1000, 3],
    ] as const) {
      now += passed;
      const asked = sparing.again();
      end();
      await asked;
      expect(begun).toBe(looks);
    }
  });

  it('is not waited for longer than patience lasts, and then runs on alone', async () => {
    const sparing = new SparingLook(look, { interval: 1000, patience: 1 });
    await sparing.again();
    now += 5000;
    await sparing.again();
    expect(begun).toBe(1);
  });
});
