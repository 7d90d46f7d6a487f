import { z } from 'zod';
import { revocationReason } from '../domain/events/token-family.events.js';
import type { FamilyState } from '../domain/token-family/family.state.js';
import type { Instant } from '../domain/identifiers.js';
import { asOfExample, familyExample } from './answer.examples.js';
import { asOf, moment, momentOf } from './as-of.answer.js';

/** What a family is worth at the moment it is asked about. */
export const familyStatus = z.enum(['pending', 'active', 'expired', 'revoked']).meta({
  description: '`pending`: its code was not redeemed yet. Expiry is computed now, never recorded.',
});

/** Why a family ended: it was revoked, or one of its instants has passed. */
export const familyEnd = z.object({
  reason: z.enum([
    ...revocationReason.options,
    'expired_idle',
    'expired_absolute',
    'code_expired',
  ] as const),
  at: moment,
  incidentId: z.string().nullable().meta({ description: 'Of the incident that ended it.' }),
  revocationId: z
    .string()
    .nullable()
    .meta({ description: 'Of the revocation of many families that ended it.' }),
});

const eventMark = z
  .object({ position: z.int().nonnegative(), type: z.string(), at: moment })
  .meta({ id: 'AuditEventMark', description: 'Where an event stands.' });

/** What makes a family worth nothing although it did not end. */
export const familyBlock = z
  .enum(['client_disabled', 'account_disabled', 'project_disabled', 'not_before'])
  .nullable()
  .meta({
    description:
      'Why it is worth nothing although it did not end: its client, account or project was ' +
      'disabled, or its account signed out everywhere (`not_before`).',
  });

/** A client as the audit names it. */
export const auditClient = z
  .object({ id: z.string(), name: z.string().nullable() })
  .meta({ id: 'AuditClient', description: 'A client; its name is null when it is unknown here.' });

/** A client as the audit names it. */
export type AuditClient = z.infer<typeof auditClient>;

/** A token family as the audit shows it. Whose it is stands there as a subject, never as a name. */
export const auditFamily = z
  .object({
    id: z.string(),
    status: familyStatus,
    end: familyEnd.nullable().meta({ description: 'Why and since when; null while it lives.' }),
    blockedBy: familyBlock,
    client: auditClient,
    subject: z.string().nullable(),
    sessionId: z.string().nullable(),
    grantType: z.string(),
    grantedAt: moment,
    scope: z.array(z.string()),
    resources: z.array(z.string()),
    offline: z.boolean(),
    lineage: z.object({
      generation: z.int().nullable().meta({ description: 'Of the current refresh token.' }),
      recentRotations: z
        .array(z.object({ generation: z.int(), at: moment }))
        .meta({ description: 'The last eight, oldest first.' }),
      accessTokens: z.int().meta({ description: 'How many were minted.' }),
    }),
    idleExpiresAt: moment.nullable(),
    absoluteExpiresAt: moment,
    policy: z.object({
      rotation: z.enum(['rotate', 'fixed']),
      retryWindowSeconds: z.number(),
      retryUntilUsed: z.boolean(),
      idleSeconds: z.number(),
      onReuse: z.enum(['revoke_family']),
      accessTokenLimit: z.int().nullable(),
    }),
    events: z.object({
      count: z.int(),
      first: eventMark.nullable(),
      last: eventMark,
    }),
  })
  .meta({ id: 'AuditFamily', description: 'A token family: all that descends from one grant.' });
/** A token family as the audit shows it. */
export type AuditFamily = z.infer<typeof auditFamily>;

/** The answer about one family. */
export const familyAnswer = z.object({ asOf, family: auditFamily }).meta({
  id: 'FamilyAnswer',
  examples: [{ asOf: asOfExample, family: familyExample }],
});
/** The answer about one family. */
export type FamilyAnswer = z.infer<typeof familyAnswer>;

/** What a family is worth at `now`, and why it is worth nothing if so. */
export function familyStanding(
  state: FamilyState,
  now: Instant,
): Pick<AuditFamily, 'status' | 'end'> {
  const { revoked, code, idleExpiresAt, absoluteExpiresAt } = state;
  if (revoked !== undefined) {
    const { reason, incidentId = null, revocationId = null } = revoked;
    const at = momentOf(revoked.at);
    return { status: 'revoked', end: { reason, at, incidentId, revocationId } };
  }
  const isUnredeemed = code !== undefined && code.redeemedAt === undefined;
  const ends = [
    ...(isUnredeemed ? [{ reason: 'code_expired', at: code.expiresAt } as const] : []),
    ...(idleExpiresAt === undefined
      ? []
      : [{ reason: 'expired_idle', at: idleExpiresAt } as const]),
    { reason: 'expired_absolute', at: absoluteExpiresAt } as const,
  ];
  const [earliest] = ends.filter(({ at }) => at <= now).sort((one, other) => one.at - other.at);
  if (earliest === undefined) return { status: state.status, end: null };
  const { reason, at } = earliest;
  const end = { reason, at: momentOf(at), incidentId: null, revocationId: null };
  return { status: 'expired', end };
}
