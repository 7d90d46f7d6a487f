import { z } from 'zod';
import { asOfExample, eventExample, familyExample } from './answer.examples.js';
import { asOf, moment } from './as-of.answer.js';
import { auditEvent } from './audit-event.answer.js';
import { familyCountsAnswer, incidentCountsAnswer } from './counts.answer.js';
import { auditClient } from './family.answer.js';

/** What is known about one account. Never its name, address or profile. */
export const subjectAnswer = z
  .object({
    asOf,
    subject: z.string(),
    account: z
      .object({
        status: z.enum(['active', 'disabled', 'erased']),
        roles: z.array(z.enum(['administrator', 'auditor', 'responder'])),
        createdAt: moment,
        tokensNotBefore: moment.meta({ description: 'Grants older than this are void.' }),
      })
      .nullable(),
    families: familyCountsAnswer,
    incidents: incidentCountsAnswer,
    sessions: z
      .array(
        z.object({
          id: z.string(),
          status: z.enum(['active', 'expired', 'ended']),
          endReason: z.string().nullable(),
          blockedBy: z
            .enum(['account_disabled', 'not_before'])
            .nullable()
            .meta({
              description:
                'Why nobody is signed in with it although it did not end: its account was disabled ' +
                'or erased, or signed out everywhere (`not_before`).',
            }),
          authTime: moment,
          expiresAt: moment,
        }),
      )
      .meta({ description: 'The newest 20 sign-ins.' }),
    consents: z
      .array(
        z.object({
          client: auditClient,
          scope: z.array(z.string()),
          resources: z.array(z.string()),
          withdrawn: z.boolean(),
        }),
      )
      .meta({ description: 'What it allowed clients; the newest 20.' }),
    activity: z.array(auditEvent).meta({ description: 'The newest 20 events, newest first.' }),
  })
  .meta({
    id: 'SubjectAnswer',
    examples: [
      {
        asOf: asOfExample,
        subject: familyExample.subject,
        account: {
          status: 'active',
          roles: [],
          createdAt: '2026-11-01T08:00:00.000Z',
          tokensNotBefore: '1970-01-01T00:00:00.000Z',
        },
        families: { pending: 0, active: 3, blocked: 0, expired: 0, revoked: 1, isComplete: true },
        incidents: { count: 1, unjudged: 1, isComplete: true },
        sessions: [
          {
            id: familyExample.sessionId,
            status: 'active',
            endReason: null,
            blockedBy: null,
            authTime: '2026-11-21T00:10:01.000Z',
            expiresAt: '2026-11-21T12:10:01.000Z',
          },
        ],
        consents: [],
        activity: [eventExample],
      },
    ],
  });
/** What is known about one account. */
export type SubjectAnswer = z.infer<typeof subjectAnswer>;
