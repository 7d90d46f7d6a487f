import { z } from 'zod';
import { asOfExample } from './answer.examples.js';
import { asOf, moment } from './as-of.answer.js';
import { hourSpan } from './client-health.answer.js';

const activityHour = z.object({
  hour: moment,
  counts: z.record(z.string(), z.int().positive()),
});
/** How many events of each type there were in one hour. */
export type ActivityHourAnswer = z.infer<typeof activityHour>;

/** How many events there were, hour by hour. */
export const activityAnswer = z
  .object({
    asOf,
    ...hourSpan,
    hours: z
      .array(activityHour)
      .meta({ description: 'Oldest first; hours without any event are left out.' }),
    next: moment.nullable().meta({
      description: 'Pass it as `from` for the next hours; null: there is nothing more.',
    }),
  })
  .meta({
    id: 'ActivityAnswer',
    examples: [
      {
        asOf: asOfExample,
        from: '2026-11-20T02:00:00.000Z',
        to: '2026-11-21T03:00:00.000Z',
        partialHour: null,
        hours: [{ hour: '2026-11-21T02:00:00.000Z', counts: { RefreshTokenRotated: 12 } }],
        next: null,
      },
    ],
  });
/** How many events there were, hour by hour. */
export type ActivityAnswer = z.infer<typeof activityAnswer>;
