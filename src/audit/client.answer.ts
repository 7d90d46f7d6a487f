import { z } from 'zod';
import { clientMetadata } from '../domain/events/directory.events.js';
import { asOfExample, eventExample, familyExample } from './answer.examples.js';
import { asOf, moment } from './as-of.answer.js';
import { auditEvent } from './audit-event.answer.js';
import { clientHealthExample, clientHealthOf, hourSpan } from './client-health.answer.js';
import { familyCountsAnswer, incidentCountsAnswer } from './counts.answer.js';

/** What is known about one client. */
export const clientAnswer = z
  .object({
    asOf,
    client: z.object({
      id: z.string(),
      status: z.enum(['active', 'disabled']),
      registeredAt: moment,
      firstParty: z.boolean(),
      verified: z.boolean(),
      mayIntrospect: z.boolean(),
      operatorScopes: z.array(z.string()),
      resources: z.array(z.string()),
      metadata: clientMetadata,
    }),
    registration: z
      .array(auditEvent)
      .meta({ description: 'What was changed about it, oldest first; the newest 100.' }),
    families: familyCountsAnswer,
    incidents: incidentCountsAnswer,
    health: z
      .object({ ...hourSpan, ...clientHealthOf.shape })
      .nullable()
      .meta({
        description: 'Of the last seven days, or the span asked for; null: it did nothing.',
      }),
  })
  .meta({
    id: 'ClientAnswer',
    examples: [
      {
        asOf: asOfExample,
        client: {
          id: familyExample.client.id,
          status: 'active',
          registeredAt: '2026-11-01T08:00:00.000Z',
          firstParty: false,
          verified: true,
          mayIntrospect: false,
          operatorScopes: [],
          resources: [],
          metadata: {
            name: 'Shop',
            applicationType: 'native',
            redirectUris: ['com.example.shop:/callback'],
            grantTypes: ['authorization_code', 'refresh_token'],
            authMethod: 'none',
            scope: null,
            policy: {},
          },
        },
        registration: [eventExample],
        families: { pending: 0, active: 40, blocked: 0, expired: 2, revoked: 1, isComplete: true },
        incidents: { count: 1, unjudged: 1, isComplete: true },
        health: {
          from: '2026-11-14T02:00:00.000Z',
          to: '2026-11-21T03:00:00.000Z',
          partialHour: null,
          ...clientHealthExample,
        },
      },
    ],
  });
/** What is known about one client. */
export type ClientAnswer = z.infer<typeof clientAnswer>;
