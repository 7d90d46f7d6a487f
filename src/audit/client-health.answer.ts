import { z } from 'zod';
import { ATTEMPTS_MIN } from '../domain/investigation/client-health.rules.js';
import { asOfExample, familyExample } from './answer.examples.js';
import { asOf, moment } from './as-of.answer.js';
import { auditClient } from './family.answer.js';

const count = z.int().nonnegative();

const counters = z
  .object({
    redeemed: count,
    rotated: count,
    refreshed: count,
    retriedWithin2Seconds: count,
    retriedLater: count,
    retriedAtUnknownAge: count,
    retriedByOtherParty: count,
    refreshedEarly: count,
    presentedByOtherClient: count,
    staleInsideWindow: count,
    reuse: count,
    rejectedByReason: z.record(z.string(), count),
  })
  .meta({ id: 'ClientCounters', description: 'What happened to the codes and refresh tokens.' });

/** What is wrong with how a client uses its tokens. */
export const healthFinding = z
  .object({
    finding: z.string(),
    severity: z.enum(['notice', 'warning', 'critical']),
    count,
    share: z.number(),
    advice: z.string(),
  })
  .meta({ id: 'HealthFinding', description: 'What is wrong, how often, and what to do about it.' });

/** How a client used its tokens in some time. */
export const clientHealthOf = z.object({
  counters,
  findings: z.array(healthFinding).meta({
    description: `The gravest first; none: nothing stands out, or fewer than ${ATTEMPTS_MIN} attempts were there to judge.`,
  }),
  firstPosition: count.nullable().meta({
    description:
      'Of the events that were counted; null: none was, but `partialHour` may have some.',
  }),
  lastPosition: count.nullable(),
});

/** The span of whole hours that was counted. */
export const hourSpan = {
  from: moment.describe('Where the hours begin that were counted: on the hour.'),
  to: moment.describe('Where they end: on the hour.'),
  partialHour: moment.nullable().meta({
    description:
      'The hour that `at` cuts in two, where it has too many events before and after to be counted.',
  }),
};

const zeros = {
  redeemed: 12,
  rotated: 400,
  refreshed: 0,
  retriedWithin2Seconds: 61,
  retriedLater: 0,
  retriedAtUnknownAge: 0,
  retriedByOtherParty: 0,
  refreshedEarly: 0,
  presentedByOtherClient: 0,
  staleInsideWindow: 0,
  reuse: 0,
  rejectedByReason: {},
};

/** How a client used its tokens, by example. */
export const clientHealthExample = {
  counters: zeros,
  findings: [
    {
      finding: 'races',
      severity: 'warning',
      count: 61,
      share: 0.132,
      advice: 'Let one request refresh at a time, and give its answer to all that wait for it.',
    },
  ],
  firstPosition: 871,
  lastPosition: 1204,
};

/** A client in a list, with its health. */
export const listedClient = z.object({
  client: auditClient,
  ...clientHealthOf.shape,
  partialHour: moment.nullable().meta({
    description: 'The hour that is left out of these sums, as `partialHour` of the page.',
  }),
});
/** A client in a list, with its health. */
export type ListedClient = z.infer<typeof listedClient>;

/** A client in a list, by example. */
export const listedClientExample = {
  client: familyExample.client,
  ...clientHealthExample,
  partialHour: null,
};

/** A page of clients by id, with their health. */
export const clientHealthPage = z
  .object({
    asOf,
    ...hourSpan,
    clients: z.array(listedClient),
    next: z.string().nullable().meta({
      description: 'Pass it as `cursor` for the next page; null: there is nothing more.',
    }),
  })
  .meta({
    id: 'ClientHealthPage',
    examples: [
      {
        asOf: asOfExample,
        from: '2026-11-14T02:00:00.000Z',
        to: '2026-11-21T03:00:00.000Z',
        partialHour: null,
        clients: [listedClientExample],
        next: null,
      },
    ],
  });
/** A page of clients by id, with their health. */
export type ClientHealthPage = z.infer<typeof clientHealthPage>;
