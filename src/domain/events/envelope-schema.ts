import { z } from 'zod';
import { EVENT_VERSION } from './event-catalogue.js';
import { identifier, instant } from './field-schemas.js';

/** The envelope of an event as it stands in a body, beside the event's data; strict. */
export const envelopeSchema = z.strictObject({
  id: z.uuidv7(),
  type: identifier,
  version: z.literal(EVENT_VERSION),
  streamId: identifier,
  streamVersion: z.int().positive(),
  project: identifier,
  correlationId: z.string(),
  causationId: z.string().optional(),
  actor: z.string().min(1),
  recordedAt: instant,
  originCommitment: z.string().length(43).optional(),
});
