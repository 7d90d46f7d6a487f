import { z } from 'zod';
import type { CsvColumns } from '../access/csv.reply.js';
import type { StreamedState } from '../access/item-stream.js';
import { previewExample } from './answer.examples.js';
import type { RevocationSet } from './revocation-set.reader.js';
import type { PreviewedFamily, RevocationPreview } from './preview-revocation.query.js';
import {
  count,
  markAnswer,
  markAnswerOf,
  selectorAnswer,
  selectorAnswerOf,
  timeText,
  timeTextOf,
} from './revocation.answer.js';

const previewedFamily = z.object({
  id: z.string().meta({ example: '019aa3c2b7f07c51a1b2c3d4e5f60718' }),
  clientId: z.string(),
  subject: z.string().nullable(),
  grantedAt: timeText,
});

/** A family in the set of a revocation, as the answers write it. */
export type PreviewedFamilyAnswer = z.infer<typeof previewedFamily>;

/** What a revocation would end. */
export const revocationPreview = z
  .object({
    selector: selectorAnswer,
    addressRange: z
      .string()
      .nullable()
      .meta({
        description:
          'The range that the digest in the selector is of, as it is compared: told back, and kept ' +
          'nowhere. null where no addresses are meant.',
      }),
    position: count.meta({ description: 'To be given to what starts the revocation.' }),
    at: timeText.meta({ description: 'When the event at the position was recorded.' }),
    counts: z.object({
      families: count.meta({ description: 'Token families that would be revoked.' }),
      familiesEnded: count.meta({ description: 'Found too, and over already.' }),
      clientTokens: count.meta({ description: 'client_credentials tokens that would be.' }),
    }),
    setDigest: z.string(),
    ...markAnswer,
    reach: z
      .object({
        accessTokens: count.meta({
          description: 'Access tokens in the set that have not expired.',
        }),
        scopes: z
          .array(z.object({ scope: z.string(), accessTokens: count }))
          .meta({ description: 'How many of them have each scope.' }),
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
      description: 'Pass it as `cursor` for the next page; null: there is nothing more.',
    }),
  })
  .meta({ id: 'RevocationPreview', examples: [previewExample] });
/** What a revocation would end. */
export type RevocationPreviewAnswer = z.infer<typeof revocationPreview>;

/** A preview as the answers write it. `next`: what leads to the page after it. */
export function revocationPreviewOf(
  preview: RevocationPreview,
  next: string | null,
): RevocationPreviewAnswer {
  const { set, tokensNotBefore, reach, families } = preview;
  const { selector, position, foundAt, familiesEnded, setDigest } = set;
  return {
    selector: selectorAnswerOf(selector),
    addressRange: set.range ?? null,
    position,
    at: new Date(foundAt).toISOString(),
    counts: {
      families: set.families.length,
      familiesEnded,
      clientTokens: set.clientTokens.length,
    },
    setDigest,
    ...markAnswerOf(selector, tokensNotBefore),
    reach: reach && {
      accessTokens: reach.accessTokens,
      scopes: reach.scopes.map((one) => ({ ...one })),
      audiences: [...reach.audiences],
      lastExpiresAt: timeTextOf(reach.lastExpiresAt ?? undefined),
    },
    families: families.map((family) => previewedFamilyOf(family)),
    next,
  };
}

/** A family as the answers write it. */
export function previewedFamilyOf({
  grantedAt,
  ...family
}: PreviewedFamily): PreviewedFamilyAnswer {
  return { ...family, grantedAt: new Date(grantedAt).toISOString() };
}

/** The columns of families. */
export const previewedFamilyColumns: CsvColumns<PreviewedFamilyAnswer> = {
  id: ({ id }) => id,
  clientId: ({ clientId }) => clientId,
  subject: ({ subject }) => subject,
  grantedAt: ({ grantedAt }) => grantedAt,
};

/** What a list of a set goes up to. */
export function streamedStateOf({ position, foundAt }: RevocationSet): StreamedState {
  return { position, at: new Date(foundAt).toISOString() };
}
