import { z } from 'zod';
import { asOfExample, incidentExample } from './answer.examples.js';
import { asOf, moment } from './as-of.answer.js';
import { auditIncident } from './incident.answer.js';
import { auditAccessToken, senderKey } from './lineage.answer.js';

const position = z.int().nonnegative();

const presented = z.object({
  kind: z.enum(['code', 'refresh']),
  generation: z.int().nullable(),
  currentGeneration: z.int().nullable(),
  gap: z.int().nullable().meta({ description: 'Generations between the two.' }),
  age: z.number().nullable().meta({ description: 'Since the token was consumed, in ms.' }),
});

const party = z
  .object({
    role: z.enum(['holder', 'presenter']),
    address: z.string().nullable(),
    userAgent: z.string().nullable(),
    senderKey,
    clientId: z.string().nullable(),
    firstPosition: position,
    lastPosition: position,
  })
  .meta({ id: 'AuditParty', description: 'One of the two sides of an incident.' });

const blastRadius = z
  .object({
    fork: z.object({ position, at: moment }).nullable().meta({
      description: 'Where the two parties parted; null: what was presented had led to nothing.',
    }),
    familyEndedAt: moment.nullable(),
    measuredAt: moment,
    accessTokens: z
      .array(auditAccessToken.extend({ isUnexpired: z.boolean() }))
      .meta({ description: 'Minted since the fork, the newest 100.' }),
    accessTokenCount: z.int(),
    scopes: z.array(z.string()),
    audiences: z.array(z.string()),
    longestRemainingLife: z.number().meta({ description: 'In ms, from when it was measured.' }),
    isComplete: z.boolean(),
  })
  .meta({ id: 'BlastRadius', description: 'What an incident can have given away.' });

/** What can be concluded from the evidence of an incident; it supports a verdict and is none. */
export const investigation = z
  .object({
    cause: z.enum([
      'lost_response',
      'concurrent_client',
      'stale_process',
      'fork',
      'likely_theft',
      'foreign_client',
      'wrong_client_secret',
      'suspected_shadow',
      'code_replayed',
      'ledger_rollback',
      'unclear',
    ]),
    confidence: z.enum(['low', 'medium', 'high']),
    evidence: z.array(
      z.object({
        statement: z.string(),
        positions: z.array(position),
        facts: z.record(z.string(), z.union([z.number(), z.string(), z.null()])),
      }),
    ),
    presented: presented.nullable(),
    parties: z.array(party).meta({ description: 'Holder and presenter, side by side.' }),
    blastRadius: blastRadius.nullable(),
  })
  .meta({ id: 'Investigation', description: 'It supports a verdict and is none.' });
/** What can be concluded from the evidence of an incident. */
export type Investigation = z.infer<typeof investigation>;

const investigationExample = {
  cause: 'likely_theft',
  confidence: 'high',
  evidence: [{ statement: 'other_network_and_agent', positions: [874, 1204], facts: {} }],
  presented: {
    kind: 'refresh',
    generation: 1,
    currentGeneration: 4,
    gap: 3,
    age: 5_400_000,
  },
  parties: [],
  blastRadius: null,
};

/** The answer about one incident. */
export const incidentAnswer = z
  .object({
    asOf,
    incident: auditIncident,
    note: z
      .object({
        id: z.string(),
        text: z.string().nullable().meta({ description: 'null: erased.' }),
      })
      .nullable()
      .meta({ description: 'What the operator wrote about the verdict; null: nothing.' }),
    investigation,
  })
  .meta({
    id: 'IncidentAnswer',
    examples: [
      {
        asOf: asOfExample,
        incident: incidentExample,
        note: null,
        investigation: investigationExample,
      },
    ],
  });
/** The answer about one incident. */
export type IncidentAnswer = z.infer<typeof incidentAnswer>;
