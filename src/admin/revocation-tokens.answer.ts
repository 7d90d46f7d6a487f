import { z } from 'zod';
import type { CsvColumns } from '../access/csv.reply.js';
import { revocationTokensExample } from './answer.examples.js';
import { count, timeText } from './revocation.answer.js';
import type { SetToken } from './revocation-tokens.reader.js';

const setToken = z
  .object({
    jti: z.string(),
    familyId: z.string().nullable().meta({ description: 'null: a client has it for itself.' }),
    clientId: z.string(),
    subject: z.string().nullable(),
    position: count.meta({ description: 'Of the event that minted it.' }),
    issuedAt: timeText,
    expiresAt: timeText,
    isLive: z.boolean().meta({
      description: 'It had neither expired at the position, nor been revoked by itself.',
    }),
    isUnexpired: z.boolean().meta({
      description:
        'It had not expired at the position: revoked or not, whoever checks it by its signature ' +
        'alone believes it.',
    }),
    scope: z.array(z.string()),
    audience: z.array(z.string()),
    signingKeyId: z.string(),
  })
  .meta({ id: 'RevocationToken', description: 'An access token in the set.' });
/** An access token in the set of a revocation, as the answers write it. */
export type SetTokenAnswer = z.infer<typeof setToken>;

/** A page of the access tokens that a revocation would end. */
export const revocationTokenPage = z
  .object({
    position: count,
    at: timeText,
    accessTokens: z.array(setToken).meta({
      description: 'Family by family, then client_credentials tokens; of each stream oldest first.',
    }),
    next: z.string().nullable().meta({
      description: 'Pass it as `cursor` for the next page; null: there is nothing more.',
    }),
  })
  .meta({ id: 'RevocationTokenPage', examples: [revocationTokensExample] });
/** A page of the access tokens that a revocation would end. */
export type RevocationTokenPage = z.infer<typeof revocationTokenPage>;

/** An access token as the answers write it. */
export function setTokenAnswerOf({ place, ...token }: SetToken): SetTokenAnswer {
  const { jti, familyId, clientId, subject, isLive, isUnexpired, signingKeyId } = token;
  return {
    jti,
    familyId,
    clientId,
    subject,
    position: place.position,
    issuedAt: new Date(token.issuedAt).toISOString(),
    expiresAt: new Date(token.expiresAt).toISOString(),
    isLive,
    isUnexpired,
    scope: [...token.scope],
    audience: [...token.audience],
    signingKeyId,
  };
}

/** The columns of access tokens. */
export const setTokenColumns: CsvColumns<SetTokenAnswer> = {
  jti: ({ jti }) => jti,
  familyId: ({ familyId }) => familyId,
  clientId: ({ clientId }) => clientId,
  subject: ({ subject }) => subject,
  position: ({ position }) => position,
  issuedAt: ({ issuedAt }) => issuedAt,
  expiresAt: ({ expiresAt }) => expiresAt,
  isLive: ({ isLive }) => isLive,
  isUnexpired: ({ isUnexpired }) => isUnexpired,
  scope: ({ scope }) => scope,
  audience: ({ audience }) => audience,
  signingKeyId: ({ signingKeyId }) => signingKeyId,
};
