import { z } from 'zod';
import type { RevocationSelector } from '../domain/events/revocation.events.js';
import type { Instant } from '../domain/identifiers.js';
import type { RevocationState } from '../domain/revocation/revocation.state.js';
import { previewExample, revocationExample, revocationListExample } from './answer.examples.js';
import type { ListedRevocation, RevocationPage } from './list-revocations.query.js';
import type { RevocationPreview } from './preview-revocation.query.js';
import type { RevocationProgress } from './revocation.runner.js';

const timeText = z.iso.datetime({ precision: 3 }).meta({ example: '2026-11-21T02:14:07.000Z' });
const count = z.int().nonnegative();

/** What is revoked together, as the answers tell it. */
export const selectorAnswer = z.object({
  kind: z.enum(['client', 'subject', 'signing_key', 'address']),
  id: z.string().meta({ description: 'Of a range of addresses its keyed digest.' }),
  from: timeText.nullable(),
  to: timeText.nullable(),
});

/** A selector as the answers write it. */
export function selectorAnswerOf(selector: RevocationSelector): z.infer<typeof selectorAnswer> {
  const { kind, id, from, to } = selector;
  return { kind, id, from: timeTextOf(from), to: timeTextOf(to) };
}

const listedRevocation = z.object({
  id: z.string().meta({ example: '5f0c6a3a8f5b4d1f9d7e2b1c0a998877' }),
  status: z.enum(['running', 'completed']),
  selector: selectorAnswer,
  position: count.meta({ description: 'What came after it is not in the set.' }),
  families: count.meta({ description: 'Token families in the set.' }),
  clientTokens: count.meta({ description: 'client_credentials tokens in the set.' }),
  setDigest: z.string().meta({
    description:
      'SHA-256 of the ids of the streams in the set, sorted, each followed by a line feed; base64url.',
  }),
  tokensNotBefore: timeText.nullable().meta({
    description:
      'What was granted before is void since the revocation began; null: no mark is set.',
  }),
  startedAt: timeText,
  progress: z
    .object({ done: count, total: count })
    .nullable()
    .meta({ description: 'Set while this process ends families.' }),
  result: z
    .object({
      completedAt: timeText,
      families: count,
      clientTokens: count,
      setDigest: z.string(),
      familiesRevoked: count.meta({ description: 'Ended by this revocation.' }),
      familiesEnded: count.meta({ description: 'Ended by something else meanwhile.' }),
    })
    .nullable()
    .meta({ description: 'Set when it is completed.' }),
});

/** A revocation that was started. */
export const revocationAnswer = listedRevocation
  .extend({
    record: z
      .string()
      .nullable()
      .meta({
        description:
          'A compact JWS of type `revocation-record+jwt` that says all this when it is completed, ' +
          'signed with a key of `/oauth/jwks`: evidence that can be checked without this server.',
      }),
  })
  .meta({ id: 'Revocation', examples: [revocationExample] });
/** A revocation that was started. */
export type RevocationAnswer = z.infer<typeof revocationAnswer>;

/** Revocations that were started. */
export const revocationList = z
  .object({
    revocations: z.array(listedRevocation).meta({
      description: 'Newest first; a signed record is only with the answer about one.',
    }),
    next: z.string().nullable().meta({
      description: 'Pass it as `cursor` for the next page; null: there is nothing more.',
    }),
  })
  .meta({ id: 'RevocationList', examples: [revocationListExample] });
/** Revocations that were started. */
export type RevocationListAnswer = z.infer<typeof revocationList>;

/** What is told of a revocation besides its state. */
export interface RevocationSurroundings {
  readonly progress?: RevocationProgress | undefined;
  readonly record?: string | undefined;
}

/** A revocation as the answers write it. */
export function revocationAnswerOf(
  id: string,
  state: RevocationState,
  { progress, record }: RevocationSurroundings,
): RevocationAnswer {
  return { ...listedRevocationOf({ id, state }, progress), record: record ?? null };
}

/** A page of revocations as the answers write it. */
export function revocationListOf(
  { revocations, next }: RevocationPage,
  progressOf: (id: string) => RevocationProgress | undefined,
): RevocationListAnswer {
  return {
    revocations: revocations.map((revocation) =>
      listedRevocationOf(revocation, progressOf(revocation.id)),
    ),
    next,
  };
}

function listedRevocationOf(
  { id, state: { terms, startedAt, completed } }: ListedRevocation,
  progress: RevocationProgress | undefined,
): z.infer<typeof listedRevocation> {
  const { selector, position, families, clientTokens, setDigest, tokensNotBefore } = terms;
  return {
    id,
    status: completed === undefined ? 'running' : 'completed',
    selector: selectorAnswerOf(selector),
    position,
    families,
    clientTokens,
    setDigest,
    tokensNotBefore: timeTextOf(tokensNotBefore),
    startedAt: new Date(startedAt).toISOString(),
    progress: completed === undefined ? (progress ?? null) : null,
    result: completed === undefined ? null : resultOf(completed),
  };
}

function resultOf({
  at,
  ...result
}: NonNullable<RevocationState['completed']>): RevocationAnswer['result'] {
  return { completedAt: new Date(at).toISOString(), ...result };
}

const previewedFamily = z.object({
  id: z.string().meta({ example: '019aa3c2b7f07c51a1b2c3d4e5f60718' }),
  clientId: z.string(),
  subject: z.string().nullable(),
  grantedAt: timeText,
});

/** What a revocation would end. */
export const revocationPreview = z
  .object({
    selector: selectorAnswer,
    position: count.meta({ description: 'To be given to what starts the revocation.' }),
    at: timeText.meta({ description: 'When the event at the position was recorded.' }),
    counts: z.object({
      families: count.meta({ description: 'Token families that would be revoked.' }),
      familiesEnded: count.meta({ description: 'Found too, and over already.' }),
      clientTokens: count.meta({ description: 'client_credentials tokens that would be.' }),
    }),
    setDigest: z.string(),
    tokensNotBefore: timeText.nullable().meta({
      description: 'What the client or the subject would be marked with; null: no mark is set.',
    }),
    reach: z
      .object({
        accessTokens: count.meta({
          description: 'Access tokens in the set that have not expired.',
        }),
        audiences: z.array(z.string()),
        lastExpiresAt: timeText.nullable(),
      })
      .nullable()
      .meta({
        description:
          'What resource servers still believe that check access tokens only by signature. With the ' +
          'first page only.',
      }),
    families: z.array(previewedFamily).meta({ description: 'By their ids.' }),
    next: z.string().nullable().meta({
      description: 'The `after` of the next page, with the same `position`; null: there is none.',
    }),
  })
  .meta({ id: 'RevocationPreview', examples: [previewExample] });
/** What a revocation would end. */
export type RevocationPreviewAnswer = z.infer<typeof revocationPreview>;

/** A preview as the answers write it. */
export function revocationPreviewOf(preview: RevocationPreview): RevocationPreviewAnswer {
  const { set, tokensNotBefore, reach, families, next } = preview;
  const { selector, position, foundAt, familiesEnded, setDigest } = set;
  return {
    selector: selectorAnswerOf(selector),
    position,
    at: new Date(foundAt).toISOString(),
    counts: {
      families: set.families.length,
      familiesEnded,
      clientTokens: set.clientTokens.length,
    },
    setDigest,
    tokensNotBefore: timeTextOf(tokensNotBefore),
    reach: reach && {
      accessTokens: reach.accessTokens,
      audiences: [...reach.audiences],
      lastExpiresAt: timeTextOf(reach.lastExpiresAt ?? undefined),
    },
    families: families.map(({ id, clientId, subject, grantedAt }) => ({
      id,
      clientId,
      subject,
      grantedAt: new Date(grantedAt).toISOString(),
    })),
    next,
  };
}

/** An instant as the answers write it: RFC 3339 in UTC, with milliseconds. */
function timeTextOf(instant: Instant | undefined): string | null {
  return instant === undefined ? null : new Date(instant).toISOString();
}
