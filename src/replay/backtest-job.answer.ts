import { z } from 'zod';
import type { BacktestJob } from './backtest-jobs.service.js';
import { askedPolicy, askedPolicyOf } from './backtest.parameters.js';
import {
  backtestedAttemptOf,
  divergingAttempt,
  divergingAttemptExample,
} from './backtested-attempt.answer.js';
import {
  backtestResult,
  backtestResultExample,
  backtestResultOf,
} from './backtest-result.answer.js';
import { timeText, timeTextOf } from './replayed-moment.answer.js';

const listedJobExample = {
  id: 'Yk3mV8x2QbWc7LrP0sTzNg',
  status: 'done',
  from: 0,
  to: 120_633,
  policy: { retryWindowSeconds: 5 },
  client: null,
  queuedAt: '2026-11-21T02:20:00.000Z',
  progress: { done: 120_634, total: 120_634 },
  result: backtestResultExample,
};

const backtestJobExample = {
  ...listedJobExample,
  divergences: [divergingAttemptExample],
};

const listedJob = z.object({
  id: z.string(),
  status: z.enum(['queued', 'running', 'done', 'cancelled', 'failed']),
  from: z.int().nonnegative().meta({ description: 'Families granted at this position or later.' }),
  to: z.int().nonnegative().meta({ description: 'By their events up to this position.' }),
  policy: askedPolicy,
  client: z.string().nullable().meta({ description: 'null: families of every client.' }),
  queuedAt: timeText,
  progress: z
    .object({ done: z.int().nonnegative(), total: z.int().nonnegative() })
    .meta({ description: 'In positions of the ledger, from the newest family to the oldest.' }),
  result: backtestResult.nullable().meta({ description: 'Set when it is done.' }),
});

/** A backtest in a list. */
export type ListedBacktest = z.infer<typeof listedJob>;

/** A backtest that was asked for. */
export const backtestJob = listedJob
  .extend({
    divergences: z.array(divergingAttempt).meta({
      description:
        'The first of the attempts that come out otherwise, at most 100; all attempts are at ' +
        '`/replay/backtests/{id}/attempts`.',
    }),
  })
  .meta({ id: 'BacktestJob', examples: [backtestJobExample] });
/** A backtest that was asked for. */
export type BacktestJobAnswer = z.infer<typeof backtestJob>;

/** Backtests that were asked for. */
export const backtestList = z
  .object({
    backtests: z.array(listedJob).meta({
      description:
        'Newest first; the attempts that come out otherwise are with the answer about one.',
    }),
  })
  .meta({ id: 'BacktestList', examples: [{ backtests: [listedJobExample] }] });
/** Backtests that were asked for. */
export type BacktestListAnswer = z.infer<typeof backtestList>;

/** A job as the answers of the replay write it. */
export function backtestJobOf(job: BacktestJob): BacktestJobAnswer {
  return {
    ...listedJobOf(job),
    divergences: job.divergences.map((attempt) => backtestedAttemptOf(attempt)),
  };
}

/** Jobs as the answers of the replay list them. */
export function backtestListOf(jobs: readonly BacktestJob[]): BacktestListAnswer {
  return { backtests: jobs.map(listedJobOf) };
}

function listedJobOf(job: BacktestJob): ListedBacktest {
  const { id, status, order, queuedAt, done, total, summary } = job;
  return {
    id,
    status,
    from: order.from,
    to: order.to,
    policy: askedPolicyOf(order.policy),
    client: order.clientId ?? null,
    queuedAt: timeTextOf(queuedAt),
    progress: { done, total },
    result: summary === undefined ? null : backtestResultOf(summary),
  };
}
