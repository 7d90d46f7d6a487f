import { EVENT_OUTCOMES } from '../views/event-outcomes.js';
import type { ActivityHourAnswer } from './activity.answer.js';
import type { CsvColumns } from '../access/csv.reply.js';

const counts = Object.keys(EVENT_OUTCOMES).map(
  (type) => [type, (hour: ActivityHourAnswer) => hour.counts[type] ?? 0] as const,
);

/** The columns of hours: how many events there were of each type that there is. */
export const activityHourColumns: CsvColumns<ActivityHourAnswer> = {
  hour: ({ hour }) => hour,
  ...Object.fromEntries(counts),
};
