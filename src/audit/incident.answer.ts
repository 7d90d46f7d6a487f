import { z } from 'zod';
import { incidentEvents } from '../domain/events/directory.events.js';
import { asOfExample, incidentExample } from './answer.examples.js';
import { asOf, moment } from './as-of.answer.js';
import { auditEvent } from './audit-event.answer.js';
import { auditClient } from './family.answer.js';

/** An incident as the audit shows it: one suspicious presentation, with its evidence. */
export const auditIncident = z
  .object({
    id: z.string(),
    kind: incidentEvents.IncidentOpened.shape.kind,
    at: moment.describe('When it was opened.'),
    position: z.int().nonnegative().meta({ description: 'Of the event that opened it.' }),
    familyId: z.string(),
    familyRevoked: z.boolean().meta({ description: 'Whether the family ended by this incident.' }),
    client: auditClient.nullable().meta({ description: 'Whose token was presented.' }),
    subject: z.string().nullable(),
    verdict: incidentEvents.IncidentVerdictGiven.shape.verdict
      .nullable()
      .meta({ description: "An operator's judgement; null: not judged." }),
    evidence: auditEvent.nullable().meta({
      description:
        'The event that it was opened for. Its `data` say what was presented: ' +
        '`presentedGeneration`, `currentGeneration`, `gap`, `age` in ms, and `cause` or `reason`.',
    }),
  })
  .meta({ id: 'AuditIncident', description: 'One suspicious presentation, with its evidence.' });
/** An incident as the audit shows it. */
export type AuditIncident = z.infer<typeof auditIncident>;

/** A page of incidents, newest first. */
export const incidentList = z
  .object({
    asOf,
    incidents: z.array(auditIncident),
    next: z.string().nullable().meta({
      description: 'Pass it as `cursor` for the next page; null: there is nothing more.',
    }),
  })
  .meta({
    id: 'IncidentList',
    examples: [{ asOf: asOfExample, incidents: [incidentExample], next: null }],
  });
/** A page of incidents, newest first. */
export type IncidentList = z.infer<typeof incidentList>;
