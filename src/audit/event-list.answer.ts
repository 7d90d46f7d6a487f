import { z } from 'zod';
import { asOf } from './as-of.answer.js';
import { auditEvent } from './audit-event.answer.js';

/** A page of the ledger's events. */
export const eventList = z
  .object({
    asOf,
    items: z.array(auditEvent),
    next: z.int().nonnegative().nullable().meta({
      description: 'Pass it as `after` for the next page; null: there is nothing more up to `asOf`.',
    }),
  })
  .meta({ id: 'EventList' });
/** A page of the ledger's events. */
export type EventList = z.infer<typeof eventList>;

/** A page of a family's events. */
export const familyEventList = z
  .object({
    asOf,
    items: z.array(auditEvent),
    next: z.string().nullable().meta({
      description: 'Pass it as `cursor` for the next page; null: there is nothing more up to `asOf`.',
    }),
  })
  .meta({ id: 'FamilyEventList' });
/** A page of a family's events. */
export type FamilyEventList = z.infer<typeof familyEventList>;
