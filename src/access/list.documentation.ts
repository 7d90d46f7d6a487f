import { type ApiHeaders, ApiResponse, OTHER_CONTENT } from './api-description.js';
import type { z } from 'zod';
import { type CsvColumns, csvText } from './csv.reply.js';
import { jsonLine } from './streamed-lines.js';

/** A page whose items stand under one name. */
type Page<Name extends string, Item> = z.ZodObject &
  z.ZodType<Readonly<Record<Name, readonly Item[]>>>;

const ONLY_LINES = 'Only with `application/x-ndjson` or `text/csv` (RFC 9651)';

const asOfHeader: ApiHeaders = {
  'Token-Ledger-As-Of': {
    description: `${ONLY_LINES}.`,
    schema: { type: 'string', example: 'position=1204, at="2026-11-21T02:14:07.000Z"' },
  },
};

const hoursHeader: ApiHeaders = {
  'Token-Ledger-Hours': {
    description: `${ONLY_LINES}: the \`from\` and \`to\` of a page, and of the activity its \`partialHour\`.`,
    schema: {
      type: 'string',
      example: 'from="2026-11-14T02:00:00.000Z", to="2026-11-21T03:00:00.000Z"',
    },
  },
};

/** Documents an answer that is a page of a list, or all of it as lines; `items` names what is listed. */
export function ApiList<Name extends string, Item>(
  page: Page<Name, NoInfer<Item>>,
  items: Name,
  columns: CsvColumns<Item>,
): MethodDecorator {
  return ApiLines(page, asOfHeader, linesOf(page, items, columns));
}

/** As ApiList, of what is counted by the hour: which hours those were stands beside the lines, too. */
export function ApiCounts<Name extends string, Item>(
  page: Page<Name, NoInfer<Item>>,
  items: Name,
  columns: CsvColumns<Item>,
): MethodDecorator {
  return ApiLines(page, { ...asOfHeader, ...hoursHeader }, linesOf(page, items, columns));
}

/** As ApiList, of what stands in the list as it does when it is read: no state of the ledger is told. */
export function ApiLiveList<Name extends string, Item>(
  page: Page<Name, NoInfer<Item>>,
  items: Name,
  columns: CsvColumns<Item>,
): MethodDecorator {
  const description =
    'As they stand when they are read: there is no `at`. With `Accept: application/x-ndjson` or ' +
    '`text/csv` all of them, one a line.';
  const lines = linesOf(page, items, columns);
  const words = { status: 200, description, standardSchema: page, [OTHER_CONTENT]: lines };
  return ApiResponse(words);
}

function ApiLines(page: z.ZodObject, headers: ApiHeaders, lines: object): MethodDecorator {
  const words = {
    status: 200,
    description:
      'A page. With `Accept: application/x-ndjson` or `text/csv` everything, one a line, as fast as ' +
      'it is read; then there is no `limit` unless one is given, and what the answer goes up to ' +
      'stands in the header `Token-Ledger-As-Of`.',
    standardSchema: page,
    headers,
    [OTHER_CONTENT]: lines,
  };
  return ApiResponse(words);
}

/** How the page's own example looks as lines. */
function linesOf<Name extends string, Item>(
  page: Page<Name, NoInfer<Item>>,
  items: Name,
  columns: CsvColumns<Item>,
): object {
  const [example] = (page.meta()?.['examples'] ?? []) as Record<Name, Item[]>[];
  const shown = example?.[items] ?? [];
  const line = `Each line is a member of \`${items}\`.`;
  const row = `Each row is a member of \`${items}\`; what is an object stands there as JSON.`;
  return {
    'application/x-ndjson': {
      schema: { type: 'string', description: line },
      example: shown.map(jsonLine).join(''),
    },
    'text/csv': {
      schema: { type: 'string', description: row },
      example: csvText(shown, columns),
    },
  };
}
