import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { progressLines, withProgress } from '../../src/cli/progress.js';

const NAME = { doing: 'verifying', done: 'verified' };
const TOTAL = 152_866;

/** What is printed of work that comes so far, a step in so many milliseconds. */
function linesOf(steps: readonly number[], stepMilliseconds: number, isDone = true): string[] {
  const lines: string[] = [];
  let now = 0;
  const progress = progressLines(
    NAME,
    (line) => lines.push(line),
    () => now,
  );
  for (const done of steps) {
    now += stepMilliseconds;
    progress.tell(done, TOTAL);
  }
  progress.end(isDone);
  return lines;
}

const parts = (count: number): number[] =>
  Array.from({ length: count }, (_, index) => Math.floor((TOTAL * (index + 1)) / count));

describe('progress where there is no terminal', () => {
  it('ends with the full count when the work succeeded', () => {
    expect(linesOf([300, 30_000, 124_928, TOTAL], 700)).toEqual([
      '124,928 of 152,866 events verified',
      '152,866 of 152,866 events verified',
    ]);
  });

  it('says the full count once', () => {
    expect(linesOf([300, 30_000, TOTAL, TOTAL], 1000)).toEqual([
      '30,000 of 152,866 events verified',
      '152,866 of 152,866 events verified',
    ]);
  });

  it('says nothing of work that is short', () => {
    expect(linesOf(parts(9), 100)).toEqual([]);
  });

  it('stays at a few lines however long the work takes', () => {
    const lines = linesOf(parts(5000), 1000);
    expect(lines.length).toBeLessThanOrEqual(11);
    expect(lines.at(-1)).toBe('152,866 of 152,866 events verified');
  });

  it('does not go on after work that failed', () => {
    expect(linesOf([300, 30_000, 31_000], 1000, false)).toEqual([
      '30,000 of 152,866 events verified',
    ]);
  });
});

describe('work with progress', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('leaves standard output to what comes of it', async () => {
    const output = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
    const errors = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    const clock = jest.spyOn(Date, 'now').mockReturnValue(0);
    const isTerminal = process.stderr.isTTY;
    process.stderr.isTTY = false;
    const worth = await withProgress(NAME, false, async (tell) => {
      tell(0, 1);
      clock.mockReturnValue(2000);
      tell(1, 1);
      return 'its result';
    });
    process.stderr.isTTY = isTerminal;
    const [said, written] = [errors.mock.calls, output.mock.calls];
    expect({ worth, said, written }).toEqual({
      worth: 'its result',
      said: [['1 of 1 event verified\n']],
      written: [],
    });
  });
});
