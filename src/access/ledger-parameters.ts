import { z } from 'zod';
import { eventCatalogue } from '../domain/events/event-catalogue.js';
import type { StreamId, StreamKind } from '../domain/identifiers.js';

const streamKinds = Object.keys(eventCatalogue) as StreamKind[];
/** A person is a subject to whoever asks, and an account in the ledger. */
const SUBJECT = /^subject:/;
const STREAM = new RegExp(`^(?:subject|${streamKinds.join('|')}):[\\w.-]{1,128}$`);

/** Parameters that are only these: any other is refused by its name. */
export function strictParameters<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: ({ code, input }) => {
      if (code === 'unrecognized_keys') return 'is not a parameter here';
      return input === undefined ? 'must be given' : 'must be an object';
    },
  });
}

/** As strictParameters, with a span of time that is none the wrong way round. */
export function spannedParameters<Shape extends z.ZodRawShape>(shape: Shape) {
  const isInOrder = (asked: { readonly from?: unknown; readonly to?: unknown }): boolean =>
    typeof asked.from !== 'number' || typeof asked.to !== 'number' || asked.from <= asked.to;
  return strictParameters(shape).refine((asked) => isInOrder(asked), {
    path: ['from'],
    error: 'must not be later than to',
  });
}

const DIGITS = /^\d{1,15}$/;

/** A parameter that is a whole number between these, in digits. */
export function wholeNumber(
  minimum: number,
  maximum: number,
  error = `must be a whole number from ${minimum} to ${maximum}`,
) {
  return z
    .string('must be given once')
    .refine((text) => DIGITS.test(text) && Number(text) >= minimum && Number(text) <= maximum, {
      error,
    })
    .transform(Number);
}

/** A parameter that names a stream. */
export const streamParameter = z
  .string('must be given once')
  .regex(STREAM, 'must be <kind>:<id>, for example family:0192…')
  .transform((text) => text.replace(SUBJECT, 'account:') as StreamId)
  .meta({
    description: 'A stream, `<kind>:<id>`; `subject:<sub>` is that of the account.',
    example: 'family:019aa3c2b7f07c51a1b2c3d4e5f60718',
  });

/** The kind of a stream, which its id begins with. */
export function kindOf(streamId: StreamId): StreamKind {
  return streamId.slice(0, streamId.indexOf(':')) as StreamKind;
}
