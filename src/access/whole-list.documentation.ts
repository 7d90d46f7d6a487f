import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from './api-description.js';
import type { z } from 'zod';

/** Documents an answer that is a page of events, or all of them as lines. */
export function ApiEvents(list: z.ZodObject): MethodDecorator {
  return ApiLines(list, 'The events');
}

/** Documents an answer that is a page of a list, or all of it as lines. */
export function ApiList(list: z.ZodObject): MethodDecorator {
  return ApiLines(list, 'A page');
}

function ApiLines(list: z.ZodObject, what: string): MethodDecorator {
  return applyDecorators(
    ApiResponse({
      status: 200,
      description:
        `${what}. With \`Accept: application/x-ndjson\` or \`text/csv\` everything, one a line, as ` +
        'fast as it is read; then `limit` is none unless given, and what the answer goes up to ' +
        'stands in the header `Token-Ledger-As-Of`.',
      standardSchema: list,
      headers: {
        'Token-Ledger-As-Of': {
          description: 'Only with `application/x-ndjson` or `text/csv` (RFC 9651).',
          schema: { type: 'string', example: 'position=1204, at="2026-11-21T02:14:07.000Z"' },
        },
      },
    }),
  );
}
