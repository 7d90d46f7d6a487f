import { z } from 'zod';
import { eventCatalogue } from '../domain/events/event-catalogue.js';
import type { StreamId, StreamKind } from '../domain/identifiers.js';
import { incidentOfCursor, positionOf } from './page-cursor.js';

/** How many items a page has when nothing is said, and at most. */
export const PAGE_ITEMS = 100;
export const PAGE_ITEMS_MAX = 1000;

const DIGITS = /^\d{1,15}$/;
const streamKinds = Object.keys(eventCatalogue) as StreamKind[];
const STREAM = new RegExp(`^(?:${streamKinds.join('|')}):[\\w.-]{1,128}$`);
const eventTypes = [
  ...new Set(Object.values(eventCatalogue).flatMap((events) => Object.keys(events))),
].sort();

function wholeNumber(minimum: number, maximum: number, example: number) {
  const error = `must be a whole number from ${minimum} to ${maximum}`;
  return z
    .string(error)
    .refine((text) => DIGITS.test(text) && Number(text) >= minimum && Number(text) <= maximum, {
      error,
    })
    .transform(Number)
    .meta({ type: 'integer', minimum, maximum, example });
}

const limit = wholeNumber(1, PAGE_ITEMS_MAX, PAGE_ITEMS)
  .optional()
  .meta({ description: `How many items at most; ${PAGE_ITEMS} when absent.` });

function cursor<Place>(decode: (text: string) => Place | undefined) {
  return z
    .string('must be given once')
    .transform((text, context) => {
      const place = decode(text);
      if (place !== undefined) return place;
      context.addIssue('is not a cursor of this list');
      return z.NEVER;
    })
    .optional()
    .meta({ description: 'Where to go on: `next` of the page before.' });
}

const after = wholeNumber(0, Number.MAX_SAFE_INTEGER, 1204)
  .optional()
  .meta({ description: 'Only events after this position: `next` of the page before.' });

const type = z
  .enum(eventTypes, 'must be a type of event')
  .optional()
  .meta({ description: 'Only events of this type.', example: 'RefreshTokenReuseDetected' });

const stream = z
  .string('must be given once')
  .regex(STREAM, 'must be <kind>:<id>, for example family:0192…')
  .transform((text) => text as StreamId)
  .optional()
  .meta({
    description: 'Only events of this stream, `<kind>:<id>`.',
    example: 'family:019aa3c2b7f07c51a1b2c3d4e5f60718',
  });

function strict<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: ({ code }) => (code === 'unrecognized_keys' ? 'is not a parameter here' : undefined),
  });
}

/** The parameters of a list that is a position's: the whole ledger. */
export const eventParameters = strict({ after, limit, type, stream });
/** The parameters of the list of a family's events. */
export const familyEventParameters = strict({ cursor: cursor(positionOf), limit });
/** The parameters of the list of incidents. */
export const incidentParameters = strict({ cursor: cursor(incidentOfCursor), limit });
/** No parameters at all. */
export const noParameters = strict({});

/** The id in the path of a family or an incident. */
export const idInPath = z.object({
  id: z
    .string()
    .regex(/^[0-9a-f]{32}$/, 'must be 32 lower-case hexadecimal digits')
    .meta({ example: '019aa3c2b7f07c51a1b2c3d4e5f60718' }),
});
