import type { CsvColumns } from '../access/csv.reply.js';
import type { ListedBacktest } from './backtest-job.answer.js';

/** The columns of backtests. */
export const listedBacktestColumns: CsvColumns<ListedBacktest> = {
  id: ({ id }) => id,
  status: ({ status }) => status,
  from: ({ from }) => from,
  to: ({ to }) => to,
  policy: ({ policy }) => policy,
  client: ({ client }) => client,
  queuedAt: ({ queuedAt }) => queuedAt,
  done: ({ progress }) => progress.done,
  total: ({ progress }) => progress.total,
  result: ({ result }) => result,
};
