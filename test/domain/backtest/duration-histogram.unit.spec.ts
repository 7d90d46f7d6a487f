import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type DurationHistogram,
  NO_DURATIONS,
  spreadOf,
  withDuration,
} from '../../../src/domain/backtest/duration-histogram.rules.js';
import { DAY } from '../../support/domain-world.js';

function histogramOf(durations: readonly number[]): DurationHistogram {
  let histogram = NO_DURATIONS;
  for (const duration of durations) histogram = withDuration(histogram, duration);
  return histogram;
}

/** Spread over lengths, not only over milliseconds. */
const anyDuration = fc
  .tuple(fc.integer({ min: 0, max: 45 }), fc.double({ min: 1, max: 2, noNaN: true }))
  .map(([doublings, part]) => Math.floor(part * 2 ** doublings) - 1);

describe('a histogram of durations', () => {
  it('has no median and no maximum of none', () => {
    expect(spreadOf(NO_DURATIONS)).toEqual({ count: 0, median: null, maximum: null });
  });

  it.each([
    ['one', [12_345], { count: 1, median: 12_345, maximum: 12_345 }],
    ['nothing at all', [0], { count: 1, median: 0, maximum: 0 }],
    ['short ones, exactly', [15, 3, 9], { count: 3, median: 9, maximum: 15 }],
    ['the lower of two in the middle', [4, 1, 14, 2], { count: 4, median: 2, maximum: 14 }],
    ['many alike', [7, 7, 7, 7, 90_000], { count: 5, median: 7, maximum: 90_000 }],
    [
      'a longer one, as the longest that it cannot tell apart',
      [17, 16, 99],
      { count: 3, median: 17, maximum: 99 },
    ],
  ])('tells the median and maximum of %s', (_which, durations, spread) => {
    expect(spreadOf(histogramOf(durations))).toEqual(spread);
  });

  it('never understates the median, and overstates it by less than an eighth', () => {
    fc.assert(
      fc.property(fc.array(anyDuration, { minLength: 1 }), (durations) => {
        const sorted = durations.toSorted((one, other) => one - other);
        const median = sorted[Math.ceil(sorted.length / 2) - 1]!;
        const spread = spreadOf(histogramOf(durations));
        expect(spread.median).toBeGreaterThanOrEqual(median);
        expect(spread.median! - median).toBeLessThanOrEqual(median / 8);
        expect(spread.maximum).toBe(sorted.at(-1));
        expect(spread.count).toBe(durations.length);
      }),
    );
  });

  it('does not grow with the number of durations', () => {
    const durations = Array.from({ length: 3_000 }, (_, index) => Math.floor(1.0085 ** index));
    expect(durations.at(-1)).toBeGreaterThan(365 * DAY);
    const { buckets } = histogramOf([...durations, ...durations]);
    expect(Object.keys(buckets).length).toBeLessThanOrEqual(400);
  });
});
