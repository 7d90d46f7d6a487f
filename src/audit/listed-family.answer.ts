import { z } from 'zod';
import { revocationReason } from '../domain/events/token-family.events.js';
import type { Instant } from '../domain/identifiers.js';
import type { ViewedFamily } from '../views/views.port.js';
import { asOfExample, familyExample } from './answer.examples.js';
import { asOf, moment, momentOf } from './as-of.answer.js';
import { type AuditClient, auditClient, familyBlock } from './family.answer.js';

const { id, client, subject, sessionId, grantedAt, absoluteExpiresAt } = familyExample;

/** A token family in a list: what happens to it once. */
export const listedFamily = z
  .object({
    id: z.string(),
    status: z.enum(['pending', 'active', 'expired', 'revoked']).meta({
      description:
        '`pending`: its code was not redeemed yet. Expiry is told as of `asOf`, and is no event.',
    }),
    end: z
      .object({
        reason: z.enum([
          ...revocationReason.options,
          'code_expired',
          'expired_idle',
          'expired_absolute',
        ] as const),
        at: moment,
        position: z.int().nonnegative().nullable().meta({
          description: 'Of the event that ended it; null: an expiry is no event.',
        }),
      })
      .nullable(),
    blockedBy: familyBlock,
    client: auditClient.nullable(),
    subject: z.string().nullable(),
    sessionId: z.string().nullable(),
    grantedAt: moment,
    position: z.int().nonnegative().meta({ description: 'Of its grant.' }),
    hasIncident: z.boolean().meta({ description: 'Whether an incident was opened about it.' }),
    absoluteExpiresAt: moment,
  })
  .meta({ id: 'ListedFamily', description: 'A token family in a list.' });
/** A token family in a list. */
export type ListedFamilyAnswer = z.infer<typeof listedFamily>;

const listedFamilyExample = {
  id,
  status: 'revoked',
  end: { reason: 'refresh_token_reuse', at: familyExample.end.at, position: 1205 },
  blockedBy: null,
  client,
  subject,
  sessionId,
  grantedAt,
  position: 871,
  hasIncident: true,
  absoluteExpiresAt,
};

/** A page of families. */
export const familyPage = z
  .object({
    asOf,
    families: z.array(listedFamily),
    next: z.string().nullable().meta({
      description: 'Pass it as `cursor` for the next page; null: there is nothing more.',
    }),
  })
  .meta({
    id: 'FamilyPage',
    examples: [{ asOf: asOfExample, families: [listedFamilyExample], next: null }],
  });
/** A page of families. */
export type FamilyPage = z.infer<typeof familyPage>;

/** What the views do not know of a family. */
export interface FoundInLedger {
  readonly blockedBy: ListedFamilyAnswer['blockedBy'];
  /** When it expires unless it is used; undefined: it has no refresh token. */
  readonly idleExpiresAt: Instant | undefined;
}

/** A family of the views as a list tells it at this instant. */
export function listedFamilyOf(
  family: ViewedFamily,
  clients: ReadonlyMap<string, AuditClient>,
  { blockedBy, idleExpiresAt }: FoundInLedger,
  instant: Instant,
): ListedFamilyAnswer {
  const { clientId } = family;
  return {
    id: family.familyId,
    ...standingOf(family, idleExpiresAt, instant),
    blockedBy,
    client: clientId === null ? null : (clients.get(clientId) ?? { id: clientId, name: null }),
    subject: family.subject,
    sessionId: family.sessionId,
    grantedAt: momentOf(family.createdAt),
    position: family.createdPosition,
    hasIncident: family.firstIncidentPosition !== null,
    absoluteExpiresAt: momentOf(family.absoluteExpiresAt),
  };
}

/** What a family was worth by itself at this instant, and how it ended. */
export function standingOf(
  family: ViewedFamily,
  idleExpiresAt: Instant | undefined,
  instant: Instant,
): Pick<ListedFamilyAnswer, 'status' | 'end'> {
  const { status, end } = family;
  if (end !== null) return { status: 'revoked', end: { ...end, at: momentOf(end.at) } };
  const expiry = expiryOf(family, instant);
  const idleEnd = idleExpiresAt ?? Infinity;
  if (idleEnd <= instant && idleEnd <= (expiry?.at ?? Infinity)) {
    const at = momentOf(idleEnd);
    return { status: 'expired', end: { reason: 'expired_idle', at, position: null } };
  }
  if (expiry !== null) {
    const { reason, at } = expiry;
    return { status: 'expired', end: { reason, at: momentOf(at), position: null } };
  }
  return { status: status === 'pending' ? 'pending' : 'active', end: null };
}

/** How a family that was not ended has expired at this instant; null: it has not. */
function expiryOf(
  { status, codeExpiresAt, absoluteExpiresAt }: ViewedFamily,
  instant: Instant,
): { readonly reason: 'code_expired' | 'expired_absolute'; readonly at: Instant } | null {
  if (status === 'ended') return null;
  const codeEnd = status === 'pending' ? (codeExpiresAt ?? Infinity) : Infinity;
  const at = Math.min(codeEnd, absoluteExpiresAt);
  if (at > instant) return null;
  return { reason: at === codeEnd ? 'code_expired' : 'expired_absolute', at };
}
