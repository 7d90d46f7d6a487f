/**
 * How often durations were so long, in buckets that get wider with length: at most about 400 of them,
 * each within an eighth of its length. The longest is kept as it was.
 */
export interface DurationHistogram {
  readonly count: number;
  /** Milliseconds. */
  readonly maximum: number;
  /** How many durations each bucket holds. */
  readonly buckets: Readonly<Record<number, number>>;
}

/** No duration yet. */
export const NO_DURATIONS: DurationHistogram = { count: 0, maximum: 0, buckets: {} };

/** So many buckets share each doubling of length; below twice as many milliseconds each has its own. */
const PER_DOUBLING = 8;

/** Counts one more duration, in whole milliseconds. */
export function withDuration(histogram: DurationHistogram, duration: number): DurationHistogram {
  const bucket = bucketOf(duration);
  return {
    count: histogram.count + 1,
    maximum: Math.max(histogram.maximum, duration),
    buckets: { ...histogram.buckets, [bucket]: (histogram.buckets[bucket] ?? 0) + 1 },
  };
}

/** What a histogram says of its durations, in milliseconds; null where there are none. */
export interface Spread {
  readonly count: number;
  /** The lower one of an even number; never understated, and overstated by less than an eighth. */
  readonly median: number | null;
  readonly maximum: number | null;
}

/** How many durations there were, the median, and the longest. */
export function spreadOf({ count, maximum, buckets }: DurationHistogram): Spread {
  let seen = 0;
  // Keys that are integers come in ascending order.
  for (const [bucket, held] of Object.entries(buckets)) {
    seen += held;
    if (seen * 2 < count) continue;
    return { count, median: Math.min(longestIn(Number(bucket)), maximum), maximum };
  }
  return { count, median: null, maximum: null };
}

function bucketOf(duration: number): number {
  let doublings = 0;
  let leading = duration;
  while (leading >= 2 * PER_DOUBLING) {
    leading /= 2;
    doublings += 1;
  }
  return doublings * PER_DOUBLING + Math.floor(leading);
}

function longestIn(bucket: number): number {
  const doublings = Math.max(0, Math.floor(bucket / PER_DOUBLING) - 1);
  return (bucket - doublings * PER_DOUBLING + 1) * 2 ** doublings - 1;
}
