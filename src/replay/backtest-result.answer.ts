import { z } from 'zod';
import type { BacktestSummary, BothPolicies } from '../domain/backtest/backtest-summary.rules.js';
import { type DurationHistogram, spreadOf } from '../domain/backtest/duration-histogram.rules.js';

const count = z.int().nonnegative();

/** Who says what an incident was: an operator's verdict, or the likely cause. */
const byBasis = z.object({ verdict: count, cause: count });
const ended = z.object({ byReuse: count, byExpiry: count });
const measured = z.object({
  count: count.meta({ description: 'Thefts that it was measured of.' }),
  median: count.nullable(),
  maximum: count.nullable(),
  notMeasured: count.meta({
    description:
      'Thefts that it was not measured of: no detection by reuse is known of them, or none before ' +
      'their family diverged. Never an improvement: nothing is known of these, or nobody noticed.',
  }),
});

/** Under a window of 5 s two lost answers would have ended their families. */
export const backtestResultExample = {
  families: { read: 4180, diverged: 2, notComparable: 2 },
  attempts: { compared: 96_412, agreeing: 96_410, notComparable: 37, counted: 0 },
  matrix: {
    issued: { issued: 96_201 },
    retried: { retried: 204, killed: 2 },
    killed: { killed: 5 },
  },
  falseAlarmsAvoided: { verdict: 0, cause: 0 },
  newFalseAlarms: { verdict: 0, cause: 0, none: 2 },
  theftsMissed: { verdict: 0, cause: 0 },
  theftsStoppedOtherwise: { verdict: 0, cause: 0 },
  theftsCaughtEarlier: { verdict: 0, cause: 0 },
  thefts: { verdict: 1, cause: 3 },
  unclearKillsAvoided: 0,
  killsNotComparable: 0,
  sessionsEnded: {
    recorded: { byReuse: 5, byExpiry: 12 },
    simulated: { byReuse: 7, byExpiry: 12 },
  },
  dwellMilliseconds: {
    recorded: { count: 3, median: 5_505_023, maximum: 86_400_000, notMeasured: 1 },
    simulated: { count: 3, median: 5_505_023, maximum: 86_400_000, notMeasured: 1 },
  },
  remainingAccessMilliseconds: {
    recorded: { count: 3, median: 245_759, maximum: 530_211, notMeasured: 1 },
    simulated: { count: 3, median: 245_759, maximum: 530_211, notMeasured: 1 },
  },
};

type Measured = z.infer<typeof measured>;

function both<Schema extends z.ZodType>(schema: Schema) {
  return z.object({ recorded: schema, simulated: schema });
}

/** What a backtest came to. */
export const backtestResult = z
  .object({
    families: z.object({ read: count, diverged: count, notComparable: count }).meta({
      description:
        '`diverged`: an attempt comes out otherwise. `notComparable`: and there are more after ' +
        'it, which would have been made with other tokens.',
    }),
    attempts: z.object({
      compared: count,
      agreeing: count,
      notComparable: count,
      counted: count.meta({ description: 'Counted together, and not recorded one by one.' }),
    }),
    matrix: z.record(z.string(), z.record(z.string(), count)).meta({
      description: 'How many attempts came out as the first and would have as the second.',
      example: { retried: { retried: 40, killed: 2 } },
    }),
    falseAlarmsAvoided: byBasis.meta({
      description: 'Families that were ended for nothing and would not have been.',
    }),
    newFalseAlarms: byBasis.extend({ none: count }).meta({
      description: 'Families that would have been ended, were not, and are not known for a theft.',
    }),
    theftsMissed: byBasis.meta({
      description: 'Families of a theft that would have given the thief tokens.',
    }),
    theftsStoppedOtherwise: byBasis.meta({
      description: 'Families of a theft that would have refused the thief without detecting it.',
    }),
    theftsCaughtEarlier: byBasis,
    thefts: byBasis.meta({
      description: 'Families that are known for a theft: all that the two spans below are about.',
    }),
    unclearKillsAvoided: count,
    killsNotComparable: count.meta({
      description:
        'Families that were ended by reuse after they had diverged: whether the other policy would ' +
        'have ended them is not known.',
    }),
    sessionsEnded: both(ended).meta({
      description:
        'Families that ended, and how. `simulated`: only what came before they diverged, so that ' +
        'fewer need not mean fewer.',
    }),
    dwellMilliseconds: both(measured).meta({
      description:
        'Of thefts: how long the token had been consumed when it was detected. Compare the two ' +
        'only where `notMeasured` is the same.',
    }),
    remainingAccessMilliseconds: both(measured).meta({
      description:
        'Of the same thefts: how long access tokens were good after the end, if only verified.',
    }),
  })
  .meta({ id: 'BacktestResult', examples: [backtestResultExample] });
/** What a backtest came to. */
export type BacktestResult = z.infer<typeof backtestResult>;

/** A summary as the answers of the replay write it. */
export function backtestResultOf(summary: BacktestSummary): BacktestResult {
  const { dwell, remainingAccess, ...rest } = summary;
  const thefts = rest.thefts.verdict + rest.thefts.cause;
  return {
    ...(rest as Omit<BacktestResult, 'dwellMilliseconds' | 'remainingAccessMilliseconds'>),
    dwellMilliseconds: measuredOf(dwell, thefts),
    remainingAccessMilliseconds: measuredOf(remainingAccess, thefts),
  };
}

function measuredOf(
  { recorded, simulated }: BothPolicies<DurationHistogram>,
  thefts: number,
): BothPolicies<Measured> {
  const measure = (durations: DurationHistogram): Measured => ({
    ...spreadOf(durations),
    notMeasured: thefts - durations.count,
  });
  return { recorded: measure(recorded), simulated: measure(simulated) };
}
