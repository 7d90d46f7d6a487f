import { z } from 'zod';
import { asOfExample, eventExample } from './answer.examples.js';
import { asOf } from './as-of.answer.js';
import { auditEvent } from './audit-event.answer.js';

/** A page of the ledger's events. */
export const eventList = z
  .object({
    asOf,
    events: z.array(auditEvent),
    next: z
      .int()
      .nonnegative()
      .nullable()
      .meta({
        description:
          'Pass it as `after` for the next page, of the ledger as it is by then; null: there is nothing ' +
          'more up to `asOf`, or the newest come first.',
      }),
    cursor: z.string().nullable().meta({
      description:
        'Pass it as `cursor`, without `after`, for the next page of the same state; null: there is none.',
    }),
  })
  .meta({
    id: 'EventList',
    examples: [{ asOf: asOfExample, events: [eventExample], next: null, cursor: null }],
  });
/** A page of the ledger's events. */
export type EventList = z.infer<typeof eventList>;

/** A page of a family's events. */
export const familyEventList = z
  .object({
    asOf,
    events: z.array(auditEvent),
    next: z.string().nullable().meta({
      description:
        'Pass it as `cursor` for the next page, of the same state; null: there is nothing more.',
    }),
  })
  .meta({
    id: 'FamilyEventList',
    examples: [{ asOf: asOfExample, events: [eventExample], next: null }],
  });
/** A page of a family's events. */
export type FamilyEventList = z.infer<typeof familyEventList>;
