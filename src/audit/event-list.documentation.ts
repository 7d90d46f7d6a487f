import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import type { z } from 'zod';

/** Documents an answer that is a page of events, or all of them as lines. */
export function ApiEvents(list: z.ZodObject): MethodDecorator {
  return applyDecorators(
    ApiResponse({
      status: 200,
      description:
        'The events. With `Accept: application/x-ndjson` all of them, one a line, as fast as they ' +
        'are read; then `limit` is none unless given, and what the answer goes up to stands in the ' +
        'header `Token-Ledger-As-Of`.',
      standardSchema: list,
      headers: {
        'Token-Ledger-As-Of': {
          description: 'Only with `application/x-ndjson` (RFC 9651).',
          schema: { type: 'string', example: 'position=1204, at="2026-11-21T02:14:07.000Z"' },
        },
      },
    }),
  );
}
