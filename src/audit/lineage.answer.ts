import { z } from 'zod';
import { rejectionReason, revocationReason } from '../domain/events/token-family.events.js';
import { authMethod } from '../domain/events/field-schemas.js';
import { asOfExample, familyExample } from './answer.examples.js';
import { asOf, moment } from './as-of.answer.js';
import { auditOrigin } from './audit-event.answer.js';

const position = z.int().nonnegative();

/** Why there is no key: none is asked for yet. */
const NO_SENDER_KEY =
  'null: none was proved. Always null in this version, which binds no token to a key (RFC 9449).';

/** The key that a sender proved to hold. */
export const senderKey = z
  .string()
  .nullable()
  .meta({
    description: `Thumbprint of a key that it proved; ${NO_SENDER_KEY}`,
  });

const requester = z
  .object({
    actor: z.string(),
    clientId: z.string().nullable(),
    clientAuthenticated: z.boolean(),
    authMethod,
    senderKey,
  })
  .meta({ id: 'AuditRequester', description: 'Who asked.' });

const requested = {
  position,
  by: requester,
  origin: auditOrigin.nullable(),
  isOriginErased: z.boolean(),
};

const request = { ...requested, at: moment };

const accessToken = z
  .object({
    jti: z.string(),
    sequence: z.int(),
    generation: z.int().nullable(),
    position,
    issuedAt: moment,
    expiresAt: moment,
    scope: z.array(z.string()),
    audience: z.array(z.string()),
    signingKeyId: z.string(),
    senderKey: z
      .string()
      .nullable()
      .meta({
        description: `Thumbprint of the key that it is bound to; ${NO_SENDER_KEY}`,
      }),
    revoked: z
      .object({
        at: moment,
        position,
        reason: z.enum(['client_request', 'operator_request', 'older_than_revoked']),
      })
      .nullable(),
  })
  .meta({ id: 'AuditAccessToken', description: 'An access token that a family gave out.' });

/** An access token that a family gave out. */
export const auditAccessToken = accessToken;

const generation = z
  .object({
    generation: z.int().nullable(),
    issuedAt: moment,
    ...requested,
    consumedAt: moment.nullable(),
    consumedBy: position.nullable(),
    refreshes: z.array(z.object(request)),
    retries: z.array(
      z.object({
        ...request,
        age: z.number().meta({ description: 'Since it was consumed, in ms.' }),
        servedSequence: z.int(),
        isOtherParty: z.boolean(),
        incidentId: z.string().nullable(),
      }),
    ),
    accessTokens: z.array(accessToken),
    omitted: z
      .object({ refreshes: z.int(), retries: z.int(), accessTokens: z.int() })
      .meta({ description: 'How many older ones of each there are beside those.' }),
  })
  .meta({ id: 'LineageGeneration', description: 'A refresh token and all that it came to.' });

const rejection = z.object({
  ...request,
  kind: z.enum(['code', 'refresh']),
  presentedGeneration: z.int().nullable(),
  currentGeneration: z.int().nullable(),
  reason: rejectionReason,
  age: z.number().nullable(),
  incidentId: z.string().nullable(),
});

const count = z.object({
  position,
  outcome: z.enum(['retried', 'rejected']),
  reason: rejectionReason.nullable(),
  generation: z.int().nullable(),
  count: z.int(),
  firstAt: moment,
  lastAt: moment,
});

const detection = z.object({
  ...request,
  what: z.enum(['reuse', 'ledger_rollback']),
  kind: z.enum(['code', 'refresh']),
  presentedGeneration: z.int(),
  currentGeneration: z.int().nullable(),
  age: z.number().nullable(),
  incidentId: z.string(),
});

const end = z.object({
  at: moment,
  position,
  reason: revocationReason,
  actor: z.string(),
  incidentId: z.string().nullable(),
  killed: z
    .object({
      generation: z.int().nullable(),
      accessTokens: z.array(z.object({ jti: z.string(), expiresAt: moment })),
    })
    .meta({ description: 'What could have been used until then.' }),
});

const code = z.object({
  redirectUri: z.string(),
  expiresAt: moment,
  redeemedAt: moment.nullable(),
  redeemedBy: position.nullable(),
});

const grant = z.object({
  ...request,
  subject: z.string().nullable(),
  sessionId: z.string().nullable(),
  grantType: z.string(),
  scope: z.array(z.string()),
  resources: z.array(z.string()),
  offline: z.boolean(),
  absoluteExpiresAt: moment,
  policy: z.record(z.string(), z.unknown()).meta({ description: 'Spans in ms.' }),
  code: code.nullable(),
});

/** All that descends from one grant, or a page of it. */
export const lineageAnswer = z
  .object({
    asOf,
    familyId: z.string(),
    grant,
    generations: z.array(generation).meta({ description: 'Oldest first.' }),
    rejections: z.array(rejection).meta({
      description: 'Genuine tokens that were refused while one of these generations was current.',
    }),
    counts: z.array(count).meta({
      description: 'Presentations in that time that were only counted.',
    }),
    omitted: z.object({ generations: z.int(), rejections: z.int(), counts: z.int() }).meta({
      description:
        'How many older generations there are, which `next` leads to, and how many older ones ' +
        'of that time there are beside the others.',
    }),
    detection: detection.nullable().meta({ description: 'What the family was killed for.' }),
    end: end.nullable(),
    next: z.string().nullable().meta({
      description: 'Pass it as `cursor` for older generations; null: there are none.',
    }),
  })
  .meta({
    id: 'LineageAnswer',
    examples: [
      {
        asOf: asOfExample,
        familyId: familyExample.id,
        grant: {
          position: 871,
          at: familyExample.grantedAt,
          by: {
            actor: `account:${familyExample.subject}`,
            clientId: familyExample.client.id,
            clientAuthenticated: false,
            authMethod: 'none',
            senderKey: null,
          },
          origin: null,
          isOriginErased: true,
          subject: familyExample.subject,
          sessionId: familyExample.sessionId,
          grantType: 'authorization_code',
          scope: familyExample.scope,
          resources: [],
          offline: true,
          absoluteExpiresAt: familyExample.absoluteExpiresAt,
          policy: { rotation: 'rotate', retryWindow: 30_000 },
          code: null,
        },
        generations: [],
        rejections: [],
        counts: [],
        omitted: { generations: 5, rejections: 0, counts: 0 },
        detection: null,
        end: null,
        next: 'cGlubmVkOjEyMDY',
      },
    ],
  });
/** All that descends from one grant, or a page of it. */
export type LineageAnswer = z.infer<typeof lineageAnswer>;
