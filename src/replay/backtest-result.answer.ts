import { z } from 'zod';
import type { BacktestSummary, BothPolicies } from '../domain/backtest/backtest-summary.rules.js';
import {
  type DurationHistogram,
  type Spread,
  spreadOf,
} from '../domain/backtest/duration-histogram.rules.js';

const count = z.int().nonnegative();

/** Who says what an incident was: an operator's verdict, or the likely cause. */
const byBasis = z.object({ verdict: count, cause: count });
const ended = z.object({ byReuse: count, byExpiry: count });
const spread = z.object({
  count,
  median: count.nullable(),
  maximum: count.nullable(),
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
  unclearKillsAvoided: 0,
  killsNotComparable: 0,
  sessionsEnded: {
    recorded: { byReuse: 5, byExpiry: 12 },
    simulated: { byReuse: 7, byExpiry: 12 },
  },
  dwellMilliseconds: {
    recorded: { count: 3, median: 5_505_023, maximum: 86_400_000 },
    simulated: { count: 3, median: 5_505_023, maximum: 86_400_000 },
  },
  remainingAccessMilliseconds: {
    recorded: { count: 3, median: 245_759, maximum: 530_211 },
    simulated: { count: 3, median: 245_759, maximum: 530_211 },
  },
};

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
    unclearKillsAvoided: count,
    killsNotComparable: count,
    sessionsEnded: both(ended).meta({ description: 'Families that ended, and how.' }),
    dwellMilliseconds: both(spread).meta({
      description: 'Of thefts: how long the token had been consumed when it was detected.',
    }),
    remainingAccessMilliseconds: both(spread).meta({
      description: 'Of thefts: how long access tokens were good after the end, if only verified.',
    }),
  })
  .meta({ id: 'BacktestResult', examples: [backtestResultExample] });
/** What a backtest came to. */
export type BacktestResult = z.infer<typeof backtestResult>;

/** A summary as the answers of the replay write it. */
export function backtestResultOf(summary: BacktestSummary): BacktestResult {
  const { dwell, remainingAccess, ...rest } = summary;
  return {
    ...(rest as Omit<BacktestResult, 'dwellMilliseconds' | 'remainingAccessMilliseconds'>),
    dwellMilliseconds: spreads(dwell),
    remainingAccessMilliseconds: spreads(remainingAccess),
  };
}

function spreads({ recorded, simulated }: BothPolicies<DurationHistogram>): BothPolicies<Spread> {
  return { recorded: spreadOf(recorded), simulated: spreadOf(simulated) };
}
