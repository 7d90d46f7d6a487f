import { z } from 'zod';
import { spannedParameters, strictParameters, wholeNumber } from '../access/ledger-parameters.js';
import { momentText } from '../access/moment.js';
import { NO_CURSOR } from '../access/pinned-cursor.js';
import type { RevocationSelector } from '../domain/events/revocation.events.js';
import { addressRangeOf, addressRangeWords } from './address-range.js';

const NO_POSITION = 'must be a position of the ledger';
const ID = /^[\w-]{1,128}$/;

const ONE_TEXT = 'must be given once, as a text';

function selected(what: string, example: string) {
  return z
    .string(ONE_TEXT)
    .regex(ID, `must be the id of a ${what}`)
    .optional()
    .meta({ description: `All of this ${what}.`, example });
}

const time = z
  .string('must be an RFC 3339 time')
  .transform((text, context) => {
    const moment = momentText(text);
    if (moment !== undefined && 'instant' in moment) return moment.instant;
    context.addIssue('must be an RFC 3339 time');
    return z.NEVER;
  })
  .optional();

function timeOf(description: string) {
  const example = '2026-11-20T00:00:00Z';
  return time.meta({ type: 'string', format: 'date-time', description, example });
}

const selectorShape = {
  client: selected('client', 'u3Yv0mSx1QbN7cKpT5dZEg'),
  subject: selected('subject', 'nD6oMZJyTtiPSlqo14XvbS'),
  signingKey: selected('signing key', 'y1LzYDLeMNfzeRYq1XkZHFM5ybLVMhP6dHFnVW7l7Zo'),
  address: z
    .string(ONE_TEXT)
    .transform((text, context) => {
      const found = addressRangeOf(text);
      if ('range' in found) return found.range;
      context.addIssue(addressRangeWords[found.refusal]);
      return z.NEVER;
    })
    .optional()
    .meta({
      type: 'string',
      description:
        'All that came from these addresses: one, or a range that begins with its first address. ' +
        '`::ffff:10.0.0.0/104` is `10.0.0.0/8`. Only its keyed digest is in the ledger.',
      example: '192.0.2.0/24',
    }),
  from: timeOf('Only what something happened to at this time or later.'),
  to: timeOf('Only what something happened to before this time.'),
};

/** The body that starts a revocation. */
export const revocationBody = spannedParameters({
  ...selectorShape,
  position: z
    .int(NO_POSITION)
    .nonnegative(NO_POSITION)
    .meta({ description: 'The position of the preview.' }),
});

/** The same, for the documentation. */
export const revocationBodySchema = {
  ...(z.toJSONSchema(revocationBody, { io: 'input', target: 'openapi-3.0' }) as object),
  example: { client: 'u3Yv0mSx1QbN7cKpT5dZEg', position: 1204 },
};

/** How many items a page has when nothing is said, and at most. */
export const PAGE_ITEMS = 100;
const PAGE_ITEMS_MAX = 1000;

const limit = wholeNumber(1, PAGE_ITEMS_MAX).optional();

/** The parameters of the list of revocations. */
export const revocationListParameters = strictParameters({
  limit: limit.meta({
    type: 'integer',
    description: `How many revocations at most; ${PAGE_ITEMS} when absent.`,
    example: PAGE_ITEMS,
  }),
  cursor: z
    .string('must be given once')
    .regex(/^[0-9a-f]{32}$/, NO_CURSOR)
    .optional()
    .meta({ description: 'Where to go on: `next` of the page before.' }),
});

const positionAsked = wholeNumber(0, Number.MAX_SAFE_INTEGER, NO_POSITION).optional().meta({
  type: 'integer',
  description: 'The newest event that is looked at; absent: of the ledger.',
  example: 1204,
});

const pinnedCursor = z
  .string('must be given once')
  .max(512, NO_CURSOR)
  .optional()
  .meta({
    description:
      '`next` of the page before. All pages are of one position; the other parameters must be the ' +
      'same.',
  });

/** The parameters of a preview. */
export const previewParameters = spannedParameters({
  ...selectorShape,
  position: positionAsked,
  cursor: pinnedCursor,
  limit: limit.meta({
    type: 'integer',
    description: `How many families at most; ${PAGE_ITEMS} when absent.`,
    example: PAGE_ITEMS,
  }),
});

/** The parameters of the access tokens in a set. */
export const tokenListParameters = spannedParameters({
  ...selectorShape,
  position: positionAsked,
  unexpired: z.enum(['true', 'false'], 'must be true or false').optional().meta({
    description:
      '`true`: only what had not expired at the position. Every one unless this says so.',
  }),
  cursor: pinnedCursor,
  limit: limit.meta({
    type: 'integer',
    description: `How many access tokens at most; ${PAGE_ITEMS} when absent.`,
    example: PAGE_ITEMS,
  }),
});

const selectorNames = {
  client: 'client',
  subject: 'subject',
  signingKey: 'signing_key',
  address: 'address',
} as const;

/** What the names that a selector is given by have to be: one of them. */
export const ONE_SELECTOR = 'must be given, or subject, signingKey or address, one of them alone';

/** The selector among these members; undefined when none of them is given, or several are. */
export function selectorOf(
  given: Partial<Record<keyof typeof selectorNames, string | undefined>> & {
    readonly from?: number | undefined;
    readonly to?: number | undefined;
  },
): RevocationSelector | undefined {
  const names = Object.keys(selectorNames) as (keyof typeof selectorNames)[];
  const [first, ...others] = names.flatMap((name) => {
    const id = given[name];
    return id === undefined ? [] : [{ kind: selectorNames[name], id }];
  });
  if (first === undefined || others.length > 0) return undefined;
  const { from, to } = given;
  return {
    ...first,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
}
