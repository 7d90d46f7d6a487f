import { z } from 'zod';
import { streamParameter, strictParameters, wholeNumber } from '../access/ledger-parameters.js';
import { momentParameter, momentText } from '../access/moment.js';
import { eventCatalogue } from '../domain/events/event-catalogue.js';
import type { EventType } from '../views/event-outcomes.js';

/** How many items a page has when nothing is said, and at most. */
export const PAGE_ITEMS = 100;
export const PAGE_ITEMS_MAX = 1000;

const eventTypes = [
  ...new Set(Object.values(eventCatalogue).flatMap((events) => Object.keys(events))),
].sort();

// An example of a parameter would be filled in by whoever tries an endpoint out: only paths have one.

/** A whole number between these, in digits, and described as such. */
export function numberBetween(minimum: number, maximum: number) {
  return wholeNumber(minimum, maximum).meta({ type: 'integer', minimum, maximum });
}

/** How many items are asked for. */
export const limit = numberBetween(1, PAGE_ITEMS_MAX)
  .optional()
  .meta({ description: `How many items at most; ${PAGE_ITEMS} when absent.` });

/** The position that a list goes on after. */
export const after = numberBetween(0, Number.MAX_SAFE_INTEGER)
  .optional()
  .meta({ description: 'Only events after this position: `next` of the page before.' });

/** A type of event. */
export const type = z
  .enum(eventTypes as readonly EventType[], 'must be a type of event')
  .optional()
  .meta({ description: 'Only events of this type.' });

/** A stream of events. */
export const stream = streamParameter
  .optional()
  .meta({ example: undefined, description: 'Only events of this stream, `<kind>:<id>`.' });

/** An instant as RFC 3339 writes it, to the millisecond. */
export const time = z
  .string('must be given once')
  .transform((text, context) => {
    const moment = momentText(text);
    if (moment !== undefined && 'instant' in moment) return moment.instant;
    context.addIssue('must be an RFC 3339 time');
    return z.NEVER;
  })
  .meta({ type: 'string', format: 'date-time' });

/** The moment that is asked about. */
export const at = momentParameter.optional().meta({
  type: 'string',
  example: undefined,
  description:
    'Shows what was so at this time (RFC 3339) or when the event at this position was the ' +
    'newest. `asOf` says which position a time means. Absent, or a time yet to come: now; a position ' +
    'beyond the newest event is refused.',
});

/** The moment alone. */
export const momentParameters = strictParameters({ at });

/** The id in the path of a family or an incident. */
export const idInPath = z.object({
  id: z
    .string()
    .regex(/^[0-9a-f]{32}$/, 'must be 32 lower-case hexadecimal digits')
    .meta({ example: '019aa3c2b7f07c51a1b2c3d4e5f60718' }),
});
