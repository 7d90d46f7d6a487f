import { z } from 'zod';
import type { RevocationSelector } from '../domain/events/revocation.events.js';
import type { Instant } from '../domain/identifiers.js';
import type { RevocationState } from '../domain/revocation/revocation.state.js';
import { noMarkReasonOf } from '../domain/revocation/tokens-not-before.rules.js';
import { revocationExample, revocationListExample } from './answer.examples.js';
import type { ListedRevocation, RevocationPage } from './list-revocations.query.js';
import type { RevocationProgress } from './revocation.runner.js';

/** An instant in an answer. */
export const timeText = z.iso
  .datetime({ precision: 3 })
  .meta({ example: '2026-11-21T02:14:07.000Z' });
/** A number of things, or a position. */
export const count = z.int().nonnegative();

/** What is revoked together, as the answers tell it. */
export const selectorAnswer = z.object({
  kind: z.enum(['client', 'subject', 'signing_key', 'address']),
  id: z.string().meta({ description: 'Of a range of addresses its keyed digest.' }),
  from: timeText.nullable(),
  to: timeText.nullable(),
});

/** Whether there is a mark, as the answers tell it. */
export const markAnswer = {
  tokensNotBefore: timeText.nullable().meta({
    description:
      'The mark, which is set before any family ends. Of a client or a subject, what was granted before ' +
      'is void from then on; of a signing key, the access tokens that it signed before. null: no mark.',
  }),
  mark: z.enum(['client', 'subject', 'signing_key', 'none']).meta({
    description: 'What is marked; `none`: families end one after the other, newest first.',
  }),
  noMarkBecause: z
    .enum(['span_of_time', 'addresses'])
    .nullable()
    .meta({
      description:
        'Why there is no mark: one would void what is not in the set, outside of the span of time, or ' +
        'of other addresses, which no token names.',
    }),
};

/** A mark as the answers write it. */
export function markAnswerOf(
  selector: RevocationSelector,
  tokensNotBefore: Instant | undefined,
): z.infer<z.ZodObject<typeof markAnswer>> {
  const { kind } = selector;
  return {
    tokensNotBefore: timeTextOf(tokensNotBefore),
    mark: tokensNotBefore === undefined || kind === 'address' ? 'none' : kind,
    noMarkBecause: noMarkReasonOf(selector) ?? null,
  };
}

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
  ...markAnswer,
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

/** A revocation in a list. */
export type ListedRevocationAnswer = z.infer<typeof listedRevocation>;

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
    addressRange: z
      .string()
      .nullable()
      .meta({
        description:
          'The range that the digest in the selector is of: personal data, which the ledger and the ' +
          'record never have. null when it is completed, as it is forgotten then, and where no ' +
          'addresses are meant.',
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
  readonly addressRange?: string | undefined;
}

/** A revocation as the answers write it. */
export function revocationAnswerOf(
  id: string,
  state: RevocationState,
  { progress, record, addressRange }: RevocationSurroundings,
): RevocationAnswer {
  const listed = listedRevocationOf({ id, state }, progress);
  return { ...listed, record: record ?? null, addressRange: addressRange ?? null };
}

/** A page of revocations as the answers write it. */
export function revocationListOf(
  { revocations, next }: Pick<RevocationPage, 'revocations' | 'next'>,
  progressOf: (id: string) => RevocationProgress | undefined,
): RevocationListAnswer {
  return {
    revocations: revocations.map((revocation) =>
      listedRevocationOf(revocation, progressOf(revocation.id)),
    ),
    next,
  };
}

/** A revocation in a list as the answers write it. */
export function listedRevocationOf(
  { id, state: { terms, startedAt, completed } }: ListedRevocation,
  progress: RevocationProgress | undefined,
): ListedRevocationAnswer {
  const { selector, position, families, clientTokens, setDigest, tokensNotBefore } = terms;
  return {
    id,
    status: completed === undefined ? 'running' : 'completed',
    selector: selectorAnswerOf(selector),
    position,
    families,
    clientTokens,
    setDigest,
    ...markAnswerOf(selector, tokensNotBefore),
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

/** An instant as the answers write it: RFC 3339 in UTC, with milliseconds. */
export function timeTextOf(instant: Instant | undefined): string | null {
  return instant === undefined ? null : new Date(instant).toISOString();
}
