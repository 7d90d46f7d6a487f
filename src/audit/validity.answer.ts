import { z } from 'zod';
import { rejectionReason } from '../domain/events/token-family.events.js';
import { asOfExample, eventExample, familyExample } from './answer.examples.js';
import { asOf, moment } from './as-of.answer.js';
import { auditEvent } from './audit-event.answer.js';

/** What something was worth, and the events that decided it. */
export const validity = z
  .object({
    isValid: z.boolean(),
    reason: z
      .enum([
        ...rejectionReason.options,
        'access_token_revoked',
        'expired',
        'superseded',
        'redeemed',
        'not_yet_issued',
        'unknown',
      ] as const)
      .nullable()
      .meta({ description: 'Why it was worth nothing; null when it was valid.' }),
    scope: z.array(z.string()).nullable().meta({ description: 'null for what is no token.' }),
    audience: z.array(z.string()).nullable(),
    expiresAt: moment.nullable(),
    decidedBy: z.array(auditEvent).meta({
      description: 'What made it, then what ended it.',
    }),
  })
  .meta({ id: 'Validity', description: 'What something was worth at a moment.' });
/** What something was worth, and the events that decided it. */
export type ValidityAnswer = z.infer<typeof validity>;

const subjectMatter = z
  .object({
    kind: z.enum(['refresh_token', 'code', 'access_token', 'id_token', 'subject', 'client']),
    familyId: z.string().nullable().meta({ description: 'Of a token that a grant led to.' }),
    generation: z.int().nullable().meta({
      description:
        'Of a refresh token; of an access token, of the refresh token that came with it.',
    }),
    jti: z.string().nullable(),
    subject: z.string().nullable(),
    clientId: z.string().nullable(),
    sessionId: z.string().nullable().meta({ description: 'Of an ID token.' }),
    issuedAt: moment
      .nullable()
      .meta({ description: 'Of an access token; of an ID token, by what it says.' }),
  })
  .meta({ id: 'ValidityOf', description: 'What is judged.' });
/** What is judged. */
export type ValidityOf = z.infer<typeof subjectMatter>;

const ofExample = {
  kind: 'refresh_token',
  familyId: familyExample.id,
  generation: 1,
  jti: null,
  subject: familyExample.subject,
  clientId: familyExample.client.id,
  sessionId: null,
  issuedAt: null,
};

const validityExample = {
  isValid: false,
  reason: 'superseded',
  scope: familyExample.scope,
  audience: [],
  expiresAt: familyExample.idleExpiresAt,
  decidedBy: [eventExample],
};

/** What something was worth at a moment. */
export const validityAnswer = z.object({ asOf, of: subjectMatter, validity }).meta({
  id: 'ValidityAnswer',
  examples: [{ asOf: asOfExample, of: ofExample, validity: validityExample }],
});
/** What something was worth at a moment. */
export type ValidityAnswerAt = z.infer<typeof validityAnswer>;
