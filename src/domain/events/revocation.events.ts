import { z } from 'zod';
import { counter, identifier, instant } from './field-schemas.js';

/** What is revoked together: all that a client, a person, a signing key or an address had to do with. */
export const revocationSelector = z.object({
  kind: z.enum(['client', 'subject', 'signing_key', 'address']),
  id: identifier.describe(
    'of the client, the subject or the signing key; of a range of addresses its keyed digest',
  ),
  from: instant.optional().describe('only what something happened to at this instant or later'),
  to: instant.optional().describe('only what something happened to before this instant'),
});
/** What is revoked together: all that a client, a person, a signing key or an address had to do with. */
export type RevocationSelector = z.infer<typeof revocationSelector>;

const setFields = {
  families: counter.describe('token families in the set'),
  clientTokens: counter.describe('client_credentials tokens in the set'),
  setDigest: identifier.describe(
    'SHA-256 of the ids of their streams, sorted, each followed by a line feed; base64url',
  ),
};

/** Events of a revocation: many families that an operator ends together. */
export const revocationEvents = {
  RevocationStarted: z
    .object({
      selector: revocationSelector,
      position: counter.describe(
        'the set is what the selector finds when this is the newest event',
      ),
      ...setFields,
      tokensNotBefore: instant
        .optional()
        .describe(
          'what the client, the account or the signing key is marked with before any family ends',
        ),
      actor: identifier,
    })
    .describe('An operator began to end a set of token families.'),
  RevocationCompleted: z
    .object({
      ...setFields,
      familiesRevoked: counter.describe('ended by this revocation'),
      familiesEnded: counter.describe('ended by something else meanwhile'),
    })
    .describe('No family of the set lives any more.'),
};
